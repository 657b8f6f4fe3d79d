/** Of a batch before its records, and of what the checksum leaves out. */
const headerBytes = 61;
const unsummedBytes = 21;
/** Attributes, time and the number of headers, of which a record here has none. */
const fixedRecordBytes = 3;
const firstBytes = 16 * 1024;

/**
 * Builds a batch of records in one buffer, as brokers store it: format 2, not packed, of no producer.
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export class RecordBatch {
  #bytes = Buffer.allocUnsafe(firstBytes);
  #at = headerBytes;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** So far. */
  get bytes(): number {
    return this.#at;
  }

  add(key: string, value: string): void {
    const keyBytes = Buffer.byteLength(key);
    const valueBytes = Buffer.byteLength(value);
    const size = fixedRecordBytes + varintBytes(this.#count) + varintBytes(keyBytes) + keyBytes + varintBytes(valueBytes) + valueBytes;
    this.#makeRoom(size + 5);
    this.#varint(size);
    this.#bytes[this.#at++] = 0;
    this.#bytes[this.#at++] = 0;
    this.#varint(this.#count++);
    this.#varint(keyBytes);
    this.#at += this.#bytes.write(key, this.#at, keyBytes);
    this.#varint(valueBytes);
    this.#at += this.#bytes.write(value, this.#at, valueBytes);
    this.#bytes[this.#at++] = 0;
  }

  /** The whole batch; nothing may be added after. @param time of all its records, ms */
  finish(time: number): Buffer {
    const batch = this.#bytes.subarray(0, this.#at);
    let at = batch.writeBigInt64BE(0n, 0);
    at = batch.writeInt32BE(this.#at - 12, at);
    at = batch.writeInt32BE(-1, at);
    at = batch.writeInt8(2, at) + 4;
    at = batch.writeInt16BE(0, at);
    at = batch.writeInt32BE(this.#count - 1, at);
    at = batch.writeBigInt64BE(BigInt(time), at);
    at = batch.writeBigInt64BE(BigInt(time), at);
    at = batch.writeBigInt64BE(-1n, at);
    at = batch.writeInt16BE(-1, at);
    at = batch.writeInt32BE(-1, at);
    batch.writeInt32BE(this.#count, at);
    batch.writeUInt32BE(crc32c(batch.subarray(unsummedBytes)), unsummedBytes - 4);
    return batch;
  }

  #makeRoom(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  /** Signed numbers zigzag: here all are positive, and doubled. */
  #varint(value: number): void {
    let rest = 2 * value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = 2 * value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/** Castagnoli's polynomial, reversed. */
const polynomial = 0x82f63b78;

/** Of a byte in each of the eight places that are taken in one step (Kounavis and Berry 2005: slicing by eight). */
const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  tables[0][i] = crc >>> 0;
}
for (let i = 0; i < 256; i++) for (let k = 1; k < 8; k++) tables[k][i] = (tables[k - 1][i] >>> 8) ^ tables[0][tables[k - 1][i] & 0xff];

/**
 * CRC-32C (Castagnoli 1993) of the bytes.
 * @example
 * crc32c(Buffer.from('123456789')).toString(16); // "e3069283"
 */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let crc = 0xffffffff;
  let at = 0;
  for (const whole = bytes.length - 7; at < whole; at += 8) {
    const low = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    crc =
      t7[low & 0xff] ^
      t6[(low >>> 8) & 0xff] ^
      t5[(low >>> 16) & 0xff] ^
      t4[low >>> 24] ^
      t3[bytes[at + 4]] ^
      t2[bytes[at + 5]] ^
      t1[bytes[at + 6]] ^
      t0[bytes[at + 7]];
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}
