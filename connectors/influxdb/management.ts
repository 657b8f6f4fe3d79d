import { SluiceError } from '../../core/errors.ts';

/** Who asks, and where. */
export interface Access {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer<T> {
  readonly status: number;
  /** Parsed, where it is JSON; otherwise the text. */
  readonly body: T;
  readonly headers: Headers;
}

/** What InfluxDB says when it refuses. */
interface Refusal {
  readonly code?: string;
  readonly message?: string;
}

/** How long one answer may take, ms. */
const answerWithin = 5000;

/** Asks the HTTP API of InfluxDB 2; any status is an answer. @throws STORE_UNAVAILABLE when there is none */
export async function ask<T>({ url, token, signal }: Access, method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const bound = AbortSignal.timeout(answerWithin);
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(token ? { Authorization: `Token ${token}` } : {}), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, bound]) : bound,
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text) as T, headers: response.headers };
  } catch (cause) {
    const why = bound.aborted ? `no answer within ${answerWithin / 1000} s` : reasonOf(cause);
    throw new SluiceError('STORE_UNAVAILABLE', masked(`InfluxDB does not answer at ${url}: ${why}`), {
      fix: 'Start it, or correct the address (INFLUX_URL, store.url).',
      cause,
    });
  }
}

/** Without what an address may hold before its `@`. */
export function masked(text: string): string {
  return text.replace(/\/\/[^/\s]*@/g, '//[hidden]@');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** `fetch` wraps what happened; where a name has several addresses, in another wrapping without a text of its own. */
function reasonOf(error: unknown): string {
  let at = error as Error & { code?: string };
  while (at.cause instanceof Error) at = at.cause;
  return (at.message || at.code || String(at)).replace(/\.$/, '');
}

/** The answer to a request that is to succeed. @throws STORE_DENIED, STORE_UNAVAILABLE */
export async function manage<T>(access: Access, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await ask<T & Refusal>(access, method, path, body);
  if (answer.status < 300) return answer.body;
  throw refused(access, `${method} ${path.replace(/\?.*/, '')}`, answer);
}

/** A request that was refused, as an error for people. @param what was asked for */
export function refused({ url }: Access, what: string, { status, body }: Answer<Refusal>): SluiceError {
  const said = body?.message ?? `status ${status}`;
  if (tokenUnknown({ status, body })) return new SluiceError('STORE_DENIED', `InfluxDB at ${url} does not know the token`, { fix: operatorFix });
  if (status === 401 || status === 403)
    return new SluiceError('STORE_DENIED', `InfluxDB at ${url} does not let the token do it: ${said}`, { fix: operatorFix });
  return new SluiceError('STORE_UNAVAILABLE', `InfluxDB at ${url} refuses ${what}: ${said}`);
}

const operatorFix = 'Put a token that may do everything into INFLUX_OPERATOR_TOKEN (environment, .env, or a file named by --token-file).';

/** Nobody has this token; a token that lacks a right has the same status. */
export function tokenUnknown({ status, body }: Pick<Answer<Refusal>, 'status' | 'body'>): boolean {
  return status === 401 && !/ is unauthorized/.test(body?.message ?? '');
}

/** What `/health` says of a server that can take requests. */
export interface Health {
  /** e.g. `2.7.12` */
  readonly version: string;
  /** Milliseconds that the server's clock may be ahead of this one (behind: negative), as far as its answer tells. */
  readonly ahead: readonly [number, number];
  /** Milliseconds until it answered. */
  readonly took: number;
}

/** @throws STORE_UNAVAILABLE when nothing answers, what answers is no InfluxDB 2, or it is not ready */
export async function health(access: Access): Promise<Health> {
  const sent = Date.now();
  const answer = await ask<{ name?: string; status?: string; message?: string; version?: string }>({ ...access, token: undefined }, 'GET', '/health');
  const received = Date.now();
  const { name, status, message, version = '' } = answer.body ?? {};
  const fix = 'Correct the address (INFLUX_URL, store.url); it has no path unless a proxy puts InfluxDB under one.';
  if (name !== 'influxdb') throw new SluiceError('STORE_UNAVAILABLE', `what answers at ${access.url} is no InfluxDB: status ${answer.status}`, { fix });
  if (!/^v?2\./.test(version)) {
    throw new SluiceError('STORE_UNAVAILABLE', `InfluxDB at ${access.url} is version '${version}'`, { fix: 'Use InfluxDB 2; 2.7 is tested.' });
  }
  if (status !== 'pass') throw new NotReady(access.url, message ?? `status ${status}`);
  return { version: version.replace(/^v/, ''), ahead: aheadOf(answer.headers.get('date'), sent, received), took: received - sent };
}

/** It will be, after a while. */
export class NotReady extends SluiceError {
  constructor(url: string, why: string) {
    super('STORE_UNAVAILABLE', `InfluxDB at ${url} is not ready: ${why}`, { fix: 'Wait for it, then try again; its own log says why.' });
  }
}

/** The header is in whole seconds, and was made at some moment between request and answer. */
function aheadOf(date: string | null, sent: number, received: number): [number, number] {
  const at = date === null ? Number.NaN : Date.parse(date);
  return Number.isNaN(at) ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : [at - received, at + 1000 - sent];
}

export interface Bucket {
  readonly id: string;
  readonly name: string;
  /** Milliseconds that points are kept; 0 = for good. */
  readonly retention: number;
}

interface BucketAnswer {
  readonly id: string;
  readonly name: string;
  readonly retentionRules?: readonly { readonly everySeconds: number }[];
}

export const query = (parameters: Readonly<Record<string, string>>): string => new URLSearchParams(parameters).toString();

/** A bucket, or all; those that the token may not read are not among them. @throws STORE_DENIED, STORE_UNAVAILABLE */
export async function listBuckets(access: Access, org: string, name?: string): Promise<Bucket[]> {
  const parameters = query({ org, limit: '100', ...(name === undefined ? {} : { name }) });
  const answer = await ask<{ buckets?: BucketAnswer[] } & Refusal>(access, 'GET', `/api/v2/buckets?${parameters}`);
  if (answer.status === 404) return [];
  if (answer.status >= 300) throw refused(access, 'the list of buckets', answer);
  return (answer.body.buckets ?? []).map(bucketOf);
}

export function bucketOf({ id, name, retentionRules }: BucketAnswer): Bucket {
  return { id, name, retention: (retentionRules?.[0]?.everySeconds ?? 0) * 1000 };
}

/**
 * 0 keeps points for good; no rule at all would leave a bucket that exists as it is. Points are deleted by groups, which the server
 * makes this long for a new bucket, and refuses to shorten by itself where they would outlast the retention.
 * @see https://docs.influxdata.com/influxdb/v2/reference/internals/shards/
 */
export function retentionRules(ms: number): object[] {
  const days = ms / 86_400_000;
  const group = ms !== 0 && days < 2 ? 3600 : ms !== 0 && days <= 180 ? 86_400 : 604_800;
  return [{ type: 'expire', everySeconds: Math.round(ms / 1000), shardGroupDurationSeconds: group }];
}
