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

/** A row of an answer: what stands in each column. */
export type Row = Readonly<Record<string, string>>;

/** The answer to a Flux query; no text in it may hold a comma. */
export async function askFlux({ url, org, token }: InfluxAddress, flux: string): Promise<Row[]> {
  const headers = { Authorization: `Token ${token}`, 'Content-Type': 'application/vnd.flux', Accept: 'application/csv' };
  const response = await fetch(`${url}/api/v2/query?org=${encodeURIComponent(org)}`, { method: 'POST', headers, body: flux });
  const text = await response.text();
  if (!response.ok) throw new Error(`the query is answered by ${response.status}: ${text}`);
  // A table after another, each with a header of its own.
  return text
    .trim()
    .split(/\r?\n\r?\n/)
    .flatMap((table) => {
      const [header, ...lines] = table.split(/\r?\n/).map((line) => line.split(','));
      return lines.map((cells) => Object.fromEntries(cells.map((cell, i) => [header[i], cell])));
    });
}
