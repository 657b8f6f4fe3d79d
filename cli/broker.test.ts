import { describe, expect, it } from 'vitest';
import { makeMetrics } from '../core/metrics.ts';
import { Services } from './broker.ts';

describe('services of a command', () => {
  it('tell for what a command waited that was told to end, and leave other errors as they are', () => {
    const stop = new AbortController();
    const services = new Services(() => {}, stop.signal);
    services.context('bus').unavailable('no broker at 127.0.0.1:9092');
    expect(services.told('SIGTERM')).toBe('SIGTERM');
    stop.abort('SIGTERM');
    expect(services.told(stop.signal.reason)).toMatchObject({
      code: 'BUS_UNAVAILABLE',
      what: 'told to end while waiting for bus: no broker at 127.0.0.1:9092',
    });
    const other = new Error('a fault');
    expect(services.told(other)).toBe(other);
  });

  it('count as one outage what several connections to a service tell of', async () => {
    const metrics = makeMetrics();
    const services = new Services(() => {}, new AbortController().signal, metrics);
    services.expect('bus');
    const [one, other] = [services.context('store'), services.context('store')];
    const shown = async (): Promise<string[]> =>
      (await metrics.registry.metrics()).split('\n').filter((line) => /^sluice_(service_up|outages_total|retries_total)\{/.test(line));
    const bus = (metric: string, value: number): string => `sluice_${metric}{service="bus"} ${value}`;
    const store = (metric: string, value: number): string => `sluice_${metric}{service="store"} ${value}`;
    const all = (up: number, outages: number, retries: number): string[] => [
      ...[bus('service_up', 1), store('service_up', up)],
      ...[bus('outages_total', 0), store('outages_total', outages)],
      ...[bus('retries_total', 0), store('retries_total', retries)],
    ];
    expect(await shown()).toEqual(all(1, 0, 0));
    one.unavailable('it is full');
    other.unavailable('it is full');
    other.retried?.();
    expect(services.away).toBe('store: it is full');
    expect(await shown()).toEqual(all(0, 1, 1));
    one.unavailable(undefined);
    services.context('store');
    expect(await shown()).toEqual(all(0, 1, 1));
    other.unavailable(undefined);
    expect(await shown()).toEqual(all(1, 1, 1));
    expect(services.away).toBeUndefined();
    one.unavailable('it is away');
    expect(await shown()).toEqual(all(0, 2, 1));
  });
});
