import { type Access, ask, listBuckets, query, tokenUnknown } from './management.ts';

/** What a token may do, found out by asking for nothing: no point is written. */
export interface Rights {
  /** The server has such a token. */
  readonly known: boolean;
  /** undefined: it may not read it, which hides whether it is there. */
  readonly missing: 'organisation' | 'bucket' | undefined;
  readonly writes: boolean;
  readonly reads: boolean;
  /** Other buckets of the organisation that it may read. */
  readonly others: readonly string[];
  /** It sees the tokens themselves, as one does that may do everything. */
  readonly manages: boolean;
}

const nothing: Rights = { known: false, missing: undefined, writes: false, reads: false, others: [], manages: false };

/** @throws STORE_UNAVAILABLE */
export async function rightsOf(access: Access, org: string, bucket: string): Promise<Rights> {
  // An empty body is not written, but asks for the right to write; who has it not learns whether the bucket is there.
  const write = await ask<{ message?: string }>(access, 'POST', `/api/v2/write?${query({ org, bucket })}`);
  if (tokenUnknown(write)) return nothing;
  if (write.status === 404) return { ...nothing, known: true, missing: /^organization /.test(write.body?.message ?? '') ? 'organisation' : 'bucket' };
  const [buckets, tokens] = await Promise.all([listBuckets(access, org), ask<{ authorizations?: unknown[] }>(access, 'GET', '/api/v2/authorizations')]);
  const names = buckets.map(({ name }) => name);
  return {
    known: true,
    missing: undefined,
    writes: write.status === 204,
    reads: names.includes(bucket) || (await listBuckets(access, org, bucket)).length > 0,
    others: names.filter((name) => name !== bucket),
    manages: tokens.status === 200 && (tokens.body.authorizations ?? []).length > 0,
  };
}
