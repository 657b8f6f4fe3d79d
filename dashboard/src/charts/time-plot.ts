import type uPlot from 'uplot';
import { chartTheme } from './theme.ts';
import { timeLabels, timeMarks } from './time-marks.ts';
import type { TimeRange } from './types.ts';

/** What every chart over time shows, whatever it draws. */
export interface TimeInput {
  readonly range: TimeRange;
  readonly zone: string;
  readonly timeAxis: boolean;
  readonly group: string | undefined;
}

export interface PlotEvents {
  /** The user drew a stretch of time. */
  select(range: TimeRange): void;
  reset(): void;
  /** The time under the cursor; null when it left. */
  cursor(time: number | null): void;
}

/** A plot in its element. */
export interface Plot<Input> {
  /** The element that lies over the plotting area: what pointers act on. */
  readonly over: HTMLElement;
  paint(input: Input): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

/** Pixels left of the plotting area: the same for all charts of a width, so that those above each other share their times. */
export const gutterOf = ({ width }: uPlot) => (width < 480 ? 46 : 58);
/** Right of it. */
export const rightEdge = 16;
/** Pixels between two labels of time. */
const labelSpace = 72;

export const axisFont = () => `11px ${chartTheme().font}`;

/** The axis of time: round times of the zone's clock. */
export function timeAxisOf(input: () => TimeInput): uPlot.Axis {
  const { timeAxis } = input();
  let step = 1000;
  return {
    scale: 'x',
    stroke: () => chartTheme().quiet,
    font: axisFont(),
    size: timeAxis ? 40 : 8,
    gap: 6,
    grid: { stroke: () => chartTheme().grid, width: 1 },
    ticks: { show: false },
    splits: (plot, _axis, min, max) => {
      const marks = timeMarks(min, max, Math.max(2, Math.floor((plot.width - gutterOf(plot)) / labelSpace)), input().zone);
      step = marks.step;
      return marks.at;
    },
    // In the left corner stands the zone; at the right edge a label would be cut.
    filter: (plot, splits) => splits.map((at) => (fits(plot, at) ? at : null)),
    values: (_plot, splits) => (timeAxis ? timeLabels(splits, step, input().zone) : splits.map(() => '')),
  };
}

/** Whether a label of time at this place would stay clear of both ends. */
function fits(plot: uPlot, at: number): boolean {
  const { min, max } = plot.scales.x;
  const width = plot.bbox.width / devicePixelRatio;
  const place = ((at - min!) / (max! - min!)) * width;
  return place > 30 && place < width - 22;
}

/** A drag draws a stretch of time; the cursors of a group go together. */
export function cursorOf({ group }: TimeInput, events: PlotEvents): uPlot.Cursor {
  return {
    y: false,
    drag: { x: true, y: false, setScale: false, dist: 5 },
    points: { size: 7, width: 0 },
    bind: {
      // With shift the drag moves the view (pan-zoom.ts), without it draws the stretch to look at.
      mousedown: (_plot, _target, handler) => (event) => {
        if (event.button === 0 && !event.shiftKey) handler(event);
        return null;
      },
      dblclick: () => () => {
        events.reset();
        return null;
      },
    },
    ...(group === undefined ? {} : { sync: { key: group, setSeries: false, scales: ['x', null], filters: { pub: followed, sub: followed } } }),
  };
}

/** Only the cursor's way is shared by the charts of a group: a range that is drawn reaches them by whoever owns it. */
const followed = (type: string) => type === 'mousemove' || type === 'mouseleave';

export function hooksOf(events: PlotEvents): Pick<uPlot.Hooks.Arrays, 'setSelect' | 'setCursor'> {
  return {
    setSelect: [
      (plot) => {
        const { left, width } = plot.select;
        if (width <= 0) return;
        events.select({ from: plot.posToVal(left, 'x'), to: plot.posToVal(left + width, 'x') });
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      },
    ],
    setCursor: [({ cursor: { left }, posToVal }) => events.cursor(left === undefined || left < 0 ? null : posToVal(left, 'x'))],
  };
}
