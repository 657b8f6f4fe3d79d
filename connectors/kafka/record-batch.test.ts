import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c, RecordBatch } from './record-batch.ts';

interface DecodedBatch {
  readonly records: readonly { readonly offset: string; readonly timestamp: string; readonly key: Buffer; readonly value: Buffer; readonly headers: object }[];
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
}

/** What kafkajs reads of it: written apart from what is tested. */
const load = createRequire(import.meta.url);
const Decoder = load('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object;
const decodeBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (decoder: object) => Promise<DecodedBatch>;
const theirCrc32c = load('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (bytes: Buffer) => number;

const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.nat({ max: 40_000 }).map((length) => 'x'.repeat(length)),
);

test('a batch is read as it was made', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 200 }), fc.nat(), async (messages, time) => {
      const batch = new RecordBatch();
      for (const [key, value] of messages) batch.add(key, value);
      const bytes = batch.finish(time);
      expect([batch.count, batch.bytes]).toEqual([messages.length, bytes.length]);
      const { records, lastOffsetDelta, producerId, inTransaction, isControlBatch } = await decodeBatch(new Decoder(bytes));
      expect(records.map(({ key, value }) => [key.toString(), value.toString()])).toEqual(
        messages.map((pair) => pair.map((one) => Buffer.from(one).toString())),
      );
      expect(records.map(({ offset }) => Number(offset))).toEqual(messages.map((_, i) => i));
      expect(new Set(records.map(({ timestamp }) => timestamp))).toEqual(new Set([String(time)]));
      expect({ lastOffsetDelta, producerId, inTransaction, isControlBatch }).toEqual({
        lastOffsetDelta: messages.length - 1,
        producerId: '-1',
        inTransaction: false,
        isControlBatch: false,
      });
      expect(bytes.readUInt32BE(17)).toBe(theirCrc32c(bytes.subarray(21)) >>> 0);
    }),
    { numRuns: 200 },
  );
});

test('the checksum of any bytes is that of others, from any place on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 20 }), (bytes, from) => {
      expect(crc32c(bytes.subarray(from))).toBe(theirCrc32c(Buffer.from(bytes.subarray(from))) >>> 0);
    }),
  );
});
