import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readEnvironmentFile } from '../../cli/environment.ts';
import { monitoringTasks } from '../../connectors/influxdb/monitoring-tasks.ts';
import { openWorkplace, repository, type Sluice, type Workplace } from '../command-line.ts';
import { plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { askFlux, type Row } from './influx-access.ts';
import { freePort } from './server-process.ts';
import { type InfluxServer, startInflux, startTelegraf, type Telegraf } from './servers.ts';
import { telegrafBinary } from './telegraf.ts';

/** What boards ask for, by measurement. */
const machine: Readonly<Record<string, readonly string[]>> = {
  cpu: ['usage_user', 'usage_system', 'usage_iowait', 'usage_steal', 'usage_idle'],
  mem: ['used_percent', 'available_percent', 'used', 'available', 'total', 'cached'],
  disk: ['used_percent', 'used', 'free', 'total', 'inodes_used_percent'],
  diskio: ['reads', 'writes', 'read_bytes', 'write_bytes', 'io_time'],
  net: ['bytes_recv', 'bytes_sent', 'packets_recv', 'packets_sent', 'err_in', 'err_out', 'drop_in', 'drop_out'],
  system: ['load1', 'load5', 'load15', 'n_cpus', 'uptime'],
  swap: ['used_percent', 'total', 'in', 'out'],
  processes: ['total', 'running', 'sleeping', 'blocked', 'zombies'],
  kernel: ['boot_time', 'context_switches', 'interrupts', 'processes_forked'],
  internal_agent: ['gather_errors', 'metrics_gathered', 'metrics_dropped', 'metrics_written'],
  internal_gather: ['errors', 'gather_time_ns', 'metrics_gathered'],
  internal_write: ['errors', 'metrics_written', 'metrics_dropped', 'buffer_size', 'buffer_limit'],
};
const ours = [
  ...['sluice_rows_read_total', 'sluice_rows_stored_total', 'sluice_verdicts_total', 'sluice_lag_rows', 'sluice_last_row_timestamp_seconds'],
  ...['sluice_ready', 'sluice_service_up', 'sluice_outages_total', 'sluice_retries_total', 'sluice_incidents_open', 'sluice_warmup_rows'],
  ...['sluice_batch_seconds_bucket', 'sluice_batch_seconds_sum', 'sluice_batch_seconds_count', 'sluice_commit_seconds_bucket'],
  ...['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds', 'nodejs_heap_size_used_bytes'],
];
const influxdbs = [
  ...['http_api_requests_total', 'http_api_request_duration_seconds_sum', 'http_write_request_bytes', 'storage_writer_ok_points_sum'],
  ...['storage_shard_series', 'storage_shard_disk_size', 'storage_bucket_series_num', 'qc_requests_total', 'task_scheduler_total_execution_calls'],
  ...['boltdb_writes_total', 'go_memstats_alloc_bytes', 'go_goroutines', 'influxdb_uptime_seconds'],
];

describeWithStack('Telegraf', { influx: 'own', telegraf: 'own' }, () => {
  let influx: InfluxServer;
  let place: Workplace;
  let secrets: Readonly<Record<string, string>>;
  let ports: number[];
  let processes: Sluice[];
  let telegraf: Telegraf;
  const started: { close(): Promise<void> }[] = [];

  const start = async (token: string, hostname: string): Promise<Telegraf> => {
    const metricsUrls = ports.map((port) => `http://127.0.0.1:${port}/metrics`);
    const begun = await startTelegraf({ influx: { url: influx.url, org: 'sluice', bucket: 'monitoring', token }, metricsUrls, hostname });
    started.push(begun);
    return begun;
  };

  /** The newest point of every series. */
  const newest = (hostname: string, tail = ''): Promise<Row[]> =>
    askFlux(
      { url: influx.url, org: 'sluice', token: secrets.INFLUX_READER_TOKEN },
      `from(bucket: "monitoring") |> range(start: -1h) |> filter(fn: (r) => r.host == "${hostname}") |> last()${tail}`,
    );

  beforeAll(async () => {
    influx = await startInflux({ empty: true });
    place = await openWorkplace({ 'plant.csv': plantText(plantLines(1900)), 'plant.yaml': plantPipeline });
    const made = await place.call('init', 'influxdb', '--url', influx.url);
    expect(made.code, made.stderr).toBe(0);
    secrets = (await readEnvironmentFile(place.path('.env'), true))?.values ?? {};
    ports = [await freePort(), await freePort()];
    processes = ports.map((port) =>
      place.start('run', 'plant.yaml', '--pace', 'max', '--set', `serve={port: ${port}}`, '--set', `store.path=plant-${port}.duckdb`, '--quiet'),
    );
    await Promise.all(
      ports.map((port) =>
        vi.waitFor(async () => expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('sluice_rows_stored_total{stream="plant"} 1'), {
          timeout: 60_000,
          interval: 100,
        }),
      ),
    );
    telegraf = await start(secrets.INFLUX_TELEGRAF_TOKEN, 'plant-1');
  });
  afterAll(async () => {
    await Promise.all(started.map((each) => each.close()));
    await place?.close();
    await influx?.close();
  });

  it('brings what boards ask for, by a token that may only write', async () => {
    const missing = async (): Promise<string[]> => {
      const rows = await newest('plant-1');
      const has = (wanted: Row): boolean => rows.some((row) => Object.entries(wanted).every(([column, value]) => row[column] === value));
      const wanted = [
        ...Object.entries(machine).flatMap(([_measurement, fields]) => fields.map((_field) => ({ _measurement, _field }))),
        ...['cpu-total', 'cpu0'].map((cpu) => ({ _measurement: 'cpu', _field: 'usage_idle', cpu })),
        ...ports.flatMap((port) => ours.map((_field) => ({ _measurement: 'prometheus', source: 'sluice', url: `http://127.0.0.1:${port}/metrics`, _field }))),
        ...influxdbs.map((_field) => ({ _measurement: 'prometheus', source: 'influxdb', _field })),
      ];
      return wanted.filter((each) => !has(each)).map((each) => JSON.stringify(each));
    };
    // The server counts series of a bucket every ten seconds, and reports a write of its own only after it.
    await vi.waitFor(async () => expect(await missing()).toEqual([]), { timeout: 60_000, interval: 500 });
    const said = await telegraf.log();
    expect(said.split('\n').filter((line) => / E! /.test(line))).toEqual([]);
    expect(said).not.toContain(secrets.INFLUX_TELEGRAF_TOKEN);
  });

  it('brings the values that the process shows, histograms by their bounds', async () => {
    const [port] = ports;
    const rows = await newest('plant-1', ` |> filter(fn: (r) => r.url == "http://127.0.0.1:${port}/metrics")`);
    const value = (field: string, tags: Row = {}): number =>
      Number(rows.find((row) => row._field === field && Object.entries(tags).every(([tag, text]) => row[tag] === text))?._value);
    expect(value('sluice_rows_read_total', { stream: 'plant' })).toBe(1900);
    expect(value('sluice_service_up', { service: 'store' })).toBe(1);
    expect(value('sluice_outages_total', { service: 'store' })).toBe(0);
    expect(value('sluice_ready')).toBe(1);
    expect(value('sluice_lag_rows', { partition: '0' })).toBe(0);
    expect(value('sluice_commit_seconds_bucket', { le: '+Inf' })).toBe(value('sluice_commit_seconds_count'));
    expect(rows.filter((row) => /^nodejs_(heap_space|version)/.test(row._field))).toEqual([]);
  });

  it('brings what the task of the history takes: every number, and of each series a point', async () => {
    const [{ flux }] = monitoringTasks({ from: 'monitoring', into: 'monitoring_history' });
    const end = Math.ceil(Date.now() / 300_000) * 300_000 + 300_000;
    const operator = { url: influx.url, org: 'sluice', token: secrets.INFLUX_OPERATOR_TOKEN };
    // Writing adds series to what InfluxDB tells of itself.
    const all = await askFlux(operator, `from(bucket: "monitoring") |> range(start: -1h) |> first()`);
    await askFlux(operator, flux.replace(/^option task = .*$/m, `option now = () => ${new Date(end).toISOString()}`));
    const tagsOf = ({ '': _, result, table, _start, _stop, _time, _value, ...series }: Row): string => JSON.stringify(Object.entries(series).sort());
    const kept = await askFlux(operator, `from(bucket: "monitoring_history") |> range(start: -1h, stop: 1h) |> last()`);
    const found = new Set(kept.map(tagsOf));
    expect(all.map(tagsOf).filter((series) => !found.has(series))).toEqual([]);
    const rows = kept.find(({ _field, url }) => _field === 'sluice_rows_read_total' && url.includes(`:${ports[0]}/`));
    expect(Number(rows?._value)).toBe(1900);
  });

  it('collects once by hand, however it handles variables', async () => {
    const env = { PATH: process.env.PATH, INFLUX_URL: influx.url, SLUICE_METRICS_URL: `http://127.0.0.1:${ports[0]}/metrics` };
    for (const handling of ['--strict-env-handling', '--non-strict-env-handling']) {
      const args = [handling, '--config', join(repository, 'telegraf/telegraf.conf'), '--test'];
      const { stdout, stderr } = await promisify(execFile)(telegrafBinary() ?? '', args, { env });
      expect(stderr).not.toMatch(/ E! |Deprecat/);
      for (const measurement of [...Object.keys(machine).filter((name) => name !== 'cpu'), 'prometheus']) expect(stdout).toContain(`> ${measurement},`);
    }
  });

  it('says that its token may not write; what it watches goes on, and another one too', async () => {
    const before = Number((await newest('plant-1')).find(({ _field, input }) => _field === 'metrics_gathered' && input === 'mem')?._value);
    const reader = await start(secrets.INFLUX_READER_TOKEN, 'plant-2');
    await vi.waitFor(async () => expect(await reader.log()).toMatch(/E! \[agent\] Error writing to outputs\.influxdb_v2: .*(forbidden|unauthorized)/i), {
      timeout: 60_000,
      interval: 200,
    });
    expect(await reader.log()).not.toContain(secrets.INFLUX_READER_TOKEN);
    expect(await newest('plant-2')).toEqual([]);
    await vi.waitFor(
      async () =>
        expect(Number((await newest('plant-1')).find(({ _field, input }) => _field === 'metrics_gathered' && input === 'mem')?._value)).toBeGreaterThan(before),
      { timeout: 60_000, interval: 500 },
    );
    for (const port of ports) expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    for (const each of processes) each.kill('SIGINT');
    expect((await Promise.all(processes.map(({ ended }) => ended))).map(({ code }) => code)).toEqual([0, 0]);
  });

  it('says that a process does not answer, and brings the rest', async () => {
    await vi.waitFor(async () => expect(await telegraf.log()).toMatch(/E! \[inputs\.prometheus::sluice\] .*connection refused/), {
      timeout: 60_000,
      interval: 200,
    });
    const uptime = async (): Promise<number> => Number((await newest('plant-1')).find(({ _field }) => _field === 'influxdb_uptime_seconds')?._value);
    const before = await uptime();
    await vi.waitFor(async () => expect(await uptime()).toBeGreaterThan(before), { timeout: 60_000, interval: 500 });
  });
});
