import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client';
import { type ErrorCode, SluiceError } from '../../core/errors.ts';

/**
 * What a request failed of:
 * - away: no answer, or one that says to try again later
 * - full: no space under the server
 * - denied: the token is refused or lacks the right
 * - missing: no such organisation or bucket, or no InfluxDB at this address
 * - too-large: of a body beyond what the server takes
 * - partial: some points were not taken for what they hold; the others were
 * - invalid: the request was not understood; nothing of it was taken
 */
export type Cause = 'away' | 'full' | 'denied' | 'missing' | 'too-large' | 'partial' | 'invalid';

/** What was asked of the server. */
export type Action = 'write' | 'read' | 'delete';

export interface Place {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
}

export class InfluxError extends SluiceError {
  readonly kind: Cause;
  /** What the server said. */
  readonly said: string;
  /** Milliseconds that the server asked to wait, where it did. */
  readonly retryAfter: number | undefined;

  constructor(
    kind: Cause,
    code: ErrorCode,
    what: string,
    more: { said: string; place?: string; fix?: string; retryAfter?: number | undefined; cause: unknown },
  ) {
    const { said, retryAfter, ...rest } = more;
    super(code, what, rest);
    this.kind = kind;
    this.said = said;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later, once the service is as it should be. */
  get passes(): boolean {
    return this.kind === 'away' || this.kind === 'full' || this.kind === 'denied' || this.kind === 'missing';
  }
}

/** Turns whatever a request failed with into an error for people that says what to do about it. The only place that knows status codes. */
export function influxError(error: unknown, action: Action, at: Place): InfluxError {
  if (error instanceof InfluxError) return error;
  const place = `${at.url}, bucket '${at.bucket}' of '${at.org}'`;
  const said = messageOf(error);
  const status = error instanceof HttpError ? error.statusCode : undefined;
  const more = { said, place, cause: error, retryAfter: error instanceof HttpError ? retryAfterOf(error) : undefined };
  if (status === 401 || isUnsendableToken(error)) {
    return new InfluxError('denied', 'STORE_DENIED', 'InfluxDB does not know the token', { ...more, fix: tokenFix });
  }
  if (status === 403) {
    const right = action === 'read' ? 'read from' : action === 'write' ? 'write to' : 'delete in';
    return new InfluxError('denied', 'STORE_DENIED', `the token may not ${right} the bucket`, { ...more, fix: tokenFix });
  }
  const absent = /organization name "(.*)" not found|(?:bucket "|could not find bucket ")(.*?)"/s.exec(said);
  if (absent && (status === 404 || status === 400)) {
    const [, org, bucket] = absent;
    return org === undefined
      ? new InfluxError('missing', 'STORE_UNAVAILABLE', `there is no bucket '${bucket}'${action === 'read' ? ' that the token may read' : ''}`, {
          ...more,
          fix: 'Correct store.bucket, or make it with `sluice init influxdb`.',
        })
      : new InfluxError('missing', 'STORE_UNAVAILABLE', `there is no organisation '${org}'`, { ...more, fix: 'Correct store.org.' });
  }
  if (status !== undefined && /no space left|disk quota/i.test(said)) {
    return new InfluxError('full', 'STORE_FULL', 'the disk under InfluxDB is full', {
      ...more,
      fix: 'Make room there, and start InfluxDB anew when it stays so.',
    });
  }
  if (status === 413) return new InfluxError('too-large', 'STORE_UNAVAILABLE', 'the request is larger than InfluxDB takes', more);
  if (status === 422 || (status === 400 && /partial write/i.test(said)))
    return new InfluxError('partial', 'STORE_UNAVAILABLE', `InfluxDB did not take some points: ${said}`, more);
  if (status === 400) return new InfluxError('invalid', 'INTERNAL', `InfluxDB did not understand the request: ${said}`, more);
  if (status !== undefined && status < 500 && status !== 408 && status !== 425 && status !== 429) {
    const fix = 'Correct store.url; it has no path unless a proxy puts InfluxDB under one.';
    return new InfluxError('missing', 'STORE_UNAVAILABLE', `what answers here is no InfluxDB: ${said}`, { ...more, fix });
  }
  const what = status === undefined ? `InfluxDB does not answer: ${said}` : `InfluxDB cannot take requests now: ${said}`;
  return new InfluxError('away', 'STORE_UNAVAILABLE', what, { ...more, fix: 'See store.url; `sluice doctor` tells what is wrong.' });
}

const tokenFix = 'Set store.token (INFLUX_TOKEN in .env) to a token with the rights; `sluice init influxdb` makes one.';

function messageOf(error: unknown): string {
  if (error instanceof RequestTimedOutError) return 'no answer in time';
  const { message = '', code } = error as Partial<NodeJS.ErrnoException>;
  // Node reports that no address of a name could be reached in an error without a message.
  const text = message || code || String(error);
  return text.trim().replace(/\.$/, '').slice(0, 100_000);
}

/** The HTTP client of Node refuses headers with characters that none can have; that is no fault of the service. */
function isUnsendableToken(error: unknown): boolean {
  return (error as NodeJS.ErrnoException)?.code === 'ERR_INVALID_CHAR';
}

/** @see RFC 9110, 10.2.3: seconds, or a date */
function retryAfterOf({ headers }: HttpError): number | undefined {
  const value = headers?.['retry-after'];
  if (typeof value !== 'string') return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
