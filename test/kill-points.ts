import type { Sluice } from './command-line.ts';

/** What the log has told of a run: offsets of data rows, or of a topic's only partition. */
export interface Seen {
  /** Where it began; -1 before that was told. */
  resumedAt: number;
  readonly commits: number[];
  /** Of the last commit in this run or, before its first, where it began. */
  committed: number;
  processed: number;
  warm: boolean;
}

export interface Kill {
  readonly when: string;
  readonly at: (seen: Seen) => boolean;
  /** Rows of a batch and of a commit in this run, so that every resumption batches otherwise. */
  readonly batch: number;
  readonly commit: number;
}

/** Follows a run's log, which has to be at the level `trace`. */
export function watch(run: Sluice, told: (seen: Seen) => void = () => {}): Seen {
  const seen: Seen = { resumedAt: -1, commits: [], committed: 0, processed: 0, warm: false };
  run.onLine(({ log }) => {
    if (log?.msg === 'started') seen.committed = seen.processed = seen.resumedAt = Number(log.resumedAt);
    else if (log?.msg === 'partition taken') seen.committed = seen.processed = seen.resumedAt = Number(log.nextOffset);
    else if (log?.msg === 'committed') {
      seen.committed = Number(log.nextOffset);
      seen.commits.push(seen.committed);
    } else if (log?.msg === 'processed, not yet committed') seen.processed = Number(log.nextOffset);
    else if (log?.msg.startsWith('warmed up')) seen.warm = true;
    told(seen);
  });
  return seen;
}
