import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../repository-root.ts';

export interface Cell {
  readonly i: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly name: string;
  readonly type: string;
  readonly note: string;
  readonly queries: readonly { readonly query: string; readonly source: string; readonly type: string }[];
  readonly axes: Readonly<Record<string, { readonly label: string; readonly suffix: string; readonly base: string; readonly scale: string }>>;
  readonly colors: readonly { readonly id: string; readonly type: string; readonly hex: string; readonly value: string }[];
}

export interface Dashboard {
  readonly id: number;
  readonly name: string;
  readonly organization: string;
  readonly templates: readonly unknown[];
  readonly cells: readonly Cell[];
}

export interface ChronografQuery {
  readonly dashboard: string;
  /** The cell's name. */
  readonly cell: string;
  /** InfluxQL with Chronograf's variables: `filledQuery` puts them in. */
  readonly query: string;
  /** What `db` of InfluxDB's `/query` is to say. */
  readonly database: string;
}

const folder = join(repositoryRoot, 'chronograf/resources');

export const resourceFiles = (): string[] => readdirSync(folder);

/**
 * The text of a resource file as Chronograf reads it: a template of Go over the environment, where a name that is not set is an error.
 * @throws Error for a name that the environment does not have, as Chronograf then leaves the file out
 */
export function resourceText(file: string, environment: Readonly<Record<string, string>>): string {
  return readFileSync(join(folder, file), 'utf8').replace(/\{\{ \.([A-Z_]+) \}\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined) throw new Error(`${file}: ${name} is not set`);
    return value;
  });
}

export const dashboards = (database: string): Dashboard[] =>
  resourceFiles()
    .filter((file) => file.endsWith('.dashboard'))
    .map((file) => JSON.parse(resourceText(file, { INFLUX_MONITORING_BUCKET: database })) as Dashboard);

/** Every query of every dashboard, on a database: the bucket of metrics of the machines. */
export const chronografQueries = (database = 'monitoring'): ChronografQuery[] =>
  dashboards(database).flatMap(({ name, cells }) =>
    cells.flatMap((cell) => cell.queries.map(({ query }) => ({ dashboard: name, cell: cell.name, query, database }))),
  );

/** The query with a range of time and an interval put in for Chronograf's variables, as its pages do. Times are InfluxQL, such as `now() - 15m`. */
export function filledQuery(query: string, { from, to, interval }: { from: string; to: string; interval: string }): string {
  return query.replaceAll(':dashboardTime:', from).replaceAll(':upperDashboardTime:', to).replaceAll(':interval:', interval);
}
