import type { Batch } from './batch.ts';
import { deadPayloadLimit } from './chunk.ts';
import { formatTime, parseTime } from './time.ts';

/**
 * A row as a dead letter keeps it, so that it can be taken in after all: its time and its values in the order of the tags, null
 * where one is missing.
 * @example
 * parseRowPayload('{"Timestamp":"2015-12-28T10:00:00Z","values":[1.5,null]}', 2)?.values; // Float64Array [1.5, NaN]
 */
export function rowPayload({ values, times, labels, schema }: Batch, row: number): string {
  const tags = schema.tags.length;
  const numbers = Array.from(values.subarray(row * tags, (row + 1) * tags), (value) => (Number.isFinite(value) ? value : null));
  const label = labels && labels[row] >= 0 ? { label: labels[row] } : {};
  return JSON.stringify({ Timestamp: formatTime(times[row]), ...label, values: numbers }).slice(0, deadPayloadLimit);
}

/** The row of a payload; undefined when it is none of that many tags, such as one that was cut at the limit. */
export function parseRowPayload(payload: string, tags: number): { time: bigint; label: number; values: Float64Array } | undefined {
  let row: { Timestamp?: unknown; label?: unknown; values?: unknown } | null;
  try {
    row = JSON.parse(payload);
  } catch {
    return undefined;
  }
  const { Timestamp: text, label = -1, values } = row ?? {};
  const time = typeof text === 'string' ? parseTime(text) : undefined;
  if (time === undefined || (label !== -1 && label !== 0 && label !== 1) || !Array.isArray(values) || values.length !== tags) return undefined;
  if (!values.every((value) => value === null || typeof value === 'number')) return undefined;
  return { time, label, values: Float64Array.from(values, (value) => value ?? Number.NaN) };
}
