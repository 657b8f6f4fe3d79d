import { type Placed, place, simd, vectorsWanted } from './simd/simd.ts';

/** No double takes more bytes, such as -0.0000012345678901234567, and no integer of 64 bits. */
export const longestNumber = 25;

/** What the module writes into: room for one number, and for what it leaves behind. */
const roomBytes = 64;

interface Writer {
  /** Powers of ten, as `doubleText` of the module wants them. */
  readonly powers: Placed;
  readonly address: number;
  bytes: Uint8Array;
}

let writer: Writer | undefined;

/**
 * Writes a finite double as JavaScript does, except that -0 keeps its sign, and returns where its text ends. A decimal of up to 9 places and 15 digits in all is
 * found as the integer that divided by a power of ten gives the double: both are exact, so that the division rounds as parsing does
 * (Clinger 1990, doi:10.1145/93542.93557). Anything else is written by the module of vector kernels, which has integers of 64 bits.
 * @example
 * const bytes = Buffer.alloc(longestNumber);
 * bytes.toString('latin1', 0, writeNumber(bytes, 0, 0.1 + 0.2)); // '0.30000000000000004'
 */
export function writeNumber(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  const size = Math.abs(value);
  const scale = size < 1e6 ? 1e9 : 1e6;
  const scaled = Math.round(size * scale);
  if (value < 0 || Object.is(value, -0)) bytes[at++] = 0x2d;
  if (!(size < 1e9) || scaled / scale !== size || (size < 1e-6 && size > 0)) return writeLong(bytes, at, size);
  const whole = Math.floor(scaled / scale);
  at = writeDigits(bytes, at, whole, digitsIn(whole));
  let rest = scaled - whole * scale;
  if (rest === 0) return at;
  let places = scale === 1e9 ? 9 : 6;
  for (; rest % 1000 === 0; rest /= 1000) places -= 3;
  for (; rest % 10 === 0; rest /= 10) places--;
  bytes[at++] = 0x2e;
  return writeDigits(bytes, at, rest, places);
}

/**
 * Writes an integer of 64 bits and returns where its text ends.
 * @example
 * const bytes = Buffer.alloc(longestNumber);
 * bytes.toString('latin1', 0, writeInteger(bytes, 0, 1_451_296_800_000_000_000n)); // '1451296800000000000'
 */
export function writeInteger(bytes: Uint8Array, at: number, value: bigint): number {
  if (!vectorsWanted()) return writeText(bytes, at, String(value));
  const { address } = writerNow();
  return copyOut(bytes, at, simd().integerText(value, address));
}

/** A positive double of any size. */
function writeLong(bytes: Uint8Array, at: number, value: number): number {
  if (!vectorsWanted()) return writeText(bytes, at, String(value));
  const { powers, address } = writerNow();
  return copyOut(bytes, at, simd().doubleText(value, powers.address, address));
}

function copyOut(bytes: Uint8Array, at: number, length: number): number {
  const from = (writer as Writer).bytes;
  for (let i = 0; i < length; i++) bytes[at + i] = from[i];
  return at + length;
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function writerNow(): Writer {
  if (writer === undefined) {
    const powers = place(new Float64Array(tenPowers().buffer)) as Placed;
    const address = simd().allocate(roomBytes);
    writer = { powers, address, bytes: new Uint8Array(0) };
  }
  // Empty, also after the module's memory has grown.
  if (writer.bytes.length === 0) writer.bytes = new Uint8Array(simd().memory.buffer, writer.address, roomBytes);
  return writer;
}

/** Of 10^e for each e from -292 to 324 the first 128 bits, rounded up: the low and the high half. */
function tenPowers(): BigUint64Array {
  const [first, last] = [-292, 324];
  const out = new BigUint64Array(2 * (last - first + 1));
  for (let e = first, at = 0; e <= last; e++) {
    const power = 10n ** BigInt(Math.abs(e));
    // 127 less the binary logarithm of 10^e, rounded down.
    const shift = BigInt(127 - ((e * 1_741_647) >> 19));
    const [above, below] = e < 0 ? [1n << shift, power] : shift < 0n ? [power, 1n << -shift] : [power << shift, 1n];
    const rounded = (above + below - 1n) / below;
    out[at++] = BigInt.asUintN(64, rounded);
    out[at++] = rounded >> 64n;
  }
  return out;
}

/** An integer below 2^31 in so many digits. */
function writeDigits(bytes: Uint8Array, at: number, integer: number, digits: number): number {
  let left = integer | 0;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = (left / 10) | 0;
    bytes[i] = 0x30 + left - tenth * 10;
    left = tenth;
  }
  return at + digits;
}

function digitsIn(integer: number): number {
  let digits = 1;
  for (let bound = 10; integer >= bound; bound *= 10) digits++;
  return digits;
}
