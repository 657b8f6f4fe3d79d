import { HttpError } from '@influxdata/influxdb-client';
import { describe, expect, it, test } from 'vitest';
import { type Action, influxError } from './failure.ts';

const at = { url: 'http://127.0.0.1:8086', org: 'sluice', bucket: 'plant' };

/** As the client makes it of an answer. */
function answer(status: number, message: string, headers: Record<string, string> = {}): HttpError {
  const body = JSON.stringify({ code: 'x', message });
  return new HttpError(status, 'Status', body, undefined, 'application/json; charset=utf-8', undefined, headers);
}

// What InfluxDB 2.7 says.
const answers: [status: number, message: string, action: Action, kind: string, code: string, what: RegExp][] = [
  [401, 'unauthorized access', 'write', 'denied', 'STORE_DENIED', /does not know the token/],
  [403, 'insufficient permissions for write', 'write', 'denied', 'STORE_DENIED', /may not write to the bucket/],
  [403, 'insufficient permissions to delete', 'delete', 'denied', 'STORE_DENIED', /may not delete in the bucket/],
  [404, 'bucket "plant" not found', 'write', 'missing', 'STORE_UNAVAILABLE', /no bucket 'plant'$/],
  [
    404,
    'failed to initialize execute state: could not find bucket "plant"',
    'read',
    'missing',
    'STORE_UNAVAILABLE',
    /no bucket 'plant' that the token may read$/,
  ],
  [404, 'organization name "sluice" not found', 'write', 'missing', 'STORE_UNAVAILABLE', /no organisation 'sluice'/],
  [400, 'failed to decode request body: organization name "sluice" not found', 'read', 'missing', 'STORE_UNAVAILABLE', /no organisation 'sluice'/],
  [404, '404 page not found', 'write', 'missing', 'STORE_UNAVAILABLE', /no InfluxDB/],
  [413, 'request entity too large', 'write', 'too-large', 'STORE_UNAVAILABLE', /larger than InfluxDB takes/],
  [422, 'failure writing points to database: partial write: field type conflict', 'write', 'partial', 'STORE_UNAVAILABLE', /did not take some points/],
  [400, "unable to parse 'x': missing fields", 'write', 'invalid', 'INTERNAL', /did not understand/],
  [429, 'too many requests', 'write', 'away', 'STORE_UNAVAILABLE', /cannot take requests now/],
  [500, 'unexpected error writing points to database: write x: no space left on device', 'write', 'full', 'STORE_FULL', /disk under InfluxDB is full/],
  [503, 'engine is closed', 'write', 'away', 'STORE_UNAVAILABLE', /cannot take requests now: engine is closed/],
];

describe('an answer', () => {
  it.each(answers)('%i %s to a %s is %s', (status, message, action, kind, code, what) => {
    const error = influxError(answer(status, message), action, at);
    expect(error).toMatchObject({ kind, code, what: expect.stringMatching(what), said: message });
    expect(error.message).toContain("http://127.0.0.1:8086, bucket 'plant' of 'sluice'");
    expect(error.passes).toBe(['denied', 'missing', 'away', 'full'].includes(kind));
  });

  it('may say when to come back, in seconds or by a date', () => {
    expect(influxError(answer(429, 'x', { 'retry-after': '7' }), 'write', at).retryAfter).toBe(7000);
    const date = new Date(Date.now() + 60_000).toUTCString();
    const ms = influxError(answer(503, 'x', { 'retry-after': date }), 'write', at).retryAfter as number;
    expect(ms).toBeGreaterThan(1000);
    expect(ms).toBeLessThanOrEqual(60_000);
    expect(influxError(answer(503, 'x', { 'retry-after': 'soon' }), 'write', at).retryAfter).toBeUndefined();
    expect(influxError(answer(503, 'x'), 'write', at).retryAfter).toBeUndefined();
  });
});

test('no answer is told by its reason, also when Node has only a code for it', () => {
  expect(influxError(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'write', at)).toMatchObject({
    kind: 'away',
    code: 'STORE_UNAVAILABLE',
    what: 'InfluxDB does not answer: ECONNREFUSED',
  });
});

test('an error that is told already stays as it is', () => {
  const error = influxError(answer(401, 'unauthorized access'), 'write', at);
  expect(influxError(error, 'read', at)).toBe(error);
});
