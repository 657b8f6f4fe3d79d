import { formatTime } from '../../core/time.ts';
import { firstTime, lastTime, measurement } from './layout.ts';

// All Flux text of the product's reading. Series are asked for as they lie: to pivot them costs the server ten times as much.

type Measurement = (typeof measurement)[keyof typeof measurement];

/** Points of one measurement. Texts are as stored (`encodeText`). */
export interface Selection {
  readonly bucket: string;
  readonly measurement: Measurement;
  /** [from, to) */
  readonly from: bigint;
  readonly to: bigint;
  /** Tags that are known; the others come with each series. */
  readonly tags?: Readonly<Record<string, string>>;
  /** At most `termsAtOnce` of them. */
  readonly ids?: readonly string[];
  /** At most `termsAtOnce` of them. */
  readonly detectors?: readonly string[];
  /** At most `termsAtOnce`; default: all. */
  readonly fields?: readonly string[];
  readonly exceptField?: string;
  /** Only integers up to this one. */
  readonly atMost?: number;
  /** Only this value. */
  readonly is?: boolean | string;
}

/** More terms than these make the server slow to understand a query; beyond some hundreds it refuses it. */
export const termsAtOnce = 64;

/** From `firstTime` on, up to and with `lastTime`. */
export const allTime = { from: firstTime, to: lastTime + 1n };

const tagsOf: Readonly<Record<Measurement, readonly string[]>> = {
  [measurement.rows]: ['stream', 'seq'],
  [measurement.verdicts]: ['stream', 'detector', 'seq'],
  [measurement.thresholds]: ['stream', 'detector'],
  [measurement.buckets]: ['stream', 'level'],
  [measurement.incidents]: ['stream', 'detector', 'id'],
  [measurement.annotations]: ['stream', 'id'],
  [measurement.streams]: ['stream'],
  [measurement.tags]: ['stream', 'tag'],
  [measurement.deadLetters]: ['source', 'partition'],
};

/** Every point, series by series in time order: columns `_time`, `_value`, `_field` and the tags that are not given. */
export function points(selection: Selection): string {
  return `${selected(selection)}${kept(selection, '_time', '_value', '_field')}`;
}

/** Of each series its first `count` points. */
export function firstPoints(selection: Selection, count: number): string {
  return `${selected(selection)}\n  |> limit(n: ${count})${kept(selection, '_time', '_value', '_field')}`;
}

/** Of each series its last `count` points, in time order. */
export function lastPoints(selection: Selection, count: number): string {
  return `${selected(selection)}\n  |> tail(n: ${count})${kept(selection, '_time', '_value', '_field')}`;
}

/** Of each series its newest point. */
export function newest(selection: Selection): string {
  return `${selected(selection)}\n  |> last()${kept(selection, '_time', '_value', '_field')}`;
}

/** Of each series its first and its last point, asked for apart: only so does the server look at the ends alone. */
export function ends(selection: Selection): string {
  const each = (name: 'first' | 'last'): string => `${selected(selection)}\n  |> ${name}()${kept(selection, '_time')}\n  |> yield(name: "${name}")`;
  return `${each('first')}\n${each('last')}`;
}

/** How many points each series has: in the column `_value`. Over a range that ends before 1970 the server counts for ever. */
export function counts(selection: Selection): string {
  return `${selected(selection)}\n  |> count()${kept(selection, '_value', '_field')}`;
}

/** The largest, or least, value of each series. */
export function extreme(selection: Selection, which: 'max' | 'min'): string {
  return `${selected(selection)}\n  |> ${which}()${kept(selection, '_time', '_value', '_field')}`;
}

/**
 * Of each series one value for each bucket of so many milliseconds that holds points, at the start of the bucket; the range is of
 * whole buckets. Over a range that ends before 1970 the server works for ever.
 */
export function folded(selection: Selection, level: number, how: 'max' | 'min' | 'count'): string {
  const window = `aggregateWindow(every: ${level}ms, fn: ${how}, createEmpty: false, timeSrc: "_start")`;
  return `${selected(selection)}\n  |> ${window}${kept(selection, '_time', '_value', '_field')}`;
}

/** Answers to several queries in one. */
export function together(queries: readonly string[]): string {
  return queries.map((query, i) => `${query}\n  |> yield(name: "${i}")`).join('\n');
}

/** A text in Flux, with nothing in it that Flux would obey. */
export function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/[$\p{Cc}]/gu, hexadecimal)}"`;
}

function hexadecimal(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

function selected({ bucket, measurement: name, from, to, tags = {}, ids, detectors, fields, exceptField, atMost, is }: Selection): string {
  const conditions = [
    `r._measurement == ${quoted(name)}`,
    ...Object.entries(tags).map(([tag, value]) => `r.${tag} == ${quoted(value)}`),
    ...(ids ? [ids.map((id) => `r.id == ${quoted(id)}`).join(' or ')] : []),
    ...(detectors ? [detectors.map((detector) => `r.detector == ${quoted(detector)}`).join(' or ')] : []),
    ...(fields ? [fields.map((field) => `r._field == ${quoted(field)}`).join(' or ')] : []),
    ...(exceptField === undefined ? [] : [`r._field != ${quoted(exceptField)}`]),
    ...(atMost === undefined ? [] : [`r._value <= ${atMost}`]),
    ...(is === undefined ? [] : [`r._value == ${typeof is === 'string' ? quoted(is) : is}`]),
  ];
  const where = conditions.map((condition) => `(${condition})`).join(' and ');
  return `from(bucket: ${quoted(bucket)})\n  |> range(start: ${time(from)}, stop: ${time(to)})\n  |> filter(fn: (r) => ${where})`;
}

function kept({ measurement: name, tags = {} }: Pick<Selection, 'measurement' | 'tags'>, ...columns: string[]): string {
  const open = tagsOf[name].filter((tag) => !Object.hasOwn(tags, tag));
  return `\n  |> keep(columns: [${[...columns, ...open].map(quoted).join(', ')}])`;
}

/** Moments outside of what InfluxDB holds are those at its ends. */
function time(moment: bigint): string {
  const { from, to } = allTime;
  return formatTime(moment < from ? from : moment > to ? to : moment);
}
