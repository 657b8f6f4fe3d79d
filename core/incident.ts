import type { Schema } from './schema.ts';

/** A stretch of time in which a detector or combination stayed flagged. */
export interface Incident {
  /** Hash of stream, detector and start: the same incident has the same id in every run. */
  readonly id: string;
  readonly stream: string;
  readonly detector: string;
  /** Time of the first flagged row. */
  readonly start: bigint;
  /** Time of the last flagged row so far. */
  readonly end: bigint;
  readonly open: boolean;
  /** Flagged rows. */
  readonly rows: number;
  readonly peakTime: bigint;
  readonly peakScore: number;
  readonly peakGrade: number;
  /** Detectors that were flagged at the peak: why. For a single detector, itself. */
  readonly causes: readonly string[];
  /** Signed shares of all tags at the peak, in schema order; empty when unknown. Magnitudes sum to 1. */
  readonly contributions: Float64Array;
}

/** A tag and its signed share of a score: above (positive) or below what was expected. */
export interface TagShare {
  readonly tag: string;
  readonly share: number;
}

/**
 * The tags that carry most of an incident's peak, largest first, ties by schema order; none where contributions are unknown.
 * @example
 * topTags({ contributions: new Float64Array([0.2, -0.8, 0]) }, { tags: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] }, 3); // [{ tag: "b", share: -0.8 }, { tag: "a", share: 0.2 }]
 */
export function topTags(
  { contributions }: Pick<Incident, 'contributions'>,
  { tags }: { readonly tags: readonly Pick<Schema['tags'][number], 'name'>[] },
  count: number,
): TagShare[] {
  return [...contributions]
    .map((share, t) => ({ tag: tags[t].name, share }))
    .filter(({ share }) => Math.abs(share) > 0)
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
    .slice(0, count);
}
