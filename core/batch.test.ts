import { describe, expect, it } from 'vitest';
import { allocateBatch, type Batch, concatBatches, copyRow, matrixOf, sliceBatch } from './batch.ts';
import { makeSchema } from './schema.ts';

const schema = makeSchema([
  { name: 'FIT101', kind: 'continuous' },
  { name: 'MV101', kind: 'discrete' },
]);

/** Rows n, n + 1, …: every column tells the row. */
function numbered(from: number, rows: number, labelled = false): Batch {
  const batch = allocateBatch('plant', schema, rows, labelled);
  for (let i = 0; i < rows; i++) {
    const n = from + i;
    batch.values.set([n, -n], 2 * i);
    batch.times[i] = BigInt(n);
    batch.seqs[i] = n % 3;
    batch.origins[i] = 10 * n;
    if (batch.labels) batch.labels[i] = n % 2;
  }
  return batch;
}

const told = ({ rows, values, times, seqs, origins, labels }: Batch) => ({
  rows,
  values: [...values],
  times: [...times],
  seqs: [...seqs],
  origins: [...origins],
  labels: labels && [...labels],
});

describe('allocateBatch', () => {
  it('gives zeroed columns of their length, in shared memory, labels only when asked for', () => {
    const batch = allocateBatch('plant', schema, 3, true);
    expect(told(batch)).toEqual({ rows: 3, values: Array(6).fill(0), times: [0n, 0n, 0n], seqs: [0, 0, 0], origins: [0, 0, 0], labels: [0, 0, 0] });
    for (const column of [batch.values, batch.times, batch.seqs, batch.origins, batch.labels]) expect(column?.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(allocateBatch('plant', schema, 3).labels).toBeUndefined();
    expect(allocateBatch('plant', schema, 0).values).toHaveLength(0);
  });
});

describe('sliceBatch', () => {
  it('shares memory with the batch, column for column', () => {
    const batch = numbered(0, 5, true);
    const middle = sliceBatch(batch, 1, 4);
    expect(told(middle)).toEqual(told(numbered(1, 3, true)));
    batch.values[2 * 2] = 99;
    expect(middle.values[2]).toBe(99);
    expect(told(sliceBatch(middle, 2, 3))).toEqual(told(numbered(3, 1, true)));
    expect(sliceBatch(batch, 2, 2).rows).toBe(0);
  });

  it('is the batch itself when nothing is cut off', () => {
    const batch = numbered(0, 5);
    expect(sliceBatch(batch, 0, 5)).toBe(batch);
    expect(sliceBatch(batch, 0, 4).labels).toBeUndefined();
  });
});

describe('copyRow', () => {
  it('copies every column of one row and no other', () => {
    const to = allocateBatch('plant', schema, 3, true);
    copyRow(numbered(7, 2, true), 1, to, 2);
    expect(told(sliceBatch(to, 2, 3))).toEqual(told(numbered(8, 1, true)));
    expect(told(sliceBatch(to, 0, 2))).toEqual(told(allocateBatch('plant', schema, 2, true)));
  });

  it('labels a row that had no label as unknown, and drops a label that has no place', () => {
    const labelled = allocateBatch('plant', schema, 1, true);
    copyRow(numbered(1, 1), 0, labelled, 0);
    expect([...(labelled.labels ?? [])]).toEqual([-1]);
    const plain = allocateBatch('plant', schema, 1);
    copyRow(numbered(1, 1, true), 0, plain, 0);
    expect(told(plain)).toEqual(told(numbered(1, 1)));
  });
});

describe('concatBatches', () => {
  it('puts rows one after the other, slices too', () => {
    const parts = [numbered(0, 2), sliceBatch(numbered(0, 9), 2, 5), numbered(5, 1)];
    expect(told(concatBatches(parts))).toEqual(told(numbered(0, 6)));
  });

  it('labels rows of unlabelled batches as unknown as soon as one batch is labelled', () => {
    expect([...(concatBatches([numbered(0, 2), numbered(2, 2, true), numbered(4, 1)]).labels ?? [])]).toEqual([-1, -1, 0, 1, -1]);
    expect(concatBatches([numbered(0, 1), numbered(1, 1)]).labels).toBeUndefined();
  });

  it('is the batch itself when there is one', () => {
    const batch = numbered(0, 2);
    expect(concatBatches([batch])).toBe(batch);
  });
});

describe('matrixOf', () => {
  it('is the values, rows x tags', () => {
    const batch = numbered(0, 4);
    expect(matrixOf(batch)).toEqual({ rows: 4, cols: 2, values: batch.values });
    expect(matrixOf(batch).values).toBe(batch.values);
  });
});
