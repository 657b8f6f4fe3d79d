/** From and to, in milliseconds since 1970. */
export interface TimeRange {
  from: number;
  to: number;
}

/** A column that may lack readings: null, undefined and NaN are all "none". */
export type Column = ArrayLike<number | null>;

/** One line of a chart. All arrays have the length of `times`, which ascend. */
export interface ChartSeries {
  name: string;
  times: ArrayLike<number>;
  values: Column;
  /** Where points stand for many rows: the least and the greatest of each, drawn as a band. */
  min?: Column | undefined;
  max?: Column | undefined;
  /** Series of one unit share an axis. */
  unit?: string | null | undefined;
  /** Place in the palette, from 0 on; without it, the place in the chart. */
  color?: number | undefined;
  /** A level is held until the next row: pumps, valves, states. */
  step?: boolean | undefined;
  /** -1 error, 0 warning, 1 OK, 2 undefined: errors and warnings are drawn as points on the line. */
  status?: ArrayLike<number> | undefined;
}

export type Tone = 'error' | 'warn' | 'info';

/** A horizontal level, which may move: each value holds from its time until the next one's. */
export interface ChartLevel {
  label: string;
  tone: Tone;
  steps: readonly { time: number; value: number }[];
  /** The axis it belongs to; without it, that of the first series. */
  unit?: string | null | undefined;
  /** Place in the palette of the series that it belongs to, where several share the chart. */
  color?: number | undefined;
}

/** A shaded stretch of time. Without `to` it still lasts. */
export interface ChartRegion {
  id: string;
  from: number;
  to: number | null;
  label: string;
  tone: Tone;
}

export const statusError = -1;
export const statusWarning = 0;
export const statusOk = 1;
export const statusUndefined = 2;
