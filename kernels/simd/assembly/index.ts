/**
 * The loops that are worth vector instructions, in AssemblyScript: what is called with addresses into the module's memory.
 * Each has a counterpart in plain TypeScript, which says what it computes. Lanes are rows or references side by side and never
 * parts of one sum, so that every sum runs in the order in which the counterpart runs it.
 */
export function allocate(bytes: usize): usize {
  return heap.alloc(bytes);
}

export function release(address: usize): void {
  heap.free(address);
}

/**
 * out[r] = own + half of reference r - x'r in single precision, for one row x and references sixteen side by side.
 * Element j of reference r stands at refs + (((r >> 4) * cols + j) * 16 + (r & 15)) * 4.
 */
export function halfForms1(refs: usize, blocks: usize, cols: usize, halves: usize, x: usize, own: f32, out: usize): void {
  const end = x + (cols << 2);
  const h = f32x4.splat(own);
  let p = refs;
  for (let b: usize = 0; b < blocks; b++) {
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let a2 = f32x4.splat(0);
    let a3 = f32x4.splat(0);
    for (let i = x; i < end; i += 4) {
      const v = v128.load_splat<f32>(i);
      a0 = f32x4.add(a0, f32x4.mul(v, v128.load(p)));
      a1 = f32x4.add(a1, f32x4.mul(v, v128.load(p, 16)));
      a2 = f32x4.add(a2, f32x4.mul(v, v128.load(p, 32)));
      a3 = f32x4.add(a3, f32x4.mul(v, v128.load(p, 48)));
      p += 64;
    }
    const at = b << 6;
    storeHalves(out + at, halves + at, h, a0, a1, a2, a3);
  }
}

/** The same for two rows, the second one `cols` elements behind the first, its results `blocks` times sixteen behind. */
export function halfForms2(refs: usize, blocks: usize, cols: usize, halves: usize, x: usize, own0: f32, own1: f32, out: usize): void {
  const stride = cols << 2;
  const end = x + stride;
  const out1 = out + (blocks << 6);
  const h0 = f32x4.splat(own0);
  const h1 = f32x4.splat(own1);
  let p = refs;
  for (let b: usize = 0; b < blocks; b++) {
    let a0 = f32x4.splat(0);
    let a1 = f32x4.splat(0);
    let a2 = f32x4.splat(0);
    let a3 = f32x4.splat(0);
    let b0 = f32x4.splat(0);
    let b1 = f32x4.splat(0);
    let b2 = f32x4.splat(0);
    let b3 = f32x4.splat(0);
    for (let i = x; i < end; i += 4) {
      const v = v128.load_splat<f32>(i);
      const w = v128.load_splat<f32>(i + stride);
      const r0 = v128.load(p);
      const r1 = v128.load(p, 16);
      const r2 = v128.load(p, 32);
      const r3 = v128.load(p, 48);
      a0 = f32x4.add(a0, f32x4.mul(v, r0));
      a1 = f32x4.add(a1, f32x4.mul(v, r1));
      a2 = f32x4.add(a2, f32x4.mul(v, r2));
      a3 = f32x4.add(a3, f32x4.mul(v, r3));
      b0 = f32x4.add(b0, f32x4.mul(w, r0));
      b1 = f32x4.add(b1, f32x4.mul(w, r1));
      b2 = f32x4.add(b2, f32x4.mul(w, r2));
      b3 = f32x4.add(b3, f32x4.mul(w, r3));
      p += 64;
    }
    const at = b << 6;
    storeHalves(out + at, halves + at, h0, a0, a1, a2, a3);
    storeHalves(out1 + at, halves + at, h1, b0, b1, b2, b3);
  }
}

function storeHalves(out: usize, halves: usize, own: v128, a0: v128, a1: v128, a2: v128, a3: v128): void {
  v128.store(out, f32x4.sub(f32x4.add(own, v128.load(halves)), a0));
  v128.store(out, f32x4.sub(f32x4.add(own, v128.load(halves, 16)), a1), 16);
  v128.store(out, f32x4.sub(f32x4.add(own, v128.load(halves, 32)), a2), 32);
  v128.store(out, f32x4.sub(f32x4.add(own, v128.load(halves, 48)), a3), 48);
}

