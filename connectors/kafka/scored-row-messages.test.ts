import { describe, expect, it } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import type { StoreWrite } from '../../core/store.ts';
import { parseTime } from '../../core/time.ts';
import { FlatDecoder } from './flat-decoder.ts';
import { scoredRowMessages, scoredRowOptions } from './scored-row-messages.ts';

const schema = makeSchema([
  { name: 'value', kind: 'continuous' },
  { name: 'load "x"', kind: 'continuous' },
]);

/** Rows of one stream; the second detector's score is ten times the first one's. */
function writeOf(rows: readonly { time: string; seq?: number; values: readonly number[]; score: number }[]): StoreWrite {
  const batch = allocateBatch('pump-1', schema, rows.length);
  for (const [i, { time, seq = 0, values }] of rows.entries()) {
    batch.times[i] = parseTime(time) as bigint;
    batch.seqs[i] = seq;
    batch.values.set(values, i * 2);
  }
  const verdicts = ['forest', 'k-nn'].map((detector, d) => ({
    detector,
    score: Float64Array.from(rows, ({ score }) => score * 10 ** d),
    grade: new Float64Array(rows.length),
    status: new Int8Array(rows.length).fill(1),
    contributions: { rows: [], tags: [], shares: [], rest: [] },
  }));
  return { batch, verdicts, incidents: [], thresholds: [], buckets: [] };
}

function messagesOf(write: StoreWrite, options: object = {}): [string, string][] {
  const told: [string, string][] = [];
  scoredRowMessages(write, scoredRowOptions.parse(options), (key, value) => told.push([key, value]));
  return told;
}

const at = (time: string, score: number, values: readonly number[] = [1, 2]) => ({ time, score, values });

describe('scoredRowMessages', () => {
  it('says what was asked for under the names that were asked for, and passes over rows without a score', () => {
    const write = writeOf([
      at('2024-03-01T10:00:00Z', Number.NaN),
      at('2024-03-01T10:00:01.5Z', 0.25, [-0, Number.NaN]),
      { ...at('2024-03-01T10:00:01.5Z', 1e-7), seq: 1 },
    ]);
    expect(messagesOf(write, { stream: 'source_id', time: 'timestamp' })).toEqual([
      ['pump-1', '{"source_id":"pump-1","timestamp":"2024-03-01T10:00:01.500Z","value":-0,"load \\"x\\"":null,"score":0.25}'],
      ['pump-1', '{"source_id":"pump-1","timestamp":"2024-03-01T10:00:01.500Z","value":1,"load \\"x\\"":2,"score":1e-7,"seq":1}'],
    ]);
    expect(messagesOf(write, { detector: 'k-nn' }).map(([, value]) => JSON.parse(value).score)).toEqual([2.5, 1e-6]);
    expect(messagesOf(write, { unscored: true }).map(([, value]) => JSON.parse(value).score)).toEqual([null, 0.25, 1e-7]);
  });

  it('is read again by the decoder of the same names', () => {
    const write = writeOf([at('2024-03-01T10:00:01.000000001Z', 3, [1.5, Number.NaN])]);
    const decoder = new FlatDecoder({ time: 'time', stream: 'stream', tags: ['value', 'load "x"', 'score'], sameTime: 'duplicate' }, 1000);
    expect(decoder.decode(Buffer.from(messagesOf(write)[0][1]))).toBeUndefined();
    expect([decoder.time, decoder.stream, [...decoder.values]]).toEqual([write.batch.times[0], 'pump-1', [1.5, Number.NaN, 3]]);
  });

  it('refuses a detector that there is not, and a name for two things', () => {
    const write = writeOf([at('2024-03-01T10:00:00Z', 1)]);
    expect(() => messagesOf(write, { detector: 'knn' })).toThrow("there is no detector 'knn'");
    expect(() => messagesOf(write, { score: 'value' })).toThrow("two things in the message of a row are called 'value'");
  });
});
