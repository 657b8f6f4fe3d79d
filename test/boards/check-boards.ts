import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { measurement, originField } from '../../connectors/influxdb/layout.ts';
import { SluiceError } from '../../core/errors.ts';
import { type AlertReport, checkAlertRules } from './alert-rules.ts';
import { repeated } from './board-structure.ts';
import { type BoardReport, checkBoard, type Store } from './check-board.ts';
import { type ChronografReport, checkChronograf } from './check-chronograf.ts';
import { checkTasks, type TaskReport } from './check-tasks.ts';
import { readBoards } from './dashboard.ts';
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
  readonly progress?: (what: string) => void;
}

export interface Report {
  readonly boards: readonly BoardReport[];
  readonly alerts?: AlertReport;
  readonly tasks?: TaskReport;
  readonly chronograf?: ChronografReport;
  readonly findings: readonly Finding[];
}

/** As the boards of metrics open: the last hour. */
const monitoringMs = 3_600_000;

/** Reads what Grafana would be provisioned with and asks everything that it would ask. */
export async function checkBoards({ provisioning, environment, only, progress = () => {} }: CheckOptions): Promise<Report> {
  const { boards, findings } = await readBoards(join(provisioning, 'dashboards'));
  const wanted = boards.filter(({ uid }) => only === undefined || uid === only);
  if (only !== undefined && wanted.length === 0) {
    throw new SluiceError('USAGE', `there is no board '${only}'`, { place: '--board', fix: `Name one of ${boards.map(({ uid }) => uid).join(', ')}.` });
  }
  for (const uid of repeated(boards.map((board) => board.uid))) findings.push({ where: uid, what: 'more than one board has this uid' });
  const sources = await readDataSources(join(provisioning, 'datasources'), environment);
  const plant = await plantRange(sources, environment);
  const diagnostics = await fluxDiagnostics();
  const isMonitoring = ({ bucket }: DataSource): boolean => bucket !== environment.INFLUX_BUCKET;
  const store: Store = {
    sources,
    diagnostics,
    rangeOf: (source) => (isMonitoring(source) ? { from: new Date(Date.now() - monitoringMs), to: new Date() } : plant),
  };
  const reports: BoardReport[] = [];
  for (const board of wanted) {
    progress(`check ${board.uid}`);
    const report = await checkBoard(board, boards, store);
    reports.push(report);
    findings.push(...report.findings);
  }
  if (only !== undefined) return { boards: reports, findings };
  const monitoring = sources.find(isMonitoring);
  if (!monitoring) throw new SluiceError('USAGE', 'no data source reads the metrics', { fix: 'Set INFLUX_MONITORING_BUCKET to the bucket of Telegraf.' });
  progress('check alert rules, tasks and Chronograf');
  const rules = join(provisioning, 'alerting/rules.yaml');
  const wallClock = sources.filter(isMonitoring).map(({ uid }) => uid);
  const rest = {
    ...(existsSync(rules) ? { alerts: await checkAlertRules(rules, environment, store, boards, wallClock) } : {}),
    ...(environment.INFLUX_OPERATOR_TOKEN ? { tasks: await checkTasks(await tasksOf(environment), monitoring, environment, store) } : {}),
    chronograf: await checkChronograf(monitoring, monitoring.bucket),
  };
  return { boards: reports, ...rest, findings: [...findings, ...Object.values(rest).flatMap((part) => part.findings)] };
}

/** From the first to the last row of the plant, whatever year it is from. */
async function plantRange(sources: readonly DataSource[], { INFLUX_BUCKET }: Environment): Promise<TimeRange> {
  const source = sources.find(({ bucket }) => bucket === INFLUX_BUCKET);
  if (!source) {
    throw new SluiceError('USAGE', `no data source reads the bucket '${INFLUX_BUCKET}'`, { fix: 'Set INFLUX_BUCKET to the one that holds the plant.' });
  }
  const rows = `from(bucket: ${JSON.stringify(source.bucket)}) |> range(start: 1970-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "${measurement.rows}" and r._field == "${originField}")`;
  const moment = async (end: 'min' | 'max'): Promise<Date> => {
    const pick = end === 'min' ? 'first' : 'last';
    const tables = await queryFlux(source, `${rows} |> ${pick}() |> keep(columns: ["_time"]) |> group() |> ${end}(column: "_time")`);
    const time = tables[0]?.rows[0]?.[tables[0].columns.findIndex(({ name }) => name === '_time')];
    if (!time) throw new SluiceError('SOURCE_EMPTY', `the bucket '${source.bucket}' holds no rows`, { fix: 'Run `sluice process` first.' });
    return new Date(time);
  };
  const [from, to] = await Promise.all([moment('min'), moment('max')]);
  return { from, to: new Date(to.getTime() + 1000) };
}