/** Of `count` bounds (a multiple of 16) the numbers of the k smallest, the first of equal ones; `list` is memory for k bounds. */
export function smallest(bounds: usize, count: i32, k: i32, list: usize, index: usize): void {
  let held: i32 = 0;
  let last: f32 = f32.MAX_VALUE;
  let most = f32x4.splat(last);
  for (let r: i32 = 0; r < count; r += 4) {
    if (!v128.any_true(f32x4.lt(v128.load(bounds + ((<usize>r) << 2)), most))) continue;
    for (let s: i32 = r; s < r + 4; s++) {
      const bound = load<f32>(bounds + ((<usize>s) << 2));
      if (!(bound < last)) continue;
      let place: i32 = held < k ? held : k - 1;
      while (place > 0) {
        const before = load<f32>(list + ((<usize>(place - 1)) << 2));
        if (!(bound < before)) break;
        store<f32>(list + ((<usize>place) << 2), before);
        store<i32>(index + ((<usize>place) << 2), load<i32>(index + ((<usize>(place - 1)) << 2)));
        place--;
      }
      store<f32>(list + ((<usize>place) << 2), bound);
      store<i32>(index + ((<usize>place) << 2), s);
      if (held < k) held++;
      if (held === k) {
        last = load<f32>(list + ((<usize>(k - 1)) << 2));
        most = f32x4.splat(last);
      }
    }
  }
}

/** Numbers of the bounds that are no more than `most`, ascending; returns how many. */
export function atMost(bounds: usize, count: i32, most: f32, index: usize): i32 {
  const limit = f32x4.splat(most);
  let found: usize = 0;
  for (let r: i32 = 0; r < count; r += 4) {
    let mask = i32x4.bitmask(f32x4.le(v128.load(bounds + ((<usize>r) << 2)), limit));
    while (mask !== 0) {
      store<i32>(index + (found << 2), r + ctz(mask));
      found++;
      mask &= mask - 1;
    }
  }
  return <i32>found;
}

/**
 * Squared Euclidean distances in double precision of two rows to references eight side by side: element j of reference r stands
 * at refs + (((r >> 3) * cols + j) * 8 + (r & 7)) * 8; the second row's results lie `blocks` times eight behind the first one's.
 */
export function squaredDistances2(refs: usize, blocks: usize, cols: usize, x: usize, out: usize): void {
  const stride = cols << 3;
  const end = x + stride;
  const out1 = out + (blocks << 6);
  let p = refs;
  for (let b: usize = 0; b < blocks; b++) {
    let a0 = f64x2.splat(0);
    let a1 = f64x2.splat(0);
    let a2 = f64x2.splat(0);
    let a3 = f64x2.splat(0);
    let b0 = f64x2.splat(0);
    let b1 = f64x2.splat(0);
    let b2 = f64x2.splat(0);
    let b3 = f64x2.splat(0);
    for (let i = x; i < end; i += 8) {
      const v = v128.load_splat<f64>(i);
      const w = v128.load_splat<f64>(i + stride);
      const r0 = v128.load(p);
      const r1 = v128.load(p, 16);
      const r2 = v128.load(p, 32);
      const r3 = v128.load(p, 48);
      a0 = addSquare(a0, f64x2.sub(v, r0));
      a1 = addSquare(a1, f64x2.sub(v, r1));
      a2 = addSquare(a2, f64x2.sub(v, r2));
      a3 = addSquare(a3, f64x2.sub(v, r3));
      b0 = addSquare(b0, f64x2.sub(w, r0));
      b1 = addSquare(b1, f64x2.sub(w, r1));
      b2 = addSquare(b2, f64x2.sub(w, r2));
      b3 = addSquare(b3, f64x2.sub(w, r3));
      p += 64;
    }
    const at = b << 6;
    storeFour(out + at, a0, a1, a2, a3);
    storeFour(out1 + at, b0, b1, b2, b3);
  }
}

/** The same for one row. */
export function squaredDistances1(refs: usize, blocks: usize, cols: usize, x: usize, out: usize): void {
  const end = x + (cols << 3);
  let p = refs;
  for (let b: usize = 0; b < blocks; b++) {
    let a0 = f64x2.splat(0);
    let a1 = f64x2.splat(0);
    let a2 = f64x2.splat(0);
    let a3 = f64x2.splat(0);
    for (let i = x; i < end; i += 8) {
      const v = v128.load_splat<f64>(i);
      a0 = addSquare(a0, f64x2.sub(v, v128.load(p)));
      a1 = addSquare(a1, f64x2.sub(v, v128.load(p, 16)));
      a2 = addSquare(a2, f64x2.sub(v, v128.load(p, 32)));
      a3 = addSquare(a3, f64x2.sub(v, v128.load(p, 48)));
      p += 64;
    }
    storeFour(out + (b << 6), a0, a1, a2, a3);
  }
}

function addSquare(sum: v128, difference: v128): v128 {
  return f64x2.add(sum, f64x2.mul(difference, difference));
}

function storeFour(out: usize, a0: v128, a1: v128, a2: v128, a3: v128): void {
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, a2, 32);
  v128.store(out, a3, 48);
}

