/** Anomalies as they are injected: deltas one by one, or a shape over so many values. */
export type Anomaly = { readonly deltas: readonly number[] } | { readonly shape: Shape; readonly size: number; readonly length: number };
export type Shape = 'spike' | 'step' | 'ramp' | 'drop' | 'stuck' | 'noise';

/** What each shape does, in the order in which they are offered. */
export const shapes: Readonly<Record<Shape, string>> = {
  spike: 'Rises to the size in the middle and falls back.',
  step: 'Lies higher by the size all the time.',
  ramp: 'Rises evenly to the size, then is over.',
  drop: 'Falls by the size at once and recovers evenly.',
  stuck: 'Stays at the value before it, the size beside it.',
  noise: 'Adds noise with the size as its standard deviation.',
};

interface Preview {
  /** What the item might give by itself. */
  readonly plain: readonly number[];
  /** The same with the anomaly laid over. */
  readonly altered: readonly number[];
  /** Values before the anomaly begins. */
  readonly start: number;
  /** Values that the anomaly lies over. */
  readonly length: number;
}

/** Values drawn before and after an anomaly, as a share of its length, but so many at least. */
const around = 0.25;
const leastAround = 8;

/**
 * An example of what an anomaly does to an item. The noise of the drawing is always the same, so that it does not tremble while a
 * setting is being changed.
 */
export function previewOf(anomaly: Anomaly, { mean, variance }: { mean: number; variance: number }): Preview {
  const length = 'deltas' in anomaly ? anomaly.deltas.length : anomaly.length;
  const start = Math.max(leastAround, Math.round(length * around));
  const normal = normals(7);
  const extra = normals(11);
  const deviation = Math.sqrt(variance);
  const plain = Array.from({ length: start + length + start }, () => mean + deviation * normal());
  const held = plain[start - 1];
  const altered = plain.map((value, k) => {
    const at = k - start;
    if (at < 0 || at >= length) return value;
    return 'deltas' in anomaly ? value + anomaly.deltas[at] : shaped(anomaly, { value, held, at, noise: extra() });
  });
  return { plain, altered, start, length };
}

function shaped(
  { shape, size, length }: Extract<Anomaly, { shape: Shape }>,
  { value, held, at, noise }: { value: number; held: number; at: number; noise: number },
): number {
  switch (shape) {
    case 'spike':
      return value + (size * Math.min(at + 1, length - at)) / Math.ceil(length / 2);
    case 'step':
      return value + size;
    case 'ramp':
      return value + (size * (at + 1)) / length;
    case 'drop':
      return value - size * (1 - at / length);
    case 'stuck':
      return held + size;
    case 'noise':
      return value + size * noise;
  }
}

/** Standard normal numbers by Box and Muller from a linear congruence: good enough to be looked at. */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return (state + 1) / 4_294_967_297;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
