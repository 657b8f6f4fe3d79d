import { wasm } from './module.generated.ts';

/** Of the language, but in none of the libraries that a program without a page is checked with. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** The functions of assembly/, which say what they do. Addresses and sizes are those of the module's memory. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  allocate(bytes: number): number;
  release(address: number): void;
  halfForms1(refs: number, blocks: number, cols: number, halves: number, x: number, own: number, out: number): void;
  halfForms2(refs: number, blocks: number, cols: number, halves: number, x: number, own0: number, own1: number, out: number): void;
  smallest(bounds: number, count: number, k: number, list: number, index: number): void;
  atMost(bounds: number, count: number, most: number, index: number): number;
  squaredDistances1(refs: number, blocks: number, cols: number, x: number, out: number): void;
  squaredDistances2(refs: number, blocks: number, cols: number, x: number, out: number): void;
  squaredNorms8(centred: number, cols: number, lower: number, out: number): void;
  linearMap(weights: number, start: number, blocks: number, inputs: number, x: number, stride: number, rows: number, out: number): void;
  doubleText(value: number, powers: number, out: number): number;
  integerText(value: bigint, out: number): number;
}

/** Where something of a model lies in the module's memory, until nobody holds this any more. */
export interface Placed {
  readonly address: number;
}

/** More than any model takes; what does not fit is computed in plain TypeScript. */
const mostBytes = 2 ** 31;

let instance: Exports | undefined;
let wanted = true;
let placedBytes = 0;
let scratchAddress = 0;
let scratchBytes = 0;
const given = new FinalizationRegistry<{ address: number; bytes: number }>(({ address, bytes }) => {
  placedBytes -= bytes;
  simd().release(address);
});

/** Runs something in plain TypeScript alone, to compare with. */
export function withoutVectors<T>(run: () => T): T {
  wanted = false;
  try {
    return run();
  } finally {
    wanted = true;
  }
}

/** False inside of `withoutVectors`. */
export function vectorsWanted(): boolean {
  return wanted;
}

/** The module, made when it is first asked for. */
export function simd(): Exports {
  instance ??= new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(wasm, 'base64')), { env: { abort } }).exports as Exports;
  return instance;
}

/** Puts numbers where the module can read them, for as long as the result is held. @returns undefined when there is no room for so many */
export function place(numbers: Float32Array | Float64Array): Placed | undefined {
  const bytes = numbers.byteLength;
  if (placedBytes + bytes > mostBytes) return undefined;
  const address = simd().allocate(Math.max(16, bytes));
  new Uint8Array(simd().memory.buffer, address, bytes).set(new Uint8Array(numbers.buffer, numbers.byteOffset, bytes));
  const placed = { address };
  placedBytes += bytes;
  given.register(placed, { address, bytes });
  return placed;
}

/** Memory of the module for one call, at least so many bytes from a multiple of 16 on. What it held is lost with the next call of this. */
export function scratch(bytes: number): number {
  if (bytes > scratchBytes) {
    if (scratchBytes > 0) simd().release(scratchAddress);
    scratchBytes = 2 * bytes;
    scratchAddress = simd().allocate(scratchBytes);
  }
  return scratchAddress;
}

/** Views of the module's memory. They hold until it grows: until the next `place` or `scratch`. */
export function doublesAt(address: number, length: number): Float64Array {
  return new Float64Array(simd().memory.buffer, address, length);
}

export function singlesAt(address: number, length: number): Float32Array {
  return new Float32Array(simd().memory.buffer, address, length);
}

export function integersAt(address: number, length: number): Int32Array {
  return new Int32Array(simd().memory.buffer, address, length);
}

function abort(): never {
  throw new RangeError('the module of vector kernels is out of memory');
}
