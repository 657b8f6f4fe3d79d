import { createHash } from 'node:crypto';
import { errorCodes, SluiceError } from './errors.ts';

/** What a model, a state or a snapshot is made of: data without behaviour. */
export type Plain =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint16Array
  | Uint8Array
  | Int8Array
  | BigInt64Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

const magic = Buffer.from('SLUICE01', 'latin1');
const arrays = { Float64Array, Float32Array, Int32Array, Uint16Array, Uint8Array, Int8Array, BigInt64Array } as const;
type ArrayName = keyof typeof arrays;

/**
 * Bytes of a record: magic, header length, JSON header, typed arrays as they lie in memory (8-byte aligned,
 * little-endian), and a SHA-256 over all of it. Doubles come back bit for bit.
 *
 * @example
 * decodeRecord(encodeRecord('model', { centroids: new Float64Array([1, 2]) }), 'model'); // { centroids: Float64Array [1, 2] }
 */
export function encodeRecord(kind: string, value: Plain): Uint8Array {
  const pieces: Buffer[] = [];
  let length = 0;
  const place = (view: ArrayBufferView): number => {
    const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
    const at = length;
    const padding = (8 - (bytes.length % 8)) % 8;
    pieces.push(bytes, Buffer.alloc(padding));
    length += bytes.length + padding;
    return at;
  };
  const simplify = (v: Plain): unknown => {
    if (typeof v === 'number') return Number.isFinite(v) && !Object.is(v, -0) ? v : { $: 'n', v: Object.is(v, -0) ? '-0' : String(v) };
    if (typeof v === 'bigint') return { $: 'b', v: String(v) };
    if (v === undefined) return { $: 'u' };
    if (v === null || typeof v !== 'object') return v;
    if (Array.isArray(v)) return v.map(simplify);
    if (ArrayBuffer.isView(v)) {
      const name = v.constructor.name as ArrayName;
      if (!(name in arrays)) throw new SluiceError('INTERNAL', `a record cannot hold a ${name}`);
      return { $: name, at: place(v), n: (v as Float64Array).length };
    }
    const entries = Object.entries(v).map(([key, entry]) => [key, simplify(entry as Plain)] as const);
    return Object.hasOwn(v, '$') ? { $: 'o', v: entries } : Object.fromEntries(entries);
  };
  const header = Buffer.from(JSON.stringify({ kind, value: simplify(value) }));
  const padded = Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8, 0x20)]);
  const prefix = Buffer.alloc(16);
  magic.copy(prefix);
  prefix.writeUInt32LE(padded.length, 8);
  const body = Buffer.concat([prefix, padded, ...pieces]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

/** What helps against a record of the store that cannot be used. */
const startAnew = 'Restore it from a backup, or start anew with --fresh.';

/**
 * @param fix what helps, where that is not to start anew
 * @throws RECORD_CORRUPT when bytes are missing, added or altered; RECORD_VERSION when it is of another kind or format.
 */
export function decodeRecord(bytes: Uint8Array, kind: string, place = `${kind} record`, fix = startAnew): Plain {
  const whole = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  if (whole.length < 48 || !whole.subarray(0, 6).equals(magic.subarray(0, 6))) {
    throw new SluiceError('RECORD_CORRUPT', `not a Sluice record: it has ${whole.length} bytes and begins with ${quoteBytes(whole)}`, { place, fix });
  }
  if (!whole.subarray(0, 8).equals(magic)) {
    throw new SluiceError('RECORD_VERSION', `the record has format ${quoteBytes(whole)}, this version reads '${magic.toString('latin1')}'`, { place, fix });
  }
  const body = whole.subarray(0, -32);
  if (!createHash('sha256').update(body).digest().equals(whole.subarray(-32))) {
    throw new SluiceError('RECORD_CORRUPT', 'the checksum does not match: it was cut short or altered', { place, fix });
  }
  const headerLength = body.readUInt32LE(8);
  const header = JSON.parse(body.toString('utf8', 16, 16 + headerLength)) as { kind: string; value: unknown };
  if (header.kind !== kind) throw new SluiceError('RECORD_VERSION', `the record is a '${header.kind}', not a '${kind}'`, { place, fix });
  const data = body.subarray(16 + headerLength);
  const restore = (v: unknown): Plain => {
    if (v === null || typeof v !== 'object') return v as Plain;
    if (Array.isArray(v)) return v.map(restore);
    const tagged = v as { $?: string; v?: unknown; at?: number; n?: number };
    if (tagged.$ === undefined) return Object.fromEntries(Object.entries(v).map(([key, entry]) => [key, restore(entry)]));
    if (tagged.$ === 'n') return Number(tagged.v);
    if (tagged.$ === 'b') return BigInt(tagged.v as string);
    if (tagged.$ === 'o') return Object.fromEntries((tagged.v as [string, unknown][]).map(([key, entry]) => [key, restore(entry)]));
    if (tagged.$ === 'u') return undefined;
    const type = arrays[tagged.$ as ArrayName];
    const at = tagged.at as number;
    const size = (tagged.n as number) * type.BYTES_PER_ELEMENT;
    const copy = new Uint8Array(size);
    copy.set(data.subarray(at, at + size));
    return new type(copy.buffer) as Plain;
  };
  return restore(header.value);
}

/**
 * Makes of a decoded record what it stands for. Its bytes are sound by then: what does not fit was written by a version that
 * laid it out otherwise, or knew other components.
 * @throws RECORD_VERSION in place of every error but those of stores, models and snapshots
 */
export async function restoreRecord<T>(place: string, restore: () => Promise<T>, fix = startAnew): Promise<T> {
  try {
    return await restore();
  } catch (cause) {
    if (cause instanceof SluiceError && cause.exitCode >= errorCodes.STORE_UNAVAILABLE.exit) throw cause;
    const why = cause instanceof SluiceError ? `: ${cause.message.replace(/\.$/, '')}` : '';
    throw new SluiceError('RECORD_VERSION', `the record does not hold what this version reads${why}`, { place, fix, cause });
  }
}

/**
 * The name of a record: SHA-256 of its content, hex.
 * @example
 * recordHash(new Uint8Array(0)).slice(0, 8); // "e3b0c442"
 */
export function recordHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function quoteBytes(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, Math.min(8, bytes.length)));
}