/**
 * Products of a matrix with rows: out[row * outs + j] = start[j] + sum over k of weight[j][k] x[k], with rows that begin every `stride`
 * elements and `inputs` elements each. Outputs lie eight side by side: weight (j, k) stands at weights + (((j >> 3) * inputs + k) * 8 + (j & 7)) * 8,
 * start likewise; of each row `blocks` times eight outputs are written.
 */
export function linearMap(weights: usize, start: usize, blocks: usize, inputs: usize, x: usize, stride: usize, rows: usize, out: usize): void {
  const step = stride << 3;
  const width = blocks << 6;
  const length = inputs << 3;
  const even = rows & ~1;
  for (let row: usize = 0; row < even; row += 2) {
    const first = x + row * step;
    const end = first + length;
    const to = out + row * width;
    let p = weights;
    for (let b: usize = 0; b < blocks; b++) {
      const at = b << 6;
      let a0 = v128.load(start + at);
      let a1 = v128.load(start + at, 16);
      let a2 = v128.load(start + at, 32);
      let a3 = v128.load(start + at, 48);
      let b0 = a0;
      let b1 = a1;
      let b2 = a2;
      let b3 = a3;
      for (let i = first; i < end; i += 8) {
        const v = v128.load_splat<f64>(i);
        const w = v128.load_splat<f64>(i + step);
        const r0 = v128.load(p);
        const r1 = v128.load(p, 16);
        const r2 = v128.load(p, 32);
        const r3 = v128.load(p, 48);
        a0 = f64x2.add(a0, f64x2.mul(r0, v));
        a1 = f64x2.add(a1, f64x2.mul(r1, v));
        a2 = f64x2.add(a2, f64x2.mul(r2, v));
        a3 = f64x2.add(a3, f64x2.mul(r3, v));
        b0 = f64x2.add(b0, f64x2.mul(r0, w));
        b1 = f64x2.add(b1, f64x2.mul(r1, w));
        b2 = f64x2.add(b2, f64x2.mul(r2, w));
        b3 = f64x2.add(b3, f64x2.mul(r3, w));
        p += 64;
      }
      storeFour(to + at, a0, a1, a2, a3);
      storeFour(to + width + at, b0, b1, b2, b3);
    }
  }
  if (even === rows) return;
  const first = x + even * step;
  const to = out + even * width;
  let p = weights;
  for (let b: usize = 0; b < blocks; b++) {
    const at = b << 6;
    let a0 = v128.load(start + at);
    let a1 = v128.load(start + at, 16);
    let a2 = v128.load(start + at, 32);
    let a3 = v128.load(start + at, 48);
    for (let i = first; i < first + length; i += 8) {
      const v = v128.load_splat<f64>(i);
      a0 = f64x2.add(a0, f64x2.mul(v128.load(p), v));
      a1 = f64x2.add(a1, f64x2.mul(v128.load(p, 16), v));
      a2 = f64x2.add(a2, f64x2.mul(v128.load(p, 32), v));
      a3 = f64x2.add(a3, f64x2.mul(v128.load(p, 48), v));
      p += 64;
    }
    storeFour(to + at, a0, a1, a2, a3);
  }
}

/**
 * Squared lengths of eight rows after a lower triangular map, packed row by row. The rows lie side by side: column j of row r at
 * centred + (j * 8 + r) * 8.
 */
export function squaredNorms8(centred: usize, cols: usize, lower: usize, out: usize): void {
  let n0 = f64x2.splat(0);
  let n1 = f64x2.splat(0);
  let n2 = f64x2.splat(0);
  let n3 = f64x2.splat(0);
  let at = lower;
  for (let i: usize = 0; i < cols; i++) {
    let a0 = f64x2.splat(0);
    let a1 = f64x2.splat(0);
    let a2 = f64x2.splat(0);
    let a3 = f64x2.splat(0);
    const end = centred + ((i + 1) << 6);
    for (let x = centred; x < end; x += 64) {
      const w = v128.load_splat<f64>(at);
      a0 = f64x2.add(a0, f64x2.mul(w, v128.load(x)));
      a1 = f64x2.add(a1, f64x2.mul(w, v128.load(x, 16)));
      a2 = f64x2.add(a2, f64x2.mul(w, v128.load(x, 32)));
      a3 = f64x2.add(a3, f64x2.mul(w, v128.load(x, 48)));
      at += 8;
    }
    n0 = f64x2.add(n0, f64x2.mul(a0, a0));
    n1 = f64x2.add(n1, f64x2.mul(a1, a1));
    n2 = f64x2.add(n2, f64x2.mul(a2, a2));
    n3 = f64x2.add(n3, f64x2.mul(a3, a3));
  }
  storeFour(out, n0, n1, n2, n3);
}

export { doubleText, integerText } from './number-text';
