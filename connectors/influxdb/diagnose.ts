import { statfs } from 'node:fs/promises';
import { SluiceError } from '../../core/errors.ts';
import { type DiagnoseContext, type Finding, failed, notChecked, ok, warning } from '../../core/finding.ts';
import { formatDuration } from '../../core/time.ts';
import { type Access, ask, type Health, health, listBuckets, masked, query } from './management.ts';
import { type Rights, rightsOf } from './rights.ts';

export interface DiagnosedOptions {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly token: string;
  readonly readToken?: string | undefined;
}

/** More than the second that the answer's date leaves open. */
const clockTolerance = 2000;
const littleSpace = 1 << 30;
const noSpace = 1 << 26;

/** What `sluice doctor` finds of a server, its bucket and the tokens. Writes no point. */
export async function* diagnoseInflux(options: DiagnosedOptions, { signal }: DiagnoseContext): AsyncGenerator<Finding> {
  const { org, bucket, token, readToken } = options;
  const access: Access = { url: options.url.replace(/\/+$/, ''), token, signal };
  const rest = ['clock', 'disk', 'tasks', 'token', `bucket ${bucket}`, 'retention', 'query', ...(readToken === undefined ? [] : ['reader token'])];
  let found: Health;
  try {
    found = await health(access);
  } catch (error) {
    yield broken('server', error);
    return yield* rest.map((check) => notChecked(check, 'no InfluxDB answers'));
  }
  yield ok('server', `InfluxDB ${found.version} at ${masked(access.url)}, answers in ${found.took} ms`);
  yield clockFinding(found);
  yield await guarded('disk', async () => diskFinding(access, await metricsOf(access)));
  yield await guarded('tasks', async () => tasksFinding(await metricsOf(access)));
  if ((await ask<{ allowed?: boolean }>(access, 'GET', '/api/v2/setup')).body.allowed) {
    yield failed('token', 'the server was never set up: it has no bucket and no token', 'Run `sluice init influxdb`.');
    return yield* rest.slice(4).map((check) => notChecked(check, 'the server was never set up'));
  }
  const rights = await rightsOf(access, org, bucket);
  yield tokenFinding(rights, bucket);
  if (rights.known) yield bucketFinding(rights, org, bucket);
  const unusable = !rights.known
    ? 'the token is refused'
    : rights.missing !== undefined
      ? `there is no ${rights.missing}`
      : rights.reads
        ? undefined
        : 'the token may not read';
  if (!rights.known) yield notChecked(`bucket ${bucket}`, 'the token is refused');
  yield unusable === undefined ? await guarded('retention', () => retentionFinding(access, org, bucket)) : notChecked('retention', unusable);
  yield unusable === undefined ? await guarded('query', () => queryFinding(access, org)) : notChecked('query', unusable);
  if (readToken !== undefined)
    yield await guarded('reader token', async () => readerFinding(await rightsOf({ ...access, token: readToken }, org, bucket), bucket));
}

function broken(check: string, error: unknown): Finding {
  if (!(error instanceof SluiceError)) throw error;
  return failed(check, error.what, error.fix ?? 'See the log of the server.');
}

async function guarded(check: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    return broken(check, error);
  }
}

function clockFinding({ ahead: [from, to] }: Health): Finding {
  if (!Number.isFinite(from)) return notChecked('clock', 'the server does not tell its time');
  if (from <= 0 && to >= 0) return ok('clock', 'the same as here, to the second');
  const [least, direction] = from > 0 ? [from, 'ahead of'] : [-to, 'behind'];
  const found = `the server is ${formatDuration(least)} ${direction} this machine`;
  return least < clockTolerance
    ? ok('clock', `${found}, at least`)
    : warning('clock', `${found}: "the last hour" is not the same on both`, 'Set the clocks by NTP.');
}

const metricsHidden = 'the server does not show its metrics';

async function metricsOf(access: Access): Promise<string | undefined> {
  const { status, body } = await ask<unknown>({ ...access, token: undefined }, 'GET', '/metrics');
  return status === 200 && typeof body === 'string' ? body : undefined;
}

/** The pipeline's token sees no task, but how runs ended is counted: also of other tasks than the one that thins metrics out. */
function tasksFinding(metrics: string | undefined): Finding {
  if (metrics === undefined) return notChecked('tasks', metricsHidden);
  const runs = { success: 0, failed: 0 };
  for (const [, status, count] of metrics.matchAll(/^task_executor_total_runs_complete\{[^}]*status="(success|failed)"[^}]*\} (\S+)$/gm)) {
    runs[status as keyof typeof runs] += Number(count);
  }
  const all = runs.success + runs.failed;
  if (all === 0) return ok('tasks', 'none was to run since the server started');
  const told = `${runs.failed === 0 ? 'none' : runs.failed.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} runs failed since the server started`;
  if (runs.failed === 0) return ok('tasks', told);
  return warning('tasks', told, '`sluice init influxdb` tells how the last run of its task ended; `influx task list` shows them all.');
}

