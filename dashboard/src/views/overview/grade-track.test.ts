import { describe, expect, it } from 'vitest';
import { follow, kept, tracksOf } from './grade-track.ts';

const stored = {
  from: null,
  to: null,
  level: 0,
  thresholds: [],
  detectors: [{ detector: 'var', times: [0, 1_000, 5_000], score: [1, 2, 3], grade: [0.1, 0.4, null], status: [1, 1, 2] }],
};
const frame = (times: number[], grade: (number | null)[], status: number[]) => ({
  stream: 's',
  times,
  tags: [],
  verdicts: [{ detector: 'var', score: grade, grade, status }],
  skipped: 0,
});

describe('the last grades of a detector', () => {
  it('are the worst of each five seconds, with the newest verdict', () => {
    const tracks = tracksOf(stored);
    expect(tracks.get('var')).toEqual({ times: [0, 5_000], grades: [0.4, null], now: 'undefined' });
    expect(follow(tracks, frame([6_000, 9_999, 10_000], [0.7, 0.3, 1.2], [0, 1, -1])).get('var')).toEqual({
      times: [0, 5_000, 10_000],
      grades: [0.4, 0.7, 1.2],
      now: 'error',
    });
  });

  it('forget what is older than is shown, and stay as they are when nothing came', () => {
    const tracks = tracksOf(stored);
    expect(follow(tracks, frame([kept + 2_000], [0.2], [1])).get('var')?.times).toEqual([5_000, kept]);
    expect(follow(tracks, frame([], [], [])).get('var')).toEqual(tracks.get('var'));
  });
});
