import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocateBatch } from './batch.ts';
import { deadPayloadLimit } from './chunk.ts';
import { parseRowPayload, rowPayload } from './row-payload.ts';
import { makeSchema } from './schema.ts';

const schemaOf = (tags: number) => makeSchema(Array.from({ length: tags }, (_, t) => ({ name: `LIT${t}`, kind: 'continuous' as const })));

test('a row comes back bit for bit, missing values, seq and label too', () => {
  const value = fc.oneof(fc.double({ noDefaultInfinity: true }), fc.constantFrom(Number.NaN, -0));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 6, maxLength: 6 }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.nat({ max: 2 ** 31 - 1 }),
      fc.constantFrom(-1, 0, 1),
      (values, time, seq, label) => {
        const batch = allocateBatch('plant', schemaOf(3), 2, true);
        batch.values.set(values);
        batch.times[1] = time;
        batch.seqs[1] = seq;
        (batch.labels as Int8Array)[1] = label;
        expect(parseRowPayload(rowPayload(batch, 1), 3)).toEqual({ time, seq, label, values: Float64Array.from(values.slice(3)) });
      },
    ),
  );
});

test('of a stream without labels there is none', () => {
  expect(parseRowPayload(rowPayload(allocateBatch('plant', schemaOf(1), 1), 0), 1)).toEqual({ time: 0n, seq: 0, label: -1, values: Float64Array.of(0) });
});

test('a row too wide for a letter is cut, and none any more', () => {
  const tags = 1000;
  const batch = allocateBatch('plant', schemaOf(tags), 1);
  batch.values.fill(1 / 3);
  const payload = rowPayload(batch, 0);
  expect(payload).toHaveLength(deadPayloadLimit);
  expect(parseRowPayload(payload, tags)).toBeUndefined();
});

test.each([
  ['cut at the limit', '{"Timestamp":"2015-12-28T10:00:00Z","values":[1,2'],
  ['of other tags', '{"Timestamp":"2015-12-28T10:00:00Z","values":[1,2]}'],
  ['text among the values', '{"Timestamp":"2015-12-28T10:00:00Z","values":[1,"2",3]}'],
  ['no time', '{"values":[1,2,3]}'],
  ['a seq that is none', '{"Timestamp":"2015-12-28T10:00:00Z","seq":0.5,"values":[1,2,3]}'],
  ['a label that is none', '{"Timestamp":"2015-12-28T10:00:00Z","label":"Attack","values":[1,2,3]}'],
  ['a line of a file', '28/12/2015,1,2,3'],
  ['nothing', 'null'],
])('%s is none', (_, payload) => {
  expect(parseRowPayload(payload, 3)).toBeUndefined();
});
