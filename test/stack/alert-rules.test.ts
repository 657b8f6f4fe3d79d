import { beforeEach, expect, it } from 'vitest';
import { alerts } from '../../grafana/src/alerts.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type MonitoredMetrics, openMetrics } from './monitored-metrics.ts';

describeWithStack('what alert rules tell of', { influx: 'shared' }, () => {
  let metrics: MonitoredMetrics;

  beforeEach(async () => {
    metrics = await openMetrics();
  });

  /** What fires by the last value of each series, by its label. */
  async function firing(title: string, label: string): Promise<Record<string, boolean>> {
    const { query, when, minutes } = alerts.find((alert) => alert.title === title) ?? expect.fail(`there is no rule '${title}'`);
    const rows = await metrics.ask(query, minutes);
    for (const row of rows) expect(Object.keys(row)).toEqual(expect.arrayContaining(['_time', '_value', label]));
    return Object.fromEntries(rows.map((row) => [row[label], 'above' in when ? Number(row._value) > when.above : Number(row._value) < when.below]));
  }

  it('an open incident of the combination, not those of its detectors', async () => {
    for (const detector of ['var', 'combined'])
      await metrics.metric('sluice_verdicts_total', { stream: 'plant', detector, status: 'ok' }, [20, 100], [10, 200]);
    await metrics.metric('sluice_incidents_open', { stream: 'plant', detector: 'var' }, [20, 1], [10, 1]);
    expect(await firing('Incident open', 'detector')).toEqual({ combined: false });
    await metrics.metric('sluice_incidents_open', { stream: 'plant', detector: 'combined' }, [10, 1]);
    expect(await firing('Incident open', 'detector')).toEqual({ combined: true });
    await metrics.metric('sluice_incidents_open', { stream: 'plant', detector: 'combined' }, [5, 0]);
    expect(await firing('Incident open', 'detector')).toEqual({ combined: false });
  });

  it('open incidents of every detector where there is no combination', async () => {
    for (const detector of ['var', 'lof']) await metrics.metric('sluice_verdicts_total', { stream: 'plant', detector, status: 'ok' }, [10, 200]);
    await metrics.metric('sluice_incidents_open', { stream: 'plant', detector: 'var' }, [10, 2]);
    expect(await firing('Incident open', 'detector')).toEqual({ var: true, lof: false });
  });

  it('rows that wait, by partition', async () => {
    await metrics.metric('sluice_lag_rows', { partition: '0' }, [60, 0], [10, 20_000]);
    await metrics.metric('sluice_lag_rows', { partition: '1' }, [60, 20_000], [10, 10_000]);
    expect(await firing('Rows wait', 'partition')).toEqual({ 0: true, 1: false });
  });

  it('a live plant that brings no rows; a recording that has ended is left out', async () => {
    const [live, silent, recording] = ['live', 'silent', 'recording'].map((stream) => ({ stream }));
    await metrics.metric('sluice_rows_read_total', live, [240, 1000], [120, 1100], [10, 1200]);
    await metrics.metric('sluice_rows_read_total', silent, [240, 1000], [120, 1000], [10, 1000]);
    await metrics.metric('sluice_rows_read_total', recording, [240, 1000], [120, 1000], [10, 1000]);
    await metrics.metric('sluice_last_row_timestamp_seconds', live, [10, metrics.now - 10]);
    await metrics.metric('sluice_last_row_timestamp_seconds', silent, [10, metrics.now - 600]);
    await metrics.metric('sluice_last_row_timestamp_seconds', recording, [10, 1_450_000_000]);
    expect(await firing('No rows', 'stream')).toEqual({});
    await metrics.metric('sluice_ready', {}, [10, 1]);
    expect(await firing('No rows', 'stream')).toEqual({ live: false, silent: true, recording: false });
  });

  it('a live plant that brings no rows to a process that was started again', async () => {
    await metrics.metric('sluice_last_row_timestamp_seconds', { stream: 'silent' }, [7200, metrics.now - 7200]);
    await metrics.metric('sluice_ready', {}, [10, 1]);
    expect(await firing('No rows', 'stream')).toEqual({ silent: true });
  });

  it('dead letters of the last minutes: the first of a reason, and those after a restart; not those of before', async () => {
    for (const stream of ['a', 'b', 'c', 'd']) await metrics.metric('sluice_rows_read_total', { stream }, [10, 100]);
    await metrics.metric('sluice_rows_dead_total', { stream: 'a', reason: 'time' }, [60, 3], [10, 3]);
    await metrics.metric('sluice_rows_dead_total', { stream: 'b', reason: 'time' }, [5000, 7], [3000, 7], [10, 7]);
    await metrics.metric('sluice_rows_dead_total', { stream: 'c', reason: 'time' }, [5000, 7], [60, 7], [10, 2]);
    expect(await firing('Dead letters', 'stream')).toEqual({ a: true, b: false, c: true, d: false });
  });

  it('a store that is away, and another service', async () => {
    await metrics.metric('sluice_service_up', { service: 'store' }, [60, 1], [10, 0]);
    await metrics.metric('sluice_service_up', { service: 'bus' }, [60, 0], [10, 1]);
    await metrics.metric('sluice_service_up', { service: 'output kafka' }, [60, 1], [10, 0]);
    expect(await firing('Store away', 'service')).toEqual({ store: true });
    expect(await firing('Service away', 'service')).toEqual({ bus: false, 'output kafka': true });
  });

  it('a process that is not ready', async () => {
    await metrics.metric('sluice_ready', {}, [60, 1], [10, 0]);
    await metrics.metric('sluice_ready', { url: 'http://b/metrics' }, [60, 0], [10, 1]);
    expect(await firing('Not ready', 'url')).toEqual({ 'http://a/metrics': true, 'http://b/metrics': false });
  });

  it('messages that were given up, not those that were sent', async () => {
    await metrics.metric('sluice_ready', {}, [10, 1]);
    await metrics.metric('sluice_notifications_total', { output: 'webhook', outcome: 'sent' }, [60, 1], [10, 4]);
    expect(await firing('Messages fail', 'output')).toEqual({ none: false });
    await metrics.metric('sluice_notifications_total', { output: 'email', outcome: 'failed' }, [10, 1]);
    expect(await firing('Messages fail', 'output')).toEqual({ none: false, email: true });
  });

  it('a disk that is nearly full', async () => {
    await metrics.write(
      `disk,host=one,path=/,device=a used_percent=95 ${metrics.now - 10}`,
      `disk,host=one,path=/data,device=b used_percent=90 ${metrics.now - 10}`,
    );
    expect(await firing('Disk nearly full', 'device')).toEqual({ a: true, b: false });
  });
});
