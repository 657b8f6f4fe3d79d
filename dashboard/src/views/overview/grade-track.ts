import type { LiveRows, Scores } from '../../../../serve/api.ts';
import { type Status, statusOf } from '../../components/status-mark.tsx';

/** The last grades of a detector as the worst of each step of time, oldest first, and its newest verdict. */
export interface GradeTrack {
  readonly times: readonly number[];
  readonly grades: readonly (number | null)[];
  readonly now: Status;
}

/** So much is kept, ms of the plant's time, in steps of so much. */
export const kept = 600_000;
const step = 5_000;

/** Tracks from what is stored. */
export function tracksOf({ detectors }: Scores): Map<string, GradeTrack> {
  const none: GradeTrack = { times: [], grades: [], now: 'undefined' };
  return new Map(detectors.map(({ detector, times, grade, status }) => [detector, append(none, times, grade, status)]));
}

/** The tracks with a frame of the live feed put behind them. */
export function follow(tracks: ReadonlyMap<string, GradeTrack>, { times, verdicts }: LiveRows): Map<string, GradeTrack> {
  const next = new Map(tracks);
  for (const { detector, grade, status } of verdicts) {
    next.set(detector, append(tracks.get(detector) ?? { times: [], grades: [], now: 'undefined' }, times, grade, status));
  }
  return next;
}

function append(track: GradeTrack, times: readonly number[], grade: readonly (number | null)[], status: readonly number[]): GradeTrack {
  if (times.length === 0) return track;
  const steps = new Map(track.times.map((time, index) => [time, track.grades[index] ?? null]));
  times.forEach((time, index) => {
    const bucket = Math.floor(time / step) * step;
    const old = steps.get(bucket) ?? null;
    const now = grade[index] ?? null;
    steps.set(bucket, old === null ? now : now === null ? old : Math.max(old, now));
  });
  const newest = Math.max(...steps.keys());
  const sorted = [...steps].filter(([time]) => time > newest - kept).sort(([a], [b]) => a - b);
  return { times: sorted.map(([time]) => time), grades: sorted.map(([, value]) => value), now: statusOf(status.at(-1)) };
}
