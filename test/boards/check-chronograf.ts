import { chronografQueries, filledQuery } from './chronograf-queries.ts';
import type { DataSource } from './data-sources.ts';
import type { Finding } from './finding.ts';
import { type Judge, newTally, type Tally, timed } from './query-log.ts';

export interface ChronografReport extends Tally {
  readonly cells: number;
  readonly findings: readonly Finding[];
  readonly notes: readonly Finding[];
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly { readonly name: string; readonly columns: readonly string[]; readonly values: readonly (readonly unknown[])[] }[];
  }[];
}

/** What a page of Chronograf asks for when it is opened: a quarter of an hour, in some hundred points. */
const opened = { from: 'now() - 15m', to: 'now()', interval: '10s' };

/** Every query of Chronograf's dashboards, by InfluxQL, with the reader's token. */
export async function checkChronograf({ url, token }: DataSource, database: string, { mayBeEmpty }: Judge): Promise<ChronografReport> {
  const tally = newTally();
  const findings: Finding[] = [];
  const notes: Finding[] = [];
  const queries = chronografQueries(database);
  for (const { dashboard, cell, query } of queries) {
    const where = `Chronograf '${dashboard}' / ${cell}`;
    const filled = filledQuery(query, opened);
    const wrong = (what: string): number => findings.push({ where, what, query: filled });
    const empty = (what: string): void => {
      tally.empty++;
      (mayBeEmpty ? notes : findings).push({ where, what, query: filled });
    };
    const left = /:\w+:/.exec(filled);
    if (left) wrong(`the variable ${left[0]} is not filled`);
    const answer = await timed(tally, where, () => askInfluxQl(url, token, database, filled)).catch((error: Error) => error);
    if (answer instanceof Error) {
      wrong(answer.message);
      continue;
    }
    const series = answer.results?.flatMap((result) => result.series ?? []) ?? [];
    const rows = series.reduce((sum, { values }) => sum + values.length, 0);
    tally.rows += rows;
    if (rows === 0) empty('gives no row');
    else if (!series.some(({ columns, values }) => values.some((row) => row.some((value, i) => columns[i] !== 'time' && value !== null))))
      empty('gives rows without a value');
  }
  return { cells: new Set(queries.map(({ dashboard, cell }) => `${dashboard}/${cell}`)).size, ...tally, findings, notes };
}

async function askInfluxQl(url: string, token: string, database: string, query: string): Promise<Answer> {
  const response = await fetch(new URL(`/query?${new URLSearchParams({ db: database, q: query, epoch: 'ms' })}`, url), {
    headers: { Authorization: `Token ${token}` },
    signal: AbortSignal.timeout(60_000),
  });
  const answer = (await response.json()) as Answer;
  const error = answer.error ?? answer.results?.find((result) => result.error)?.error;
  if (error !== undefined) throw new Error(`${response.status}: ${error}`);
  return answer;
}
