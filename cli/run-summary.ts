import { formatDuration } from '../core/time.ts';

/** What a process did with rows in this run. */
export interface RunFigures {
  /** Rows that came, dead ones included. */
  readonly rowsRead: number;
  readonly rowsStored: number;
  readonly deadLetters: number;
  readonly deadReasons: Readonly<Record<string, number>>;
  readonly duplicates: number;
  /** Behind the newest time, inside the lateness window: stored and scored. */
  readonly late: number;
  /** Incidents that opened, per detector and combination. */
  readonly incidents: Readonly<Record<string, number>>;
  /** Everything was read to its end, and all of it taken in. */
  readonly ended: boolean;
  /** From the first row read to the last commit; without the wait for Ctrl-C at the end. */
  readonly seconds: number;
  /** rowsRead / seconds. */
  readonly rowsPerSecond: number;
  readonly peakRssMb: number;
}

/** What a run has to show: its own figures, and under `total` those since the stream began. */
export interface RunSummary extends RunFigures {
  readonly stream: string;
  readonly source: string;
  readonly store: string | undefined;
  readonly tags: number;
  /** Values without a reading, by reason. */
  readonly missing: Readonly<Record<string, number>>;
  readonly resumedAt: number;
  /** Since the process began. */
  readonly processSeconds: number;
  readonly total: {
    readonly rowsRead: number;
    readonly rowsStored: number;
    readonly deadLetters: number;
    readonly duplicates: number;
    readonly late: number;
    readonly incidents: Readonly<Record<string, number>>;
  };
}

/** The summary for people, a fact a line. */
export function summaryLines(summary: RunSummary): string[] {
  const count = (n: number): string => n.toLocaleString('en-US');
  const incidents = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([detector, n]) => `${detector} ${n}`)
      .join(', ') || 'none';
  const missing = Object.entries(summary.missing).map(([reason, n]) => `${count(n)} ${reason}`);
  const dead = Object.entries(summary.deadReasons).map(([reason, n]) => `${reason} ${count(n)}`);
  const lines: [string, string][] = [
    [
      'rows',
      `${count(summary.rowsRead)} read, ${count(summary.rowsStored)} stored, ${count(summary.duplicates)} duplicate, ${count(summary.late)} late, ${count(summary.deadLetters)} dead`,
    ],
    ...(missing.length > 0 ? [['missing', `values: ${missing.join(', ')}`] as [string, string]] : []),
    ...(dead.length > 0 ? [['dead', dead.join(', ')] as [string, string]] : []),
    ['incidents', incidents(summary.incidents)],
    ...(summary.resumedAt > 0
      ? [['in all', `${count(summary.total.rowsStored)} rows stored, incidents: ${incidents(summary.total.incidents)}`] as [string, string]]
      : []),
    [
      'speed',
      `${count(summary.rowsPerSecond)} rows/s: ${count(summary.rowsRead)} rows in ${secondsText(summary.seconds)} from the first row to the last commit`,
    ],
    ['process', `${secondsText(summary.processSeconds)} in all, peak memory ${count(summary.peakRssMb)} MB`],
  ];
  return lines.map(([name, text]) => `${name.padEnd(nameWidth)}${text}`);
}

const nameWidth = 10;

/** Exact enough for the rate to be checked by it. */
function secondsText(seconds: number): string {
  return seconds >= 1 && seconds < 60 ? `${seconds.toFixed(1)} s` : formatDuration(seconds * 1000);
}

/** What to type next: not to be broken into lines, so that it can be copied. */
export function nextLines({ deadLetters }: RunSummary, typed: (what: 'incidents' | 'dead') => string): string[] {
  const lines = [`${'next'.padEnd(nameWidth)}${typed('incidents')}`];
  if (deadLetters > 0) lines.push(`${''.padEnd(nameWidth)}${typed('dead')}`);
  return lines;
}
