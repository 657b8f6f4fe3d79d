import { describe, expect, it } from 'vitest';
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
});
