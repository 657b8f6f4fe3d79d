import { fillMacros } from '../boards/grafana-macros.ts';
import { fillVariables } from '../boards/grafana-variables.ts';
import { askFlux, type Row } from './influx-access.ts';
import { sharedInflux } from './servers.ts';

/** Metrics as Telegraf would have brought them, in a bucket of their own, and what boards and alert rules find there. */
export interface MonitoredMetrics {
  /** Seconds since 1970: the end of the range of each question. It is a whole ten seconds. */
  readonly now: number;
  /** A metric of one process at moments, in seconds before `now`. */
  metric(name: string, labels: Readonly<Record<string, string>>, ...values: readonly [ago: number, value: number][]): Promise<void>;
  write(...lines: readonly string[]): Promise<void>;
  /** The rows that a query gives for so many minutes before `now`, in windows of ten seconds. */
  ask(query: string, minutes: number): Promise<Row[]>;
}

const url = 'http://a/metrics';

export async function openMetrics(): Promise<MonitoredMetrics> {
  const influx = await sharedInflux();
  const { bucket, token, readToken } = await influx.freshBucket();
  const now = Math.floor(Date.now() / 10_000) * 10;
  const write = async (...lines: readonly string[]): Promise<void> => {
    const response = await fetch(`${influx.url}/api/v2/write?org=${influx.org}&bucket=${bucket}&precision=s`, {
      method: 'POST',
      headers: { Authorization: `Token ${token}` },
      body: lines.join('\n'),
    });
    if (!response.ok) throw new Error(`InfluxDB answers ${response.status}: ${await response.text()}`);
  };
  return {
    now,
    write,
    metric(name, labels, ...values) {
      const tags = Object.entries({ source: 'sluice', url, host: 'one', ...labels }).map(([key, text]) => `,${key}=${text.replaceAll(' ', '\\ ')}`);
      return write(...values.map(([ago, value]) => `prometheus${tags.join('')} ${name}=${value} ${now - ago}`));
    },
    ask(query, minutes) {
      const range = { from: new Date((now - minutes * 60) * 1000), to: new Date(now * 1000 + 1) };
      const flux = fillMacros(fillVariables(query, new Map([['process', [url]]])), { range, intervalMs: 10_000, bucket, org: influx.org });
      return askFlux({ ...influx, token: readToken }, flux);
    },
  };
}
