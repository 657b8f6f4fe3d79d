import type { Scores } from '../../../../serve/api.ts';

export interface FlaggedTogether {
  /** Ascending; a row, or a bucket's beginning. */
  readonly times: number[];
  /** How many detectors flagged it; where points stand for many rows, any of them. */
  readonly count: number[];
  /** How many points were flagged by none, by one ... by all. */
  readonly points: number[];
}

const flagged = (status: number) => status <= 0;
const judged = (status: number) => status !== 2;

/** For each point in time, how many detectors flag it. Points that none of them judged are left out. */
export function flaggedTogether(detectors: Scores['detectors']): FlaggedTogether {
  const counts = new Map<number, number>();
  for (const { times, status } of detectors) {
    times.forEach((time, index) => {
      if (judged(status[index]!)) counts.set(time, (counts.get(time) ?? 0) + (flagged(status[index]!) ? 1 : 0));
    });
  }
  const times = [...counts.keys()].sort((a, b) => a - b);
  const count = times.map((time) => counts.get(time)!);
  const points = new Array<number>(detectors.length + 1).fill(0);
  for (const each of count) points[each]! += 1;
  return { times, count, points };
}
