import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { diagnoseInflux } from '../../connectors/influxdb/diagnose.ts';
import { quoted } from '../../connectors/influxdb/flux.ts';
import { type SetupOptions, type SetupResult, setUpInflux } from '../../connectors/influxdb/setup.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { askFlux, influxRequest } from './influx-access.ts';
import { type InfluxServer, startInflux } from './servers.ts';

const minutes = 60;

describeWithStack('the task that thins out what is monitored', { influx: 'own' }, () => {
  let influx: InfluxServer;
  let names: { readonly from: string; readonly into: string };
  let values: Record<string, string>;
  /** Seconds: the beginning of the half hour that a run at its end looks at. */
  let begin: number;

  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx?.close());

  const setUp = (more: Partial<SetupOptions> = {}): Promise<SetupResult> =>
    setUpInflux({
      ...{ url: influx.url, org: influx.org, bucket: `${names.from}-plant`, monitoringBucket: names.from, historyBucket: names.into },
      ...{ monitoringRetention: 0, historyRetention: 0, fixRetention: false, rotate: false, wait: 0 },
      secrets: { INFLUX_OPERATOR_TOKEN: influx.token },
      save: async (saved) => void Object.assign(values, saved),
      ...more,
    });

  beforeEach(async () => {
    const name = freshName('monitoring');
    [names, values] = [{ from: name, into: `${name}, of \${x}` }, {}];
    begin = Math.floor(Date.now() / 300_000) * 300 - 60 * minutes;
    await setUp();
  });

  /** Lines with seconds since `begin` in place of their times. */
  async function write(...lines: string[]): Promise<void> {
    const body = lines.map((line) => line.replace(/\d+$/, (seconds) => String(begin + Number(seconds)))).join('\n');
    const response = await fetch(`${influx.url}/api/v2/write?org=${influx.org}&bucket=${names.from}&precision=s`, {
      method: 'POST',
      headers: { Authorization: `Token ${values.INFLUX_TELEGRAF_TOKEN}` },
      body,
    });
    expect(response.status, await response.text()).toBe(204);
  }

  const taskId = async (): Promise<string> => {
    const { tasks } = await influxRequest<{ tasks: { id: string; name: string }[] }>(influx, 'GET', '/api/v2/tasks?limit=100');
    return tasks.find(({ name }) => name.includes(`${names.from} `))?.id ?? '';
  };

  /** As the server runs it at that moment; to its end. */
  async function run(scheduledFor = begin + 30 * minutes): Promise<{ status: string; log?: { message: string }[] }> {
    const path = `/api/v2/tasks/${await taskId()}/runs`;
    const { id } = await influxRequest<{ id: string }>(influx, 'POST', path, { scheduledFor: new Date(scheduledFor * 1000).toISOString() });
    return await vi.waitFor(
      async () => {
        const now = await influxRequest<{ status: string; log?: { message: string }[] }>(influx, 'GET', `${path}/${id}`);
        expect(now.status).toMatch(/^(success|failed)$/);
        return now;
      },
      { timeout: 60_000, interval: 50 },
    );
  }

  /** What a reader finds: `measurement.field tags @ seconds` -> value. */
  async function history(): Promise<Record<string, number>> {
    const range = `range(start: ${begin - 60 * minutes}, stop: ${begin + 120 * minutes})`;
    const rows = await askFlux(
      { url: influx.url, org: influx.org, token: values.INFLUX_READER_TOKEN },
      `from(bucket: ${quoted(names.into)}) |> ${range} |> drop(columns: ["_start", "_stop"])`,
    );
    return Object.fromEntries(
      rows.map(({ '': _, result, table, _time, _value, _measurement, _field, ...tags }) => [
        [`${_measurement}.${_field}`, ...Object.entries(tags).map(([tag, value]) => `${tag}=${value}`), `@${Date.parse(_time) / 1000 - begin}`].join(' '),
        Number(_value),
      ]),
    );
  }

  it('keeps means of what is measured and the last of what is counted, by five minutes, at their end', async () => {
    await write(
      'cpu,cpu=cpu0 usage_user=10,usage_idle=90 0',
      'cpu,cpu=cpu0 usage_user=20,usage_idle=80 10',
      'cpu,cpu=cpu0 usage_user=60,usage_idle=40 299',
      'cpu,cpu=cpu0 usage_user=5,usage_idle=95 300',
      'cpu,cpu=cpu1 usage_user=1 10',
      'mem used=10i,used_percent=1.5 10',
      'mem used=25i,used_percent=2.5 20',
      'swap in=3u,used_percent=4 10',
      'swap in=9u,used_percent=8 20',
      'system load1=1,uptime=100u 10',
      'system load1=4,uptime=110u 20',
      'diskio,name=sda reads=100u,iops_in_progress=2u 10',
      'diskio,name=sda reads=130u,iops_in_progress=0u 20',
      'net,interface=eth0 bytes_recv=1000u,speed=-1i 1790',
      'kernel interrupts=7i 10',
      'internal_write,output=influxdb_v2 metrics_dropped=2i 10',
      'prometheus,source=sluice sluice_lag_rows=4 10',
      'prometheus,source=sluice sluice_lag_rows=8 20',
      'prometheus,source=sluice,stream=swat sluice_rows_read_total=500 10',
      'prometheus,source=sluice,stream=swat sluice_rows_read_total=700 20',
      'prometheus,source=sluice,service=store sluice_service_up=1 10',
      'prometheus,source=sluice,service=store sluice_service_up=0 20',
      'prometheus,source=sluice,stream=swat sluice_last_row_timestamp_seconds=1500000000.5 10',
      'prometheus,source=sluice,le=0.1 sluice_commit_seconds_bucket=3 10',
      'prometheus,source=sluice,le=0.1 sluice_commit_seconds_bucket=5 290',
      'prometheus,source=sluice,le=+Inf sluice_commit_seconds_bucket=6 290',
      'prometheus,source=sluice sluice_commit_seconds_sum=0.75,sluice_commit_seconds_count=6 290',
      'prometheus,source=influxdb http_write_request_bytes=100 10',
      'prometheus,source=influxdb http_write_request_bytes=300 20',
    );
    expect((await run()).status).toBe('success');
    const first = {
      'cpu.usage_user cpu=cpu0 @300': 30,
      'cpu.usage_idle cpu=cpu0 @300': 70,
      'cpu.usage_user cpu=cpu0 @600': 5,
      'cpu.usage_idle cpu=cpu0 @600': 95,
      'cpu.usage_user cpu=cpu1 @300': 1,
      'mem.used @300': 17.5,
      'mem.used_percent @300': 2,
      'swap.in @300': 9,
      'swap.used_percent @300': 6,
      'system.load1 @300': 2.5,
      'system.uptime @300': 110,
      'diskio.reads name=sda @300': 130,
      'diskio.iops_in_progress name=sda @300': 0,
      'net.bytes_recv interface=eth0 @1800': 1000,
      'net.speed interface=eth0 @1800': -1,
      'kernel.interrupts @300': 7,
      'internal_write.metrics_dropped output=influxdb_v2 @300': 2,
      'prometheus.sluice_lag_rows source=sluice @300': 6,
      'prometheus.sluice_rows_read_total source=sluice stream=swat @300': 700,
      'prometheus.sluice_service_up service=store source=sluice @300': 0.5,
      'prometheus.sluice_last_row_timestamp_seconds source=sluice stream=swat @300': 1_500_000_000.5,
      'prometheus.sluice_commit_seconds_bucket le=0.1 source=sluice @300': 5,
      'prometheus.sluice_commit_seconds_bucket le=+Inf source=sluice @300': 6,
      'prometheus.sluice_commit_seconds_sum source=sluice @300': 0.75,
      'prometheus.sluice_commit_seconds_count source=sluice @300': 6,
      'prometheus.http_write_request_bytes source=influxdb @300': 300,
    };
    expect(await history()).toEqual(first);
    // The same again, and what came late.
    expect((await run(begin + 29 * minutes)).status).toBe('success');
    expect(await history()).toEqual(first);
    await write('mem used=40i 290', 'kernel interrupts=9i 290');
    expect((await run()).status).toBe('success');
    expect(await history()).toEqual({ ...first, 'mem.used @300': 25, 'kernel.interrupts @300': 9 });
    // Out of sight: as it was.
    await write('mem used=1000i 291');
    expect((await run(begin + 35 * minutes)).status).toBe('success');
    expect(await history()).toEqual({ ...first, 'mem.used @300': 25, 'kernel.interrupts @300': 9 });
  });

  it('runs are counted by `sluice doctor`', async () => {
    expect((await run()).status).toBe('success');
    expect(await tasksFinding()).toMatchObject({ status: 'ok', found: expect.stringMatching(/^none of \d+ runs failed since the server started$/) });
  });

  it('leaves texts and booleans behind, among what is counted too', async () => {
    await write('system uptime_format="1:40",load1=2 10', 'mem ok=true 10', 'kernel state="fine",ok=false,interrupts=1i 10', 'other name="x",value=3 10');
    expect((await run()).status).toBe('success');
    expect(await history()).toEqual({ 'system.load1 @300': 2, 'kernel.interrupts @300': 1, 'other.value @300': 3 });
  });

  const tasksFinding = async () => {
    const options = { url: influx.url, org: influx.org, bucket: `${names.from}-plant`, token: values.INFLUX_TOKEN };
    for await (const finding of diagnoseInflux(options, { topics: [], group: '', signal: AbortSignal.timeout(10_000) }))
      if (finding.check === 'tasks') return finding;
    return undefined;
  };

  it('that failed is told of when it is set up again', async () => {
    const { buckets } = await influxRequest<{ buckets: { id: string }[] }>(influx, 'GET', `/api/v2/buckets?name=${encodeURIComponent(names.into)}`);
    const headers = { Authorization: `Token ${influx.token}` };
    expect((await fetch(`${influx.url}/api/v2/buckets/${buckets[0].id}`, { method: 'DELETE', headers })).status).toBe(204);
    await write('mem used=1i 10');
    expect((await run()).status).toBe('failed');
    expect(await tasksFinding()).toMatchObject({ status: 'warning', found: expect.stringMatching(/^1 of \d+ runs failed since the server started$/) });
    const { warnings } = await setUp({ secrets: { INFLUX_OPERATOR_TOKEN: influx.token, ...values } });
    expect(warnings).toContainEqual(expect.stringMatching(/^the last run of task 'sluice: .*' failed: .*could not find bucket/));
    expect((await run()).status).toBe('success');
    expect((await setUp({ secrets: { INFLUX_OPERATOR_TOKEN: influx.token, ...values } })).warnings).toEqual([]);
    expect(await history()).toEqual({ 'mem.used @300': 1 });
  });
});
