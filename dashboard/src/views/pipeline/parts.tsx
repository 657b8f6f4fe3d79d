import type { ApiStatus, PipelineInfo } from '../../../../serve/api.ts';
import { formatCount, formatRate } from '../../numbers.ts';
import { flowKey, kindNames } from './graph.tsx';

type Flow = ApiStatus['edges'][number];

interface PartsProps {
  readonly info: PipelineInfo;
  readonly flows: ReadonlyMap<string, Flow>;
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

/** The graph in words: each part, what it is set to, where its rows come from and how many. */
export function Parts({ info, flows, chosen, onChoose }: PartsProps) {
  const label = new Map(info.nodes.map((node) => [node.id, node.label]));
  return (
    <ul class="parts">
      {info.nodes.map(({ id, kind, label: name, detail }) => {
        const into = info.edges.filter(({ to }) => to === id);
        return (
          <li key={id}>
            <button type="button" class={`part graph-${kind}`} aria-pressed={id === chosen} onClick={() => onChoose(id === chosen ? '' : id)}>
              <small>{kindNames[kind]}</small>
              <strong>{name}</strong>
              <span class="part-detail">{detail}</span>
              <small>
                {into.length === 0
                  ? 'where rows begin'
                  : into
                      .map(({ from, to }) => {
                        const flow = flows.get(flowKey(from, to));
                        return `from ${label.get(from)}${flow === undefined ? '' : `: ${formatRate(flow.rowsPerSecond)} rows/s, ${formatCount(flow.rows)} so far`}`;
                      })
                      .join('; ')}
              </small>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
