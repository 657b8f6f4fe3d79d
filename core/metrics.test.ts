import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { makeMetrics } from './metrics.ts';

const { registry } = makeMetrics();
const own = (await registry.getMetricsAsJSON()).filter(({ name }) => name.startsWith('sluice_'));

/** A line of docs/metrics.md. */
async function documented(): Promise<string[]> {
  const labels = new Map(registry.getMetricsAsArray().map((metric) => [metric.name, (metric as unknown as { labelNames: readonly string[] }).labelNames]));
  return own.map(
    ({ name, type, help }) =>
      `| \`${name}\` | ${type} | ${labels
        .get(name)
        ?.map((label) => `\`${label}\``)
        .join(', ')} | ${help} |`,
  );
}

test('docs/metrics.md lists exactly the metrics there are', async () => {
  const page = await readFile(new URL('../docs/metrics.md', import.meta.url), 'utf8');
  expect(page.split('\n').filter((line) => line.startsWith('| `sluice_'))).toEqual(await documented());
});

describe('names follow the conventions', () => {
  // https://prometheus.io/docs/practices/naming/
  test.each(own.map(({ name, type, help }) => [name, String(type), help]))('%s', (name, type, help) => {
    expect(name).toMatch(/^sluice_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/^[A-Z].*\.$/);
  });
});

test('what is counted is in the text that Prometheus reads', async () => {
  const metrics = makeMetrics();
  metrics.rowsRead.inc({ stream: 'swat' }, 500);
  metrics.verdicts.inc({ stream: 'swat', detector: 'k-means', status: 'error' }, 3);
  metrics.incidentsOpen.inc({ stream: 'swat', detector: 'k-means' });
  metrics.batchSeconds.observe({ stage: 'score' }, 0.004);
  metrics.commitSeconds.observe(0.02);
  metrics.lagRows.set({ partition: '0' }, 12);
  metrics.lastRowTimestamp.set({ stream: 'swat' }, 1_500_000_000.5);
  const text = await metrics.registry.metrics();
  for (const line of [
    'sluice_rows_read_total{stream="swat"} 500',
    'sluice_verdicts_total{stream="swat",detector="k-means",status="error"} 3',
    'sluice_incidents_open{stream="swat",detector="k-means"} 1',
    'sluice_batch_seconds_bucket{le="0.005",stage="score"} 1',
    'sluice_batch_seconds_bucket{le="0.0025",stage="score"} 0',
    'sluice_commit_seconds_count 1',
    'sluice_lag_rows{partition="0"} 12',
    'sluice_last_row_timestamp_seconds{stream="swat"} 1500000000.5',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

test('the process shows itself on the same registry', async () => {
  const text = await registry.metrics();
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).toMatch(/^process_cpu_seconds_total /m);
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
});

test('two pipelines in one process count apart', async () => {
  const [one, other] = [makeMetrics(), makeMetrics()];
  one.rowsStored.inc({ stream: 'swat' }, 7);
  expect(await other.registry.getSingleMetricAsString('sluice_rows_stored_total')).not.toContain('7');
});
