import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../../core/errors.ts';
import { formatDuration } from '../../core/time.ts';
import { type Access, ask, type Bucket, bucketOf, type Health, health, listBuckets, manage, NotReady, query, refused, retentionRules } from './management.ts';
import { monitoringTasks } from './monitoring-tasks.ts';
import { ensureTask } from './task-setup.ts';
import { ensureTokens, type SetupStep, type TokenNames } from './tokens.ts';

export interface SetupOptions {
  readonly url: string;
  readonly org: string;
  /** Rows and results of the plant: kept for good. */
  readonly bucket: string;
  /** Metrics of the machines. */
  readonly monitoringBucket: string;
  /** How long these are kept, in milliseconds; 0 = for good. */
  readonly monitoringRetention: number;
  /** The same, thinned out. */
  readonly historyBucket: string;
  /** How long this is kept, in milliseconds; 0 = for good. */
  readonly historyRetention: number;
  /** Change the retention of buckets that exist already. */
  readonly fixRetention: boolean;
  /** Make all tokens anew. */
  readonly rotate: boolean;
  /** How long to wait for a server that does not answer yet, in milliseconds. */
  readonly wait: number;
  /** The secrets that are known, by the names they are saved under. */
  readonly secrets: Readonly<Partial<Record<SecretName, string>>>;
  /** Keeps values under their names for good; called before a secret is used. */
  save(values: Readonly<Record<string, string>>): Promise<void>;
  /** Called once when the server does not answer yet. */
  waiting?(why: string): void;
}

export type SecretName = 'INFLUX_OPERATOR_TOKEN' | 'INFLUX_ADMIN_PASSWORD' | keyof TokenNames;

export interface SetupResult {
  readonly version: string;
  readonly steps: readonly SetupStep[];
  readonly warnings: readonly string[];
}

const administrator = 'sluice';

/**
 * Makes an InfluxDB ready for a plant: sets up an empty server, then makes organisation, buckets, mappings for InfluxQL,
 * the task that thins out what is monitored, and a token for each use, as far as they are missing. Done again, it changes nothing.
 * @throws STORE_UNAVAILABLE, STORE_DENIED; what `save` throws, before anything is made
 */
export async function setUpInflux(options: SetupOptions): Promise<SetupResult> {
  const { url, org, bucket, monitoringBucket, historyBucket } = options;
  const { version } = await untilHealthy(options);
  const steps: SetupStep[] = [];
  const warnings: string[] = [];
  // Whether it can be written is known before anything is made that would be lost.
  await options.save({
    INFLUX_URL: url,
    INFLUX_ORG: org,
    INFLUX_BUCKET: bucket,
    INFLUX_MONITORING_BUCKET: monitoringBucket,
    INFLUX_HISTORY_BUCKET: historyBucket,
  });
  const { token, fresh } = await operator(options);
  if (fresh) steps.push({ what: `user ${administrator}`, outcome: 'created', detail: 'password in INFLUX_ADMIN_PASSWORD, token in INFLUX_OPERATOR_TOKEN' });
  const access: Access = { url, token };
  const orgId = await ensureOrganisation(access, org, fresh, steps);
  const plant = await ensureBucket(access, { name: bucket, retention: 0, fresh, orgId }, options, steps, warnings);
  const further = (name: string, retention: number): Promise<Bucket> =>
    ensureBucket(access, { name, retention, fresh: false, orgId }, options, steps, warnings);
  const monitoring = await further(monitoringBucket, options.monitoringRetention);
  const history = await further(historyBucket, options.historyRetention);
  for (const { id, name } of [plant, monitoring, history]) await ensureMapping(access, { bucketId: id, database: name, orgId }, steps, warnings);
  for (const task of monitoringTasks({ from: monitoringBucket, into: historyBucket })) await ensureTask(access, orgId, task, steps, warnings);
  const tokens = await ensureTokens({ access, org, orgId, plant, monitoring, history, known: options.secrets, rotate: options.rotate, save: options.save });
  return { version, steps: [...steps, ...tokens.steps], warnings: [...warnings, ...tokens.warnings] };
}

/** A server that refuses connections or is still starting may be ready soon; one that is no InfluxDB 2 will not. */
async function untilHealthy({ url, wait, waiting }: SetupOptions): Promise<Health> {
  const until = performance.now() + wait;
  for (let told = false; ; told = true) {
    try {
      return await health({ url });
    } catch (error) {
      const passes = error instanceof SluiceError && (error.cause !== undefined || error instanceof NotReady);
      if (!passes || performance.now() >= until) throw error;
      if (!told) waiting?.(error.what);
    }
    await sleep(Math.max(0, Math.min(500, until - performance.now())));
  }
}

