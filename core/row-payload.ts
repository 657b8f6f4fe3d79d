import type { Batch } from './batch.ts';
import { deadPayloadLimit } from './chunk.ts';
import { formatTime, parseTime } from './time.ts';

/** A row as a dead letter keeps it. */
export interface KeptRow {
  readonly time: bigint;
  readonly seq: number;
  /** 1 anomalous, 0 normal, -1 unknown. */
  readonly label: number;
  /** In the order of the tags; NaN = missing. */
  readonly values: Float64Array;
}

/**
 * A row as text, so that it can be taken in after all: its time, its seq when it is not 0, its label where it has one, and its
 * values in the order of the tags, null where one is missing. Doubles come back bit for bit. Cut at `deadPayloadLimit` characters, after which it is no
 * row any more.
 * @example
 * parseRowPayload('{"Timestamp":"2015-12-28T10:00:00Z","values":[1.5,null]}', 2)?.values; // Float64Array [1.5, NaN]
 */
export function rowPayload({ values, times, seqs, labels, schema }: Batch, row: number): string {
  const tags = schema.tags.length;
  const numbers = Array.from(values.subarray(row * tags, (row + 1) * tags), numberText);
  const seq = seqs[row] > 0 ? `"seq":${seqs[row]},` : '';
  const label = labels && labels[row] >= 0 ? `"label":${labels[row]},` : '';
  return `{"Timestamp":"${formatTime(times[row])}",${seq}${label}"values":[${numbers}]}`.slice(0, deadPayloadLimit);
}

/** JSON.stringify makes 0 of -0. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The row of a payload; undefined when it is none of that many tags, such as one that was cut at the limit. */
export function parseRowPayload(payload: string, tags: number): KeptRow | undefined {
  let row: { Timestamp?: unknown; seq?: unknown; label?: unknown; values?: unknown } | null;
  try {
    row = JSON.parse(payload);
  } catch {
    return undefined;
  }
  const { Timestamp: text, seq = 0, label = -1, values } = row ?? {};
  const time = typeof text === 'string' ? parseTime(text) : undefined;
  if (time === undefined || !isSeq(seq) || (label !== -1 && label !== 0 && label !== 1)) return undefined;
  if (!Array.isArray(values) || values.length !== tags || !values.every((value) => value === null || typeof value === 'number')) return undefined;
  return { time, seq, label, values: Float64Array.from(values, (value) => value ?? Number.NaN) };
}

function isSeq(seq: unknown): seq is number {
  return Number.isInteger(seq) && (seq as number) >= 0 && (seq as number) < 2 ** 31;
}
