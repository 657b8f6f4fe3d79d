import uPlot from 'uplot';
import { offsetLabel } from '../time.ts';
import { drawRegions, drawZone } from './overlays.ts';
import { type Lane, statusRuns } from './status-runs.ts';
import { type ChartTheme, chartTheme } from './theme.ts';
import { cursorOf, gutterOf, hooksOf, type Plot, type PlotEvents, rightEdge, type TimeInput, timeAxisOf } from './time-plot.ts';
import { type ChartRegion, statusError, statusOk, statusUndefined, statusWarning } from './types.ts';

/** All that a chart of states shows at one moment. */
export interface LanesInput extends TimeInput {
  readonly lanes: readonly Lane[];
  readonly regions: readonly ChartRegion[];
}

/** Pixels of a lane with its name. */
export const laneHeight = 36;
const nameHeight = 19;

export function lanesShape({ timeAxis, group }: LanesInput): string {
  return JSON.stringify([timeAxis, group]);
}

export function createLanes(host: HTMLElement, first: LanesInput, size: { width: number; height: number }, events: PlotEvents): Plot<LanesInput> {
  let input = first;
  const plot = new uPlot(
    {
      ...size,
      ms: 1,
      padding: [0, rightEdge, 0, gutterOf],
      series: [{}, { scale: 'y', points: { show: false } }],
      scales: { x: { time: false, auto: false }, y: { range: [0, 1] } },
      axes: [timeAxisOf(() => input), { show: false }],
      legend: { show: false },
      cursor: { ...cursorOf(first, events), points: { show: false } },
      hooks: {
        drawClear: [(self) => drawRegions(self, input.regions, chartTheme())],
        draw: [
          (self) => {
            drawLanes(self, input, chartTheme());
            if (input.timeAxis) drawZone(self, offsetLabel(input.range.from, input.zone), chartTheme());
          },
        ],
        ...hooksOf(events),
      },
    },
    undefined,
    host,
  );
  return {
    over: plot.over,
    paint(next) {
      input = next;
      const { from, to } = input.range;
      plot.batch(() => {
        plot.setData(
          [
            [from, to],
            [null, null],
          ],
          false,
        );
        plot.setScale('x', { min: from, max: to });
      });
    },
    resize: (width, height) => plot.setSize({ width, height }),
    destroy: () => plot.destroy(),
  };
}

/** What is worse is drawn later and never narrower than it can be seen. */
function drawLanes(plot: uPlot, { lanes, range }: LanesInput, theme: ChartTheme): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const styles = [
    { status: statusOk, color: `${theme.ok}66`, least: 0 },
    { status: statusUndefined, color: `${theme.quiet}55`, least: 1 },
    { status: statusWarning, color: theme.warn, least: 2 },
    { status: statusError, color: theme.error, least: 2 },
  ];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${12 * ratio}px ${theme.font}`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  lanes.forEach((lane, index) => {
    const top = bbox.top + index * laneHeight * ratio;
    ctx.fillStyle = theme.text;
    ctx.fillText(lane.name, bbox.left, top + (nameHeight - 6) * ratio);
    const runs = statusRuns(lane, range.from, range.to);
    for (const { status, color, least } of styles) {
      ctx.fillStyle = color;
      ctx.beginPath();
      for (const run of runs) {
        if (run.status !== status) continue;
        const left = plot.valToPos(run.from, 'x', true);
        const width = Math.max(least * ratio, plot.valToPos(run.to, 'x', true) - left);
        ctx.rect(left, top + nameHeight * ratio, width, (laneHeight - nameHeight - 4) * ratio);
      }
      ctx.fill();
    }
    ctx.fillStyle = theme.text;
    for (const region of lane.regions ?? []) {
      const left = plot.valToPos(region.from, 'x', true);
      const right = region.to === null ? bbox.left + bbox.width : plot.valToPos(region.to, 'x', true);
      ctx.fillRect(left, top + (nameHeight - 3) * ratio, Math.max(2 * ratio, right - left), 2 * ratio);
    }
  });
  ctx.restore();
}
