import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainRecords } from './record-decoder.ts';

// How kafkajs writes batches, and reads them.
const require = createRequire(import.meta.url);
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0/index.js');
const Record = require('kafkajs/src/protocol/recordBatch/record/v0/index.js');
const readBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder.js');
const Decoder = require('kafkajs/src/protocol/decoder.js');
const Long = require('kafkajs/src/utils/long.js');
const gzip = 1;

const content = fc.string({ maxLength: 200, unit: 'binary' }).map((text) => Buffer.from(text));
const bytes = fc.option(content);
const names = fc.constantFrom('seq', 'source', 'dead', 'é', '');
const headers = fc.dictionary(names, fc.oneof(content, fc.array(content, { minLength: 2, maxLength: 3 })));
const record = fc.record({
  key: bytes,
  value: bytes,
  headers,
  timestampDelta: fc.integer({ min: 0, max: 2 ** 40 }).map((ms) => Long.fromValue(String(ms))),
});
const batch = fc.record({
  firstOffset: fc.maxSafeNat(),
  transactional: fc.boolean(),
  producerId: fc.integer({ min: -1 }),
  records: fc.array(record, { maxLength: 70 }),
});
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never;

async function written({ firstOffset, producerId, records, transactional }: Batch, compression = 0): Promise<Buffer> {
  const encoded = await RecordBatch({
    ...{ compression, transactional, lastOffsetDelta: Math.max(0, records.length - 1) },
    ...{ firstOffset: Long.fromValue(String(firstOffset)), producerId: Long.fromValue(String(producerId)) },
    records: records.map((each, offsetDelta) => Record({ ...each, offsetDelta })),
  });
  return encoded.buffer;
}

async function readByKafkajs(whole: Buffer): Promise<object[]> {
  const { records } = await readBatch(new Decoder(whole));
  return records.map(({ offset, key, value, headers, isControlRecord, batchContext }: Record<string, never>) => {
    const { firstOffset, lastOffsetDelta, producerId, inTransaction } = batchContext;
    return { offset: Number(offset), key, value, headers, isControlRecord, batchContext: { firstOffset, lastOffsetDelta, producerId, inTransaction } };
  });
}

describe('records', () => {
  test('are what kafkajs reads, of all batches that are there in full', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 3 }), fc.nat(60), async (batches, cut) => {
        const whole = await Promise.all(batches.map((each) => written(each)));
        const expected = (await Promise.all(whole.map(readByKafkajs))).flat();
        const rest = (whole[0] ?? Buffer.alloc(0)).subarray(0, cut);
        const read = plainRecords(Buffer.concat([...whole, rest]));
        expect(read?.map(({ headers, ...more }) => ({ headers: { ...headers }, ...more }))).toEqual(expected);
      }),
    );
  });

  test('that are packed, or of an older format, are left to kafkajs', async () => {
    const one = { firstOffset: 5, transactional: false, producerId: 7, records: [{ key: null, value: Buffer.from('x'), headers: {}, timestampDelta: 0 }] };
    const plain = await written(one);
    expect(plainRecords(plain)).toHaveLength(1);
    expect(plainRecords(Buffer.concat([plain, await written(one, gzip)]))).toBeUndefined();
    plain[16] = 1;
    expect(plainRecords(plain)).toBeUndefined();
  });

  test('that go beyond their batch are an error', async () => {
    const plain = await written({ firstOffset: 5, transactional: false, producerId: 7, records: [{ key: null, value: Buffer.from('x'), headers: {}, timestampDelta: 0 }] }); // biome-ignore format: one line
    plain[61] += 2;
    expect(() => plainRecords(plain)).toThrow(RangeError);
  });
});