/** The server does not tell how full its disk is; its metrics tell where it writes, and what it could not write. */
async function diskFinding(access: Access, metrics: string | undefined): Promise<Finding> {
  if (metrics === undefined) return notChecked('disk', metricsHidden);
  const lost = Number(/^storage_writer_err_points_sum\S* (\S+)$/m.exec(metrics)?.[1] ?? 0);
  const folder = /^storage_writer_\w+\{path="(\/[^"]*)"/m.exec(metrics)?.[1];
  const space = folder !== undefined && isHere(access.url) ? await spaceOf(folder) : undefined;
  const left = space === undefined ? 'how much is left cannot be seen from here' : `${gigabytes(space)} left under ${folder}`;
  if (space !== undefined && space < littleSpace) return (space < noSpace ? failed : warning)('disk', left, 'Make room: a full disk stops all writing.');
  if (lost > 0) {
    return warning(
      'disk',
      `${lost.toLocaleString('en-US')} points could not be written since the server started; ${left}`,
      'See the log of the server: is its disk full?',
    );
  }
  return space === undefined ? notChecked('disk', left) : ok('disk', left);
}

function isHere(url: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}

/** undefined where there is no such folder: the server may run in a container. */
async function spaceOf(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
    throw error;
  }
}

const gigabytes = (bytes: number): string => (bytes < littleSpace ? `${Math.round(bytes / 2 ** 20)} MB` : `${(bytes / 2 ** 30).toFixed(1)} GB`);

const newToken = 'Put the right one into INFLUX_TOKEN (environment or .env); `sluice init influxdb` makes one that opens nothing else.';

function tokenFinding({ known, writes, reads, others, manages }: Rights, bucket: string): Finding {
  if (!known) return failed('token', 'the server does not know it', newToken);
  if (manages) return warning('token', 'it may do far more than the pipeline needs: it opens every bucket and the tokens themselves', newToken);
  if (others.length > 0) return warning('token', `it also reads ${shortList(others)}`, newToken);
  return ok('token', writes && reads ? `reads and writes bucket ${bucket}, and opens nothing else` : 'known to the server');
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

function bucketFinding({ missing, writes, reads }: Rights, org: string, bucket: string): Finding {
  const check = `bucket ${bucket}`;
  if (missing === 'organisation')
    return failed(check, `there is no organisation '${org}'`, 'Correct store.org (INFLUX_ORG), or make it with `sluice init influxdb`.');
  if (missing === 'bucket')
    return failed(check, `organisation '${org}' has no such bucket`, 'Correct store.bucket (INFLUX_BUCKET), or make it with `sluice init influxdb`.');
  if (!writes && !reads) return failed(check, 'the token may neither read nor write it', newToken);
  if (!writes) return failed(check, 'the token may read it, not write it', newToken);
  if (!reads) return failed(check, 'the token may write it, not read it: Sluice reads what it wrote', newToken);
  return ok(check, `of organisation ${org}: may be read and written`);
}

async function retentionFinding(access: Access, org: string, name: string): Promise<Finding> {
  const [{ retention }] = await listBuckets(access, org, name);
  if (retention === 0) return ok('retention', 'keeps everything');
  return failed(
    'retention',
    `bucket ${name} keeps ${formatDuration(retention)}: older rows, as of a recording, are refused and deleted`,
    'Make it keep everything: `sluice init influxdb --fix-retention`.',
  );
}

/** As cheap as a query can be, of no bucket: `buckets()` looks only among an organisation's first ones. */
async function queryFinding(access: Access, org: string): Promise<Finding> {
  const began = performance.now();
  const { status, body } = await ask<{ message?: string }>(access, 'POST', `/api/v2/query?${query({ org })}`, {
    query: 'import "array"\narray.from(rows: [{answers: true}])',
    type: 'flux',
  });
  const took = Math.max(1, Math.round(performance.now() - began));
  if (status === 200) return ok('query', `Flux answers in ${took} ms`);
  return failed('query', `a Flux query is refused: ${body?.message ?? `status ${status}`}`, 'See the log of the server.');
}

function readerFinding({ known, missing, reads, writes, manages }: Rights, bucket: string): Finding {
  const check = 'reader token';
  const fix = 'Put the right one into INFLUX_READER_TOKEN; `sluice init influxdb` makes one.';
  if (!known) return failed(check, 'the server does not know it', fix);
  if (missing !== undefined) return notChecked(check, `there is no ${missing}`);
  if (!reads) return failed(check, `it may not read bucket ${bucket}`, fix);
  if (writes || manages) return warning(check, `it may ${manages ? 'do everything' : 'write, too'}`, fix);
  return ok(check, `reads bucket ${bucket}, does not write it`);
}
