import type { Panel } from './dashboard.ts';
import type { Field, Frame } from './grafana-frames.ts';
import { shapeOf } from './panel-types.ts';

/** More series than Grafana takes from one query of InfluxDB (the data source's `maxSeries`). */
const maxSeries = 1000;
/** What Grafana takes for the time of rows that have lost theirs. */
const edges = new Set(['_start', '_stop']);

/** What of the frames of one query the panel cannot draw; the frames have rows. */
export function shapeFindings(panel: Panel, frames: readonly Frame[]): string[] {
  if (frames.length > maxSeries) return [`gives ${frames.length} series: Grafana cuts them at ${maxSeries}`];
  const shape = shapeOf(panel.type);
  const timed = shape === 'series' || shape === 'states' || shape === 'bands';
  const edge = timed && frames.flatMap(({ fields }) => fields).find(({ name, type }) => type === 'time' && edges.has(name));
  if (edge) return [`its rows have no _time, and are placed at ${edge.name}, an edge of the range`];
  switch (shape) {
    case 'series':
      return frames.every((frame) => has(frame, 'time') && has(frame, 'number')) ? [] : ['gives frames without a time and a number, so nothing is drawn'];
    case 'states':
      return frames.every((frame) => has(frame, 'time') && frame.fields.some(({ type, values }) => type !== 'time' && values.some((value) => value !== null)))
        ? []
        : ['gives frames without a time and a value, so nothing is drawn'];
    case 'numbers':
      return frames.some((frame) => has(frame, 'number')) || takesText(panel, frames) ? [] : ['gives no number'];
    case 'bands':
      return bandFindings(frames);
    default:
      return [];
  }
}

const has = (frame: Frame, type: Field['type']): boolean => frame.fields.some((field) => field.type === type && field.values.some((value) => value !== null));

/** A stat shows a text where its `fields` say so: all of them, or a name. */
function takesText({ type, options }: Panel, frames: readonly Frame[]): boolean {
  const reduce = options?.reduceOptions;
  const fields = typeof reduce === 'object' && reduce !== null && 'fields' in reduce ? reduce.fields : '';
  return type === 'stat' && typeof fields === 'string' && fields !== '' && frames.some((frame) => has(frame, 'string'));
}

/** A heat map has a band for each series, or for each number beside the time. */
function bandFindings(frames: readonly Frame[]): string[] {
  if (!frames.every((frame) => has(frame, 'time'))) return ['gives frames without a time'];
  const bands = frames.flatMap(({ fields }) => fields.filter(({ type }) => type === 'number'));
  return bands.length > 1 ? [] : [`gives ${bands.length} series of numbers, and a heat map needs several`];
}

/** An annotation's rows as Grafana reads them: a time, its end, a text. */
export function annotationFindings(frames: readonly Frame[]): string[] {
  return [...new Set(frames.flatMap(({ fields }) => annotationFrameFindings(fields)))];
}

function annotationFrameFindings(fields: readonly Field[]): string[] {
  const named = (name: string): Field | undefined => fields.find((field) => field.name.toLowerCase() === name);
  const what: string[] = [];
  const time = named('time') ?? fields.find(({ type }) => type === 'time');
  const end = named('timeend');
  const text = named('text') ?? fields.find(({ type }) => type === 'string');
  if (!time) what.push('has no column time');
  if (!end) what.push('has no column timeEnd');
  else if (end.type !== 'time' && end.type !== 'number') what.push(`its column timeEnd is ${end.type}, not a time or milliseconds`);
  if (!text) what.push('has no column text');
  else if (text.values.every((value) => !value)) what.push('its column text is empty');
  if (time && end) {
    const backwards = time.values.filter(
      (from, row) => end.values[row] !== null && from !== null && moment(end, end.values[row] as string) < moment(time, from),
    );
    if (backwards.length > 0) what.push(`${backwards.length} of ${time.values.length} end before they begin`);
  }
  return what;
}

function moment({ type }: Field, value: string): number {
  return type === 'time' ? Date.parse(value) : Number(value);
}
