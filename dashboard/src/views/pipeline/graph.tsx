import { useEffect, useRef } from 'preact/hooks';
import type { ApiStatus, PipelineInfo } from '../../../../serve/api.ts';
import { formatRate } from '../../numbers.ts';
import { box, type GraphLayout } from './layout.ts';

type Node = PipelineInfo['nodes'][number];
type Flow = ApiStatus['edges'][number];

export const kindNames: Record<Node['kind'], string> = {
  source: 'Source',
  bus: 'Bus',
  view: 'View',
  detector: 'Detector',
  combination: 'Combination',
  incidents: 'Incidents',
  store: 'Store',
  output: 'Output',
};

interface GraphProps {
  readonly nodes: readonly Node[];
  readonly layout: GraphLayout;
  readonly flows: ReadonlyMap<string, Flow>;
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

export const flowKey = (from: string, to: string) => `${from}\n${to}`;

const margin = 12;
/** Characters that fit into a box. */
const fits = 16;

/** The graph as a drawing. Everything it says is also in the list below it, which screen readers read instead. */
export function Graph({ nodes, layout, flows, chosen, onChoose }: GraphProps) {
  const { width, height } = layout;
  const frame = useRef<HTMLElement>(null);
  useEffect(() => {
    // Where the drawing is wider than the screen, it begins with where the rows begin.
    const first = layout.nodes.get(nodes[0]?.id ?? '');
    if (first !== undefined) frame.current!.scrollLeft = first.x + box.width / 2 - frame.current!.clientWidth / 2;
  }, [layout]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached and scrolled by keys
    <section ref={frame} class="graph" tabIndex={0} aria-label="Drawing of the parts; the list below says the same">
      <svg
        width={width + 2 * margin}
        height={height + 2 * margin}
        viewBox={`${-margin} ${-margin} ${width + 2 * margin} ${height + 2 * margin}`}
        aria-hidden="true"
      >
        {layout.edges.map(({ from, to, points }) => {
          const active = chosen === from || chosen === to;
          return (
            <path
              key={flowKey(from, to)}
              class={`graph-edge ${active ? 'graph-edge-active' : ''} ${(flows.get(flowKey(from, to))?.rowsPerSecond ?? 0) > 0 ? '' : 'graph-edge-still'}`}
              d={curve(points)}
            />
          );
        })}
        {layout.edges.map(({ from, to, points }) => {
          const flow = flows.get(flowKey(from, to));
          const [[x1, y1], [x2, y2]] = points as [readonly [number, number], readonly [number, number]];
          return flow === undefined ? null : (
            <text key={flowKey(from, to)} class="graph-rate" x={(x1 + x2) / 2} y={(y1 + y2) / 2 + 4}>
              {formatRate(flow.rowsPerSecond)}
            </text>
          );
        })}
        {nodes.map(({ id, kind, label, detail }) => {
          const { x, y } = layout.nodes.get(id)!;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list below the drawing has a button for each part
            <g
              key={id}
              class={`graph-node graph-${kind} ${id === chosen ? 'graph-node-chosen' : ''}`}
              transform={`translate(${x} ${y})`}
              onClick={() => onChoose(id)}
            >
              <title>{`${kindNames[kind]} ${label}: ${detail}`}</title>
              <rect width={box.width} height={box.height} rx="7" />
              <path class="graph-stripe" d={`M0 7a7 7 0 0 1 7 -7v${box.height}a7 7 0 0 1 -7 -7z`} />
              <text class="graph-kind" x="16" y="18">
                {kindNames[kind]}
              </text>
              <text class="graph-label" x="16" y="36">
                {label.length > fits ? `${label.slice(0, fits - 1)}…` : label}
              </text>
            </g>
          );
        })}
      </svg>
    </section>
  );
}

/** A line that leaves and arrives upright, straight through layers it only passes. */
function curve(points: GraphLayout['edges'][number]['points']): string {
  let path = '';
  points.forEach(([x, y], index) => {
    const before = points[index - 1];
    if (before === undefined) {
      path = `M${x} ${y}`;
      return;
    }
    const middle = (before[1] + y) / 2;
    path += `C${before[0]} ${middle} ${x} ${middle} ${x} ${y}`;
  });
  return path;
}
