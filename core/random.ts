import { createHash } from 'node:crypto';

/** Seeded random numbers: same seed and purpose, same numbers, on every machine. */
export interface Random {
  /** Uniform in [0, 1) with 32 bits. */
  next(): number;
  /** Uniform integer in [0, n). */
  int(n: number): number;
  /** Standard normal (Box and Muller 1958). */
  normal(): number;
  /** An independent generator for a named purpose. */
  fork(purpose: string): Random;
}

/**
 * xoshiro128** (Blackman and Vigna 2021, doi:10.1145/3460772), its state taken from SHA-256 of seed and purpose.
 * @example
 * makeRandom(7, 'k-means').next() === makeRandom(7, 'k-means').next(); // true
 */
export function makeRandom(seed: number, purpose = ''): Random {
  const digest = createHash('sha256').update(`${seed}\n${purpose}`).digest();
  const s = new Uint32Array([digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)]);
  let spare: number | undefined;
  const next = (): number => {
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result / 4294967296;
  };
  return {
    next,
    int: (n) => Math.floor(next() * n),
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      const angle = 2 * Math.PI * next();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    fork: (name) => makeRandom(seed, `${purpose}/${name}`),
  };
}
