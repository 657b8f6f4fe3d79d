import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { measurement, originField } from '../../connectors/influxdb/layout.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { type AlertReport, checkAlertRules } from './alert-rules.ts';
import { repeated } from './board-structure.ts';
import { type BoardReport, checkBoard, type Store } from './check-board.ts';
import { type ChronografReport, checkChronograf } from './check-chronograf.ts';
import { checkTasks, type TaskReport } from './check-tasks.ts';
import { type Board, readBoards } from './dashboard.ts';
import { type DataSource, readDataSources } from './data-sources.ts';
import type { Finding } from './finding.ts';
import { queryFlux } from './flux-client.ts';
import { fluxDiagnostics } from './flux-diagnostics.ts';
import type { TimeRange } from './grafana-macros.ts';
import { tasksOf } from './monitoring-past.ts';
import type { Environment } from './provisioned-text.ts';

export interface CheckOptions {
  /** As grafana/provisioning: folders dashboards, datasources and, where there are rules, alerting. */
  readonly provisioning: string;
  /** What Grafana is given: addresses, buckets and the reader's token. */
  readonly environment: Environment;
  /** Only this board's uid. */
  readonly only?: string | undefined;
  /** Whether the store is as it happens to be: what is empty there is a note, no finding. Default: no. */
  readonly mayBeEmpty?: boolean;
  readonly progress?: (what: string) => void;
}

export interface Report {
  readonly boards: readonly BoardReport[];
  readonly alerts?: AlertReport;
  readonly tasks?: TaskReport;
  readonly chronograf?: ChronografReport;
  readonly findings: readonly Finding[];
  /** What there was nothing of, where that may be. */
  readonly notes: readonly Finding[];
}

/** Boards that are checked at the same time: InfluxDB takes a processor for a query. */
const atOnce = 2;
/** As the boards of metrics open: the last hour. */
const monitoringMs = 3_600_000;

interface WantedBoards {
  readonly boards: readonly Board[];
  /** Those to check: one, or all. */
  readonly wanted: readonly Board[];
  readonly findings: Finding[];
}

/** The boards to check, found without asking any server. @throws SluiceError USAGE for a folder or a board that is not there */
export async function wantedBoards({ provisioning, only }: Pick<CheckOptions, 'provisioning' | 'only'>): Promise<WantedBoards> {
  const wrong = (what: string): SluiceError =>
    new SluiceError('USAGE', what, { place: '--provisioning', fix: 'Name a folder such as grafana/provisioning, with folders dashboards and datasources.' });
  const folder = join(provisioning, 'dashboards');
  if (!isFolder(provisioning)) throw wrong(`there is no folder ${quote(provisioning)}`);
  const { boards, findings } = isFolder(folder) ? await readBoards(folder) : { boards: [], findings: [] };
  if (boards.length === 0 && findings.length === 0) throw wrong(`${quote(provisioning)} holds no boards`);
  if (!isFolder(join(provisioning, 'datasources'))) throw wrong(`${quote(provisioning)} holds no data sources`);
  const wanted = boards.filter(({ uid }) => only === undefined || uid === only);
  if (only !== undefined && wanted.length === 0) {
    throw new SluiceError('USAGE', `there is no board ${quote(only)}`, { place: '--board', fix: `Name one of ${boards.map(({ uid }) => uid).join(', ')}.` });
  }
  return { boards, wanted, findings };
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Reads what Grafana would be provisioned with and asks everything that it would ask. */
export async function checkBoards({ provisioning, environment, only, mayBeEmpty = false, progress = () => {} }: CheckOptions): Promise<Report> {
  const { boards, wanted, findings } = await wantedBoards({ provisioning, only });
  const notes: Finding[] = [];
  for (const uid of repeated(boards.map((board) => board.uid))) findings.push({ where: uid, what: 'more than one board has this uid' });
  const sources = await readDataSources(join(provisioning, 'datasources'), environment);
  const plant = await plantRange(sources, environment);
  if (!plant && !mayBeEmpty) {
    throw new SluiceError('SOURCE_EMPTY', `the bucket '${environment.INFLUX_BUCKET}' holds no rows`, { fix: 'Run `sluice process` first.' });
  }
  if (!plant) notes.push({ where: `bucket '${environment.INFLUX_BUCKET}'`, what: 'holds no rows' });
  const diagnostics = await fluxDiagnostics();
  const isMonitoring = ({ bucket }: DataSource): boolean => bucket !== environment.INFLUX_BUCKET;
  const store: Store = {
    sources,
    diagnostics,
    mayBeEmpty,
    rangeOf: (source) => (plant && !isMonitoring(source) ? plant : { from: new Date(Date.now() - monitoringMs), to: new Date() }),
  };
  const reports: BoardReport[] = [];
  const waiting = wanted.entries();
  const work = async (): Promise<void> => {
    for (const [at, board] of waiting) {
      progress(`check ${board.uid}`);
      reports[at] = await checkBoard(board, boards, store);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  findings.push(...reports.flatMap((report) => report.findings));
  notes.push(...reports.flatMap((report) => report.notes));
  if (only !== undefined) return { boards: reports, findings, notes };
  const monitoring = sources.find(isMonitoring);
  if (!monitoring) throw new SluiceError('USAGE', 'no data source reads the metrics', { fix: 'Set INFLUX_MONITORING_BUCKET to the bucket of Telegraf.' });
  progress('check alert rules, tasks and Chronograf');
  const rules = join(provisioning, 'alerting/rules.yaml');
  const wallClock = sources.filter(isMonitoring).map(({ uid }) => uid);
  const rest = {
    ...(existsSync(rules) ? { alerts: await checkAlertRules(rules, environment, store, boards, wallClock) } : {}),
    ...(environment.INFLUX_OPERATOR_TOKEN ? { tasks: await checkTasks(await tasksOf(environment), monitoring, environment, store) } : {}),
    chronograf: await checkChronograf(monitoring, monitoring.bucket, store),
  };
  const parts = Object.values(rest);
  return {
    boards: reports,
    ...rest,
    findings: [...findings, ...parts.flatMap((part) => part.findings)],
    notes: [...notes, ...parts.flatMap((part) => part.notes)],
  };
}

/** From the first to the last row of the plant, whatever year it is from; undefined where there is none. */
async function plantRange(sources: readonly DataSource[], { INFLUX_BUCKET }: Environment): Promise<TimeRange | undefined> {
  const source = sources.find(({ bucket }) => bucket === INFLUX_BUCKET);
  if (!source) {
    throw new SluiceError('USAGE', `no data source reads the bucket '${INFLUX_BUCKET}'`, { fix: 'Set INFLUX_BUCKET to the one that holds the plant.' });
  }
  const rows = `from(bucket: ${JSON.stringify(source.bucket)}) |> range(start: 1970-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "${measurement.rows}" and r._field == "${originField}")`;
  const moment = async (end: 'min' | 'max'): Promise<Date | undefined> => {
    const pick = end === 'min' ? 'first' : 'last';
    const tables = await queryFlux(source, `${rows} |> ${pick}() |> keep(columns: ["_time"]) |> group() |> ${end}(column: "_time")`);
    const time = tables[0]?.rows[0]?.[tables[0].columns.findIndex(({ name }) => name === '_time')];
    return time ? new Date(time) : undefined;
  };
  const [from, to] = await Promise.all([moment('min'), moment('max')]);
  return from && to && { from, to: new Date(to.getTime() + 1000) };
}
