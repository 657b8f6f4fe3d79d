import { freshName } from './fresh-name.ts';

export interface InfluxAddress {
  readonly url: string;
  readonly org: string;
  /** May do everything. */
  readonly token: string;
}

export interface FreshBucket {
  readonly bucket: string;
  readonly bucketId: string;
  /** Reads and writes this bucket, and opens nothing else. */
  readonly token: string;
  /** Only reads it. */
  readonly readToken: string;
}

export interface InfluxAccess extends InfluxAddress {
  /** An empty bucket that keeps everything. */
  freshBucket(): Promise<FreshBucket>;
}

/** The answer to a request of the HTTP API. */
export async function influxRequest<T>({ url, token }: { url: string; token: string }, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

export async function freshBucket(influx: InfluxAddress): Promise<FreshBucket> {
  const { orgs } = await influxRequest<{ orgs: { id: string }[] }>(influx, 'GET', `/api/v2/orgs?org=${encodeURIComponent(influx.org)}`);
  const orgID = orgs[0].id;
  const bucket = freshName('bucket');
  const { id } = await influxRequest<{ id: string }>(influx, 'POST', '/api/v2/buckets', { orgID, name: bucket, retentionRules: [] });
  const tokenTo = async (...actions: string[]): Promise<string> => {
    const permissions = actions.map((action) => ({ action, resource: { type: 'buckets', id, orgID } }));
    const { token } = await influxRequest<{ token: string }>(influx, 'POST', '/api/v2/authorizations', { orgID, permissions });
    return token;
  };
  return { bucket, bucketId: id, token: await tokenTo('read', 'write'), readToken: await tokenTo('read') };
}
