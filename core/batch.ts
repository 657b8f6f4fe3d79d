import type { Matrix } from './matrix.ts';
import type { Schema } from './schema.ts';

/**
 * Rows of one stream: the only currency on the hot path. Buffers are shared memory, so a worker can read them
 * without a copy. A row's identity is stream + time + seq.
 */
export interface Batch {
  readonly stream: string;
  readonly schema: Schema;
  readonly rows: number;
  /** Row-major rows x tags; NaN = missing. */
  readonly values: Float64Array;
  /** UTC nanoseconds. */
  readonly times: BigInt64Array;
  /** Ordinal of that time within one pass over the source. */
  readonly seqs: Int32Array;
  /** Bus offset or source row of each row, strictly increasing; what a position counts in. */
  readonly origins: Float64Array;
  /** 1 anomalous, 0 normal, -1 unknown; only where the source is labelled. */
  readonly labels?: Int8Array;
}

/** In place of a seq: rows of one time are told apart by their order of arrival. */
export const uncounted = -2;

/**
 * A zeroed batch of `rows` rows in shared memory.
 * @example
 * const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);
 * allocateBatch('swat', schema, 500).values.length; // 500
 */
export function allocateBatch(stream: string, schema: Schema, rows: number, labelled = false): Batch {
  return {
    stream,
    schema,
    rows,
    values: new Float64Array(new SharedArrayBuffer(rows * schema.tags.length * 8)),
    times: new BigInt64Array(new SharedArrayBuffer(rows * 8)),
    seqs: new Int32Array(new SharedArrayBuffer(rows * 4)),
    origins: new Float64Array(new SharedArrayBuffer(rows * 8)),
    ...(labelled ? { labels: new Int8Array(new SharedArrayBuffer(rows)) } : {}),
  };
}

/**
 * Rows [from, to), sharing memory with the batch.
 * @example
 * const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);
 * sliceBatch(allocateBatch('swat', schema, 500), 100, 250).rows; // 150
 */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.rows) return batch;
  const tags = batch.schema.tags.length;
  return {
    stream: batch.stream,
    schema: batch.schema,
    rows: to - from,
    values: batch.values.subarray(from * tags, to * tags),
    times: batch.times.subarray(from, to),
    seqs: batch.seqs.subarray(from, to),
    origins: batch.origins.subarray(from, to),
    ...(batch.labels ? { labels: batch.labels.subarray(from, to) } : {}),
  };
}

/** Copies row `row` of `from` to row `at` of `to` (same schema). */
export function copyRow(from: Batch, row: number, to: Batch, at: number): void {
  const tags = from.schema.tags.length;
  for (let t = 0, a = row * tags, b = at * tags; t < tags; t++) to.values[b++] = from.values[a++];
  to.times[at] = from.times[row];
  to.seqs[at] = from.seqs[row];
  to.origins[at] = from.origins[row];
  if (to.labels) to.labels[at] = from.labels ? from.labels[row] : -1;
}

/**
 * Batches of one stream and schema, one after the other in a new batch; the batch itself when there is one. Labels are -1
 * where a batch has none and another has.
 * @example
 * const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);
 * concatBatches([allocateBatch('swat', schema, 2), allocateBatch('swat', schema, 3)]).rows; // 5
 */
export function concatBatches(batches: readonly Batch[]): Batch {
  if (batches.length === 1) return batches[0];
  const [first] = batches;
  const tags = first.schema.tags.length;
  const out = allocateBatch(
    first.stream,
    first.schema,
    batches.reduce((n, b) => n + b.rows, 0),
    batches.some((b) => b.labels),
  );
  let at = 0;
  for (const batch of batches) {
    out.values.set(batch.values.subarray(0, batch.rows * tags), at * tags);
    out.times.set(batch.times.subarray(0, batch.rows), at);
    out.seqs.set(batch.seqs.subarray(0, batch.rows), at);
    out.origins.set(batch.origins.subarray(0, batch.rows), at);
    if (out.labels) {
      if (batch.labels) out.labels.set(batch.labels.subarray(0, batch.rows), at);
      else out.labels.fill(-1, at, at + batch.rows);
    }
    at += batch.rows;
  }
  return out;
}

/** The batch's values as a matrix, sharing memory. */
export function matrixOf(batch: Batch): Matrix {
  return { rows: batch.rows, cols: batch.schema.tags.length, values: batch.values };
}
