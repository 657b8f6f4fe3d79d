import { beforeEach, expect, it } from 'vitest';
import { events, eventsOf, quantiles, rate, risen, times, whether } from '../../grafana/src/monitoring-flux.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type MonitoredMetrics, openMetrics } from './monitored-metrics.ts';

describeWithStack('what boards make of metrics', { influx: 'shared' }, () => {
  let metrics: MonitoredMetrics;

  beforeEach(async () => {
    metrics = await openMetrics();
  });

  const values = async (query: string): Promise<number[]> => (await metrics.ask(query, 10)).map(({ _value }) => Number(_value));

  /** The sum of each series, by its label. */
  async function sums(query: string, label: string): Promise<Record<string, number>> {
    const total: Record<string, number> = {};
    for (const row of await metrics.ask(query, 10)) total[row[label]] = (total[row[label]] ?? 0) + Number(row._value);
    return total;
  }

  it('a rate is 0, not below it, when the process begins anew, and goes on; series are added up', async () => {
    await metrics.metric('rows', { stream: 'a' }, [65, 100], [55, 160], [45, 220], [35, 10], [25, 70]);
    expect(await values(rate('rows'))).toEqual([6, 6, 0, 6]);
    await metrics.metric('rows', { stream: 'b' }, [65, 0], [55, 10], [45, 20], [35, 30], [25, 40]);
    expect(await values(rate('rows'))).toEqual([7, 7, 1, 7]);
  });

  it('what happened: a label counts from its first value on, one that was there before does not', async () => {
    await metrics.metric('sluice_ready', {}, [60, 1], [50, 1]);
    expect(await sums(events('dead', 'reason'), 'reason')).toEqual({ none: 0 });
    await metrics.metric('dead', { reason: 'new' }, [45, 3], [35, 5]);
    await metrics.metric('dead', { reason: 'old' }, [590, 40], [45, 40], [35, 41]);
    expect(await sums(events('dead', 'reason'), 'reason')).toEqual({ new: 5, old: 1, none: 0 });
    expect(await sums(eventsOf({ dead: 'refused', late: 'late' }), 'kind')).toEqual({ refused: 6, late: 0 });
    expect(await values(risen('dead'))).toEqual([6]);
    expect(await values(risen('late'))).toEqual([0]);
  });

  it('a histogram: how many took how long, and what half of them stay below', async () => {
    const bounds: [string, number][] = [
      ['1', 50],
      ['2', 100],
      ['5', 100],
      ['+Inf', 100],
    ];
    for (const [le, count] of bounds) await metrics.metric('seconds_bucket', { le }, [65, 7], [55, 7 + count], [45, 7 + count]);
    expect(await sums(times('seconds'), 'le')).toEqual({ 1: 50, 2: 50, 5: 0, '+Inf': 0 });
    const shares = await sums(quantiles('seconds'), 'share');
    expect(shares).toEqual({ p50: expect.closeTo(1), p95: expect.closeTo(1.9), p99: expect.closeTo(1.98) });
  });

  it('a service is up while every process finds it so', async () => {
    await metrics.metric('up', { service: 'store' }, [25, 1], [15, 1]);
    await metrics.metric('up', { service: 'store', stream: 'b' }, [25, 1], [15, 0]);
    expect(await values(whether('up', ['service']))).toEqual([1, 0]);
  });
});