/** The token that may do everything: of a server that was just set up here, or the one that is known. */
async function operator(options: SetupOptions): Promise<{ token: string; fresh: boolean }> {
  const { url, org, bucket, secrets } = options;
  const { allowed } = await manage<{ allowed: boolean }>({ url }, 'GET', '/api/v2/setup');
  const known = secrets.INFLUX_OPERATOR_TOKEN;
  if (allowed) {
    const token = known ?? randomBytes(32).toString('hex');
    const password = secrets.INFLUX_ADMIN_PASSWORD ?? randomBytes(24).toString('hex');
    // Kept before they are used: a server whose token is lost cannot be opened again.
    await options.save({
      ...(known === undefined ? { INFLUX_OPERATOR_TOKEN: token } : {}),
      ...(secrets.INFLUX_ADMIN_PASSWORD === undefined ? { INFLUX_ADMIN_PASSWORD: password } : {}),
    });
    const account = { username: administrator, password, org, bucket, token, retentionPeriodSeconds: 0 };
    const answer = await ask<{ message?: string }>({ url }, 'POST', '/api/v2/setup', account);
    if (answer.status < 300) return { token, fresh: true };
    // Somebody else was faster, perhaps with the same token.
    if (answer.status !== 422) throw refused({ url }, 'to be set up', answer);
    return { token, fresh: false };
  }
  if (known === undefined) {
    throw new SluiceError('STORE_DENIED', `InfluxDB at ${url} is set up already, and no token is known that may make others`, {
      fix: 'Put its operator token into INFLUX_OPERATOR_TOKEN (environment, .env, or a file named by --token-file); its own page, or `influx auth list`, shows it.',
    });
  }
  return { token: known, fresh: false };
}

async function ensureOrganisation(access: Access, name: string, fresh: boolean, steps: SetupStep[]): Promise<string> {
  const answer = await ask<{ orgs?: { id: string }[]; message?: string }>(access, 'GET', `/api/v2/orgs?${query({ org: name })}`);
  if (answer.status >= 300 && answer.status !== 404) throw refused(access, 'the list of organisations', answer);
  const found = answer.status === 404 ? undefined : answer.body.orgs?.[0]?.id;
  const id = found ?? (await manage<{ id: string }>(access, 'POST', '/api/v2/orgs', { name })).id;
  steps.push({ what: `organisation ${name}`, outcome: found === undefined || fresh ? 'created' : 'kept', detail: '' });
  return id;
}

interface WantedBucket {
  readonly name: string;
  readonly retention: number;
  /** It was made with the server. */
  readonly fresh: boolean;
  readonly orgId: string;
}

async function ensureBucket(
  access: Access,
  { name, retention, fresh, orgId }: WantedBucket,
  { org, fixRetention }: SetupOptions,
  steps: SetupStep[],
  warnings: string[],
): Promise<Bucket> {
  const what = `bucket ${name}`;
  const [found] = await listBuckets(access, org, name);
  if (!found) {
    const made = bucketOf(await manage(access, 'POST', '/api/v2/buckets', { orgID: orgId, name, retentionRules: retentionRules(retention) }));
    steps.push({ what, outcome: 'created', detail: kept(retention) });
    return made;
  }
  if (found.retention === retention) {
    steps.push({ what, outcome: fresh ? 'created' : 'kept', detail: kept(retention) });
    return found;
  }
  if (fixRetention) {
    await manage(access, 'PATCH', `/api/v2/buckets/${found.id}`, { retentionRules: retentionRules(retention) });
    steps.push({ what, outcome: 'changed', detail: `${kept(retention)}, before ${formatDuration(found.retention)}` });
    return { ...found, retention };
  }
  steps.push({ what, outcome: 'kept', detail: kept(found.retention) });
  const means = retention === 0 ? ': rows older than that are refused and deleted' : '';
  warnings.push(`bucket '${name}' ${kept(found.retention)}, not ${kept(retention).replace('keeps ', '')}${means}; change it with --fix-retention`);
  return found;
}

const kept = (ms: number): string => (ms === 0 ? 'keeps everything' : `keeps ${formatDuration(ms)}`);

interface Mapping {
  readonly id: string;
  readonly database: string;
  readonly retention_policy: string;
  readonly default: boolean;
  readonly bucketID: string;
  /** Made up by the server from the bucket's name; gone when another claims the name. */
  readonly virtual?: boolean;
}

/** InfluxQL knows databases and retention policies in place of buckets. */
async function ensureMapping(
  access: Access,
  { bucketId, database, orgId }: { bucketId: string; database: string; orgId: string },
  steps: SetupStep[],
  warnings: string[],
): Promise<void> {
  const policy = 'autogen';
  const what = `database ${database}`;
  const detail = `InfluxQL finds bucket ${database}`;
  const { content = [] } = await manage<{ content?: Mapping[] }>(access, 'GET', `/api/v2/dbrps?${query({ orgID: orgId, db: database })}`);
  const mappings = content.filter((mapping) => !mapping.virtual);
  const named = mappings.find((mapping) => mapping.retention_policy === policy);
  if (named && named.bucketID !== bucketId) {
    steps.push({ what, outcome: 'kept', detail: 'InfluxQL finds another bucket' });
    warnings.push(
      `database '${database}' of InfluxQL is mapped to another bucket (mapping ${named.id}); delete that with: influx v1 dbrp delete --id ${named.id}`,
    );
    return;
  }
  if (!named) await manage(access, 'POST', '/api/v2/dbrps', { orgID: orgId, bucketID: bucketId, database, retention_policy: policy, default: true });
  else if (!named.default) await manage(access, 'PATCH', `/api/v2/dbrps/${named.id}?${query({ orgID: orgId })}`, { default: true });
  steps.push({ what, outcome: named ? (named.default ? 'kept' : 'changed') : 'created', detail });
}
