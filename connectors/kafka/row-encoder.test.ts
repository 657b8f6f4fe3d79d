import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import { RowEncoder } from './row-encoder.ts';

const schemaOf = (...names: string[]) => makeSchema(names.map((name) => ({ name, kind: 'continuous' })));

function batchOf(values: number[], time = 0n, label?: number) {
  const schema = schemaOf(...values.map((_, i) => `TAG${i}`));
  const batch = allocateBatch('swat', schema, 1, label !== undefined);
  batch.values.set(values);
  batch.times[0] = time;
  if (label !== undefined) batch.labels![0] = label;
  return { encoder: new RowEncoder(schema), batch };
}

const textOf = ({ encoder, batch }: ReturnType<typeof batchOf>) => encoder.encode(batch, 0).toString();

describe('RowEncoder', () => {
  it('writes the time, the tags in order without the missing ones, and the label', () => {
    expect(textOf(batchOf([2.43, Number.NaN, -0], 1_451_296_800_000_000_000n, 0))).toBe(
      '{"Timestamp":"2015-12-28T10:00:00Z","TAG0":2.43,"TAG2":-0,"Normal/Attack":"Normal"}',
    );
    expect(textOf(batchOf([1], 1n, 1))).toBe('{"Timestamp":"1970-01-01T00:00:00.000000001Z","TAG0":1,"Normal/Attack":"Attack"}');
    expect(textOf(batchOf([Number.NaN], 0n, -1))).toBe('{"Timestamp":"1970-01-01T00:00:00Z"}');
    expect(textOf(batchOf([1e21, 1e-7, 5e-324, 2 ** 53]))).toBe(
      '{"Timestamp":"1970-01-01T00:00:00Z","TAG0":1e+21,"TAG1":1e-7,"TAG2":5e-324,"TAG3":9007199254740992}',
    );
  });

  it('is what JSON.stringify makes of the same row, for any names and finite doubles', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((text) => text.trim() !== '' && text !== 'Timestamp');
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), fc.infiniteStream(fc.double({ noDefaultInfinity: true })), (names, doubles) => {
        const schema = schemaOf(...names);
        const batch = allocateBatch('swat', schema, 1);
        for (let i = 0; i < names.length; i++) batch.values[i] = doubles.next().value as number;
        const row = Object.fromEntries([['Timestamp', '1970-01-01T00:00:00Z'], ...names.map((tag, i): [string, number] => [tag, batch.values[i]])]);
        const json = JSON.parse(JSON.stringify(row, (_, value) => (Number.isNaN(value) ? undefined : value)));
        const parsed = JSON.parse(new RowEncoder(schema).encode(batch, 0).toString());
        expect(Object.keys(parsed).sort()).toEqual(Object.keys(json).sort());
        // JSON.stringify writes -0 as 0.
        for (const key of Object.keys(json)) expect(parsed[key]).toBe(Object.is(row[key], -0) ? -0 : json[key]);
      }),
      { numRuns: 500 },
    );
  });

  it('writes numbers as JavaScript does, except for -0', () => {
    const decimal = fc
      .tuple(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 16n }), fc.integer({ min: 0, max: 12 }))
      .map(([digits, places]) => Number(`${digits}e-${places}`));
    const near = fc
      .tuple(decimal, fc.integer({ min: -2, max: 2 }))
      .map(([value, steps]) => new Float64Array(BigInt64Array.of(new BigInt64Array(Float64Array.of(value).buffer)[0] + BigInt(steps)).buffer)[0])
      .filter((value) => Number.isFinite(value));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(decimal, near, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer()), { minLength: 1, maxLength: 8 }),
        (values) => {
          const texts = [...textOf(batchOf(values)).matchAll(/"TAG\d":([^,}]*)/g)].map(([, text]) => text);
          expect(texts).toEqual(values.map((value) => (Object.is(value, -0) ? '-0' : String(value))));
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it('refuses what JSON cannot say, and tags that are called as the time or the label', () => {
    expect(() => textOf(batchOf([1, Number.NEGATIVE_INFINITY]))).toThrow("tag 'TAG1' is -Infinity");
    expect(() => new RowEncoder(schemaOf('FIT101', 'Timestamp'))).toThrow("a tag is called 'Timestamp', as the time of a row is on Kafka");
    expect(() => new RowEncoder(schemaOf('Normal/Attack'))).toThrow("a tag is called 'Normal/Attack', as the label of a row is on Kafka");
  });
});
