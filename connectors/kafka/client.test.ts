import { describe, expect, it } from 'vitest';
import { busError } from './client.ts';
import { Outage } from './outage.ts';

describe('what is said of a cluster', () => {
  it('takes the reason of a signal for what it is', () => {
    expect(busError('SIGTERM', "topic 'SWAT'")).toMatchObject({ code: 'BUS_UNAVAILABLE', what: 'SIGTERM', place: "topic 'SWAT'" });
  });

  it('is not that it is back when whoever waits for it gives up', () => {
    for (const givesUp of [false, true]) {
      const stop = new AbortController();
      const told: (string | undefined)[] = [];
      const outage = new Outage({ warn: (message) => told.push(message), unavailable: (reason) => told.push(reason), signal: stop.signal });
      outage.began(outage, 'away');
      if (givesUp) stop.abort('SIGTERM');
      outage.over(outage);
      expect(told.slice(2)).toEqual(givesUp ? [] : [undefined, 'kafka: back again']);
    }
  });

  it('is told once of an outage that several meet, also by one whose attempt fails after it was over', () => {
    const told: (string | undefined)[] = [];
    const outage = new Outage({ warn: () => undefined, unavailable: (reason) => told.push(reason) });
    const [first, second] = [{}, {}];
    const since = performance.now();
    outage.began(first, 'away', since);
    outage.over(first);
    outage.began(second, 'was away', since);
    outage.over(second);
    expect(told).toEqual(['away', undefined]);
    outage.began(second, 'away again', performance.now());
    expect(told).toEqual(['away', undefined, 'away again']);
  });
});
