/**
 * Uniform in (0, 1), by xoshiro128** (Blackman and Vigna 2021, doi:10.1145/3460772) on a state that a record can hold.
 * @param state four integers, not all zero
 */
export function nextUniform(state: Int32Array): number {
  const x = Math.imul(state[1], 5);
  const bits = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
  const t = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= t;
  state[3] = (state[3] << 11) | (state[3] >>> 21);
  return (bits + 0.5) / 4294967296;
}

/**
 * Key of a new point: of those that came, the ones with the least keys are a sample in which a point counts for e^decay times as much
 * as the one before it (Efraimidis and Spirakis 2006, doi:10.1016/j.ipl.2005.11.003, on a log scale).
 *
 * @param age decay x points since the keys were last aged
 */
export function sampleKey(age: number, uniform: number): number {
  return Math.fround(Math.log(-Math.log(uniform)) - age);
}

/** Adds an entry to a heap of `count` with the largest key first, at `at` of the arrays. */
export function pushKey(key: Float32Array, drawn: Uint16Array, at: number, count: number, newKey: number, leaf: number): void {
  let i = count;
  while (i > 0) {
    const up = (i - 1) >> 1;
    if (!(key[at + up] < newKey)) break;
    key[at + i] = key[at + up];
    drawn[at + i] = drawn[at + up];
    i = up;
  }
  key[at + i] = newKey;
  drawn[at + i] = leaf;
}

/** Replaces the entry with the largest key. @returns the leaf that it stood for */
export function replaceLargestKey(key: Float32Array, drawn: Uint16Array, at: number, count: number, newKey: number, leaf: number): number {
  const gone = drawn[at];
  let i = 0;
  for (;;) {
    let down = 2 * i + 1;
    if (down >= count) break;
    if (down + 1 < count && key[at + down + 1] > key[at + down]) down++;
    if (!(key[at + down] > newKey)) break;
    key[at + i] = key[at + down];
    drawn[at + i] = drawn[at + down];
    i = down;
  }
  key[at + i] = newKey;
  drawn[at + i] = leaf;
  return gone;
}
