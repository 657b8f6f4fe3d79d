import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from './errors.ts';
import { decodeRecord, encodeRecord, type Plain, recordHash, restoreRecord } from './record.ts';

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof SluiceError ? error.code : String(error);
  }
  return 'none';
};

const plain = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, undefined, true, false),
    fc.double(),
    fc.bigInt(),
    fc.string(),
    fc.array(fc.double()).map((v) => new Float64Array(v)),
    fc.float32Array(),
    fc.array(fc.integer()).map((v) => new Int32Array(v)),
    fc.uint16Array(),
    fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((v) => new BigInt64Array(v)),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$', '__proto__')), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

describe('records', () => {
  it('come back bit for bit', () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(decodeRecord(encodeRecord('model', value), 'model')).toStrictEqual(value);
      }),
    );
  });

  it('keep every NaN, infinity and signed zero', () => {
    const value = { n: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0], a: new Float64Array([Number.NaN, -0, 5e-324]) };
    const back = decodeRecord(encodeRecord('state', value), 'state') as typeof value;
    for (const [i, n] of value.n.entries()) expect(Object.is(back.n[i], n)).toBe(true);
    for (const [i, n] of value.a.entries()) expect(Object.is(back.a[i], n)).toBe(true);
  });

  it('with any one bit flipped are refused', () => {
    const bytes = encodeRecord('model', { centroids: new Float64Array([1.5, -2, 3]), clusters: 3 });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = Uint8Array.from(bytes);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(['RECORD_CORRUPT', 'RECORD_VERSION'], `bit ${bit}`).toContain(code(() => decodeRecord(damaged, 'model')));
    }
  });

  it('cut short anywhere are refused', () => {
    const bytes = encodeRecord('model', { values: new Float64Array(10) });
    for (let length = 0; length < bytes.length; length++) expect(code(() => decodeRecord(bytes.subarray(0, length), 'model'))).toBe('RECORD_CORRUPT');
  });

  it('of another kind or format say so', () => {
    const bytes = encodeRecord('state', 1);
    expect(code(() => decodeRecord(bytes, 'model'))).toBe('RECORD_VERSION');
    const other = Uint8Array.from(bytes);
    other[7] = '9'.charCodeAt(0);
    expect(code(() => decodeRecord(other, 'state'))).toBe('RECORD_VERSION');
  });

  it('are read from any place in a larger buffer', () => {
    const bytes = encodeRecord('state', { times: new BigInt64Array([1n, -1n]) });
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(decodeRecord(larger.subarray(3), 'state')).toEqual({ times: new BigInt64Array([1n, -1n]) });
  });

  it('say what helps, where that is not to start anew', () => {
    expect(() => decodeRecord(new Uint8Array(3), 'model', 'plant.model', 'Train again.')).toThrow(/ \(plant\.model\)\. Train again\.$/);
  });

  it('laid out otherwise are of another version; errors of stores, models and snapshots stay as they are', async () => {
    const { tags } = decodeRecord(encodeRecord('model', {}), 'model') as { tags: string[] };
    await expect(restoreRecord('plant.model', async () => tags.length, 'Train again.')).rejects.toMatchObject({
      code: 'RECORD_VERSION',
      message: 'the record does not hold what this version reads (plant.model). Train again.',
      cause: expect.any(TypeError),
    });
    const unknown = new SluiceError('CONFIG_INVALID', "there is no detector 'oracle'");
    await expect(restoreRecord('plant.model', () => Promise.reject(unknown))).rejects.toThrow(
      "the record does not hold what this version reads: there is no detector 'oracle' (plant.model).",
    );
    const own = new SluiceError('SCHEMA_MISMATCH', 'the tags differ');
    await expect(restoreRecord('plant.model', () => Promise.reject(own))).rejects.toBe(own);
    expect(await restoreRecord('plant.model', async () => 7)).toBe(7);
  });

  it('are named by SHA-256 of their content', () => {
    expect(recordHash(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
