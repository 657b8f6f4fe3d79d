import type { DataSource } from './data-sources.ts';
import type { Finding } from './finding.ts';
import { queryFlux } from './flux-client.ts';
import type { FluxDiagnostics } from './flux-diagnostics.ts';
import { type Frame, framesOf } from './grafana-frames.ts';

/** What came of the queries of a board, or of another source of queries. */
export interface Tally {
  queries: number;
  rows: number;
  /** Queries that gave no row. */
  empty: number;
  slowestMs: number;
  /** Where the slowest stands. */
  slowest: string;
}

export const newTally = (): Tally => ({ queries: 0, rows: 0, empty: 0, slowestMs: 0, slowest: '' });

export interface QueryLog {
  readonly tally: Tally;
  readonly findings: Finding[];
  /** What is empty in a store where that is no mistake. */
  readonly notes: Finding[];
  /** Runs a script with its variables filled. @returns its frames; undefined where it failed or gave nothing, which is noted */
  run(query: Asked): Promise<Frame[] | undefined>;
  note(where: string, what: readonly string[], query?: string): void;
}

/** How answers are judged. */
export interface Judge {
  readonly diagnostics: FluxDiagnostics;
  /** Whether an empty answer is no mistake: nothing of the kind may have happened. */
  readonly mayBeEmpty: boolean;
}

interface Asked {
  readonly where: string;
  readonly source: DataSource;
  readonly flux: string;
  /** The most rows that Grafana takes of one series. */
  readonly maxPoints: number;
}

/** Asks the real server, and the language server before. */
export function openQueryLog({ diagnostics, mayBeEmpty }: Judge): QueryLog {
  const tally = newTally();
  const findings: Finding[] = [];
  const notes: Finding[] = [];
  const note: QueryLog['note'] = (where, what, query) => findings.push(...what.map((one) => ({ where, what: one, ...(query === undefined ? {} : { query }) })));
  return {
    tally,
    findings,
    notes,
    note,
    async run({ where, source, flux, maxPoints }) {
      note(where, await diagnostics.errorsOf(flux), flux);
      const frames = await timed(tally, where, async () => framesOf(await queryFlux(source, flux))).catch((error: Error) => {
        note(where, [error.message], flux);
        return undefined;
      });
      if (!frames) return undefined;
      const rows = frames.reduce((sum, { length }) => sum + length, 0);
      tally.rows += rows;
      if (rows === 0 || (mayBeEmpty && !frames.some(hasValue))) {
        tally.empty++;
        const what = rows === 0 ? 'gives no row' : 'gives rows without a value';
        if (mayBeEmpty) notes.push({ where, what, query: flux });
        else note(where, [what], flux);
        return undefined;
      }
      const longest = Math.max(...frames.map(({ length }) => length));
      if (longest > maxPoints) note(where, [`gives a series of ${longest} rows: Grafana cuts it at ${maxPoints}`], flux);
      return frames;
    },
  };
}

const hasValue = ({ fields }: Frame): boolean => fields.some(({ type, values }) => type !== 'time' && values.some((value) => value !== null));

export async function timed<T>(tally: Tally, where: string, ask: () => Promise<T>): Promise<T> {
  tally.queries++;
  const begin = performance.now();
  try {
    return await ask();
  } finally {
    const took = performance.now() - begin;
    if (took > tally.slowestMs) {
      tally.slowestMs = took;
      tally.slowest = where;
    }
  }
}
