import type { Bucket } from '../../core/store.ts';

/** A bucket's doubles as bytes: min, max, sum and count of every tag, little-endian. */
export function encodeBucket({ min, max, sum, count }: Bucket): Uint8Array {
  const tags = count.length;
  const values = new Float64Array(tags * 4);
  for (const [p, part] of [min, max, sum, count].entries()) values.set(part, p * tags);
  return new Uint8Array(values.buffer);
}

/** @param asked positions of the tags that are wanted; default: all */
export function decodeBucket(level: number, time: bigint, content: Uint8Array, asked?: readonly number[]): Bucket {
  const values = new Float64Array(Uint8Array.from(content).buffer);
  const tags = values.length / 4;
  const [min, max, sum, count] = [0, 1, 2, 3].map((p) =>
    asked ? Float64Array.from(asked, (tag) => values[p * tags + tag]) : values.slice(p * tags, (p + 1) * tags),
  );
  return { level, time, min, max, sum, count };
}
