import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocateBatch } from './batch.ts';
import { parseRowPayload, rowPayload } from './row-payload.ts';
import { makeSchema } from './schema.ts';

const schema = makeSchema(['LIT101', 'FIT101', 'MV101'].map((name) => ({ name, kind: 'continuous' as const })));

test('a row comes back as it was, missing values and label too', () => {
  const value = fc.oneof(fc.double({ noDefaultInfinity: true }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 6, maxLength: 6 }),
      fc.bigInt(-(10n ** 18n), 4n * 10n ** 18n),
      fc.constantFrom(-1, 0, 1),
      (values, time, label) => {
        const batch = allocateBatch('plant', schema, 2, true);
        batch.values.set(values);
        batch.times[1] = time;
        (batch.labels as Int8Array)[1] = label;
        const row = parseRowPayload(rowPayload(batch, 1), 3);
        // JSON knows no -0.
        expect(row).toEqual({ time, label, values: Float64Array.from(values.slice(3), (number) => (number === 0 ? 0 : number)) });
      },
    ),
  );
});

test.each([
  ['cut at the limit', '{"Timestamp":"2015-12-28T10:00:00Z","values":[1,2'],
  ['of other tags', '{"Timestamp":"2015-12-28T10:00:00Z","values":[1,2]}'],
  ['text among the values', '{"Timestamp":"2015-12-28T10:00:00Z","values":[1,"2",3]}'],
  ['no time', '{"values":[1,2,3]}'],
  ['a line of a file', '28/12/2015,1,2,3'],
  ['nothing', 'null'],
])('%s is none', (_, payload) => {
  expect(parseRowPayload(payload, 3)).toBeUndefined();
});
