import assert from 'node:assert/strict';
import { allocateBatch, type Batch } from '../../../core/batch.ts';
import type { Incident } from '../../../core/incident.ts';
import { BucketFold, bucketStart } from '../../../core/level-of-detail.ts';
import { makeSchema, type Schema } from '../../../core/schema.ts';
import type { Bucket, StoreWrite } from '../../../core/store.ts';
import { topContributions, type Verdicts } from '../../../core/verdict.ts';

export const second = 1_000_000_000n;
export const start = 1_451_296_800n * second;
export const plant = makeSchema(['FIT101', 'LIT101', 'MV101'].map((name) => ({ name, kind: 'continuous' as const })));

export function seconds(s: number): bigint {
  return start + BigInt(s) * second;
}

export function makeBatch(stream: string, schema: Schema, at: readonly number[], seqs: readonly number[] = at.map(() => 0)): Batch {
  const batch = allocateBatch(stream, schema, at.length);
  const tags = schema.tags.length;
  for (let row = 0; row < at.length; row++) {
    batch.times[row] = seconds(at[row]);
    batch.seqs[row] = seqs[row];
    batch.origins[row] = row;
    for (let t = 0; t < tags; t++) batch.values[row * tags + t] = at[row] + t / 10 + seqs[row] / 100;
  }
  return batch;
}

export function part(batch: Batch, from: number, to: number): Batch {
  const tags = batch.schema.tags.length;
  const out = allocateBatch(batch.stream, batch.schema, to - from);
  out.values.set(batch.values.subarray(from * tags, to * tags));
  out.times.set(batch.times.subarray(from, to));
  out.seqs.set(batch.seqs.subarray(from, to));
  out.origins.set(batch.origins.subarray(from, to));
  return out;
}

export function writing(batch: Batch, more: Partial<StoreWrite> = {}): StoreWrite {
  return { batch, verdicts: [], incidents: [], thresholds: [], buckets: [], ...more };
}

export function makeVerdicts(detector: string, score: number[], status: number[]): Verdicts {
  return {
    detector,
    score: Float64Array.from(score),
    grade: Float64Array.from(score, (value) => value / 3),
    status: Int8Array.from(status),
    contributions: { rows: [], tags: [], shares: [], rest: [] },
  };
}

export function explain({ contributions }: Verdicts, row: number, tags: number[], shares: number[], rest: number): void {
  assert.equal(tags.length, topContributions);
  contributions.rows.push(row);
  contributions.tags.push(...tags);
  contributions.shares.push(...shares);
  contributions.rest.push(rest);
}

export function makeIncident(id: string, from: number, to: number, more: Partial<Incident> = {}): Incident {
  return {
    ...{ id, stream: 'plant', detector: 'k-means', start: seconds(from), end: seconds(to), open: false, rows: to - from + 1 },
    ...{ peakTime: seconds(to), peakScore: 12.5, peakGrade: 1, causes: ['k-means', 'constant, "broken"'], contributions: Float64Array.of(0.5, -0, -0.5) },
    ...more,
  };
}

/** Buckets by folding rows that are in (time, seq) order. */
export function foldBuckets(batch: Batch, level: number): Bucket[] {
  const tags = batch.schema.tags.length;
  const buckets: Bucket[] = [];
  let fold: BucketFold | undefined;
  for (let row = 0; row < batch.rows; row++) {
    if (!fold?.holds(batch.times[row])) {
      if (fold) buckets.push(fold.bucket());
      fold = new BucketFold(level, bucketStart(batch.times[row], level), tags);
    }
    fold.add(batch.values, row * tags);
  }
  if (fold) buckets.push(fold.bucket());
  return buckets;
}
