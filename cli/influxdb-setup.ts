import { existsSync, readFileSync } from 'node:fs';
import { type SecretName, type SetupResult, setUpInflux } from '../connectors/influxdb/setup.ts';
import { quote, SluiceError } from '../core/errors.ts';
import { parseDuration } from '../core/time.ts';
import { changeEnvironmentFile, environmentPath, openEnvironment, readEnvironmentFile } from './environment.ts';
import { typedCommand } from './invocation.ts';
import { colours } from './terminal-colours.ts';

export interface InfluxInitOptions {
  readonly url?: string;
  readonly org?: string;
  readonly bucket?: string;
  readonly monitoringBucket?: string;
  readonly monitoringRetention: string;
  readonly historyBucket?: string;
  readonly historyRetention: string;
  readonly envFile?: string;
  readonly tokenFile?: string;
  readonly rotate?: true;
  readonly fixRetention?: true;
  readonly wait: string;
  readonly json?: true;
}

const secretNames: readonly SecretName[] = ['INFLUX_OPERATOR_TOKEN', 'INFLUX_ADMIN_PASSWORD', 'INFLUX_TOKEN', 'INFLUX_READER_TOKEN', 'INFLUX_TELEGRAF_TOKEN'];

/** `sluice init influxdb` */
export async function initInflux(options: InfluxInitOptions): Promise<void> {
  const path = options.envFile ?? environmentPath().path;
  const file = await readEnvironmentFile(path, false);
  // Secrets of another file than the one that is written help to get in, but are not kept there.
  const elsewhere = path === environmentPath().path ? {} : (await openEnvironment()).values;
  const value = (name: string): string | undefined => process.env[name] || file?.values[name] || elsewhere[name];
  const url = addressOf(options.url ?? value('INFLUX_URL') ?? 'http://127.0.0.1:8086');
  const bucket = options.bucket ?? value('INFLUX_BUCKET') ?? 'plant';
  const monitoringBucket = options.monitoringBucket ?? value('INFLUX_MONITORING_BUCKET') ?? 'monitoring';
  const historyBucket = options.historyBucket ?? value('INFLUX_HISTORY_BUCKET') ?? `${monitoringBucket}_history`;
  requireDifferent({ '--bucket': bucket, '--monitoring-bucket': monitoringBucket, '--history-bucket': historyBucket });
  const operator = options.tokenFile === undefined ? value('INFLUX_OPERATOR_TOKEN') : tokenOf(options.tokenFile);
  const result = await setUpInflux({
    url,
    org: options.org ?? value('INFLUX_ORG') ?? 'sluice',
    bucket,
    monitoringBucket,
    monitoringRetention: retentionOf('--monitoring-retention', options.monitoringRetention),
    historyBucket,
    historyRetention: retentionOf('--history-retention', options.historyRetention),
    fixRetention: options.fixRetention === true,
    rotate: options.rotate === true,
    wait: options.wait === '0' ? 0 : spanOf('--wait', options.wait, '30s'),
    secrets: {
      ...pick(file?.values ?? {}, ['INFLUX_TOKEN', 'INFLUX_READER_TOKEN', 'INFLUX_TELEGRAF_TOKEN']),
      ...(operator === undefined ? {} : { INFLUX_OPERATOR_TOKEN: operator }),
      ...(value('INFLUX_ADMIN_PASSWORD') === undefined ? {} : { INFLUX_ADMIN_PASSWORD: value('INFLUX_ADMIN_PASSWORD') as string }),
    },
    save: (values) => changeEnvironmentFile(path, values),
    waiting: (why) => void process.stderr.write(`waiting up to ${options.wait}: ${why}\n`),
  });
  const kept = Object.keys((await readEnvironmentFile(path, true))?.values ?? {});
  const variables = kept.filter((name) => name.startsWith('INFLUX_'));
  if (options.json) process.stdout.write(`${JSON.stringify({ url, ...result, envFile: path, variables })}\n`);
  else report(url, path, kept, result);
}

/** @throws USAGE */
function addressOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === '') return text.replace(/\/+$/, '');
  throw new SluiceError('USAGE', 'the address of InfluxDB is no plain URL', { place: '--url, INFLUX_URL', fix: 'Write e.g. http://127.0.0.1:8086.' });
}

/** @throws USAGE */
function requireDifferent(names: Readonly<Record<string, string>>): void {
  const seen = new Set<string>();
  for (const [place, name] of Object.entries(names)) {
    if (seen.has(name)) throw new SluiceError('USAGE', `two buckets are called ${quote(name)}`, { place, fix: 'Give each a name of its own.' });
    seen.add(name);
  }
}

/** @throws USAGE */
function retentionOf(option: string, text: string): number {
  return text === '0' ? 0 : spanOf(option, text, '30d; 0 keeps everything');
}

/** @throws USAGE */
function spanOf(option: string, text: string, example: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new SluiceError('USAGE', `${option} ${quote(text)} is no span of time`, { fix: `Write e.g. ${example}.` });
  return ms;
}

/** @throws USAGE */
function tokenOf(path: string): string {
  let token: string;
  try {
    token = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new SluiceError('USAGE', `cannot read ${quote(path)}: ${(cause as Error).message}`, {
      place: '--token-file',
      fix: 'Name a file that can be read.',
      cause,
    });
  }
  if (/^\S+$/.test(token)) return token;
  throw new SluiceError('USAGE', `${quote(path)} holds no token`, { place: '--token-file', fix: 'Put the token alone into it, on one line.' });
}

function pick<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

function report(url: string, path: string, variables: readonly string[], { version, steps, warnings }: SetupResult): void {
  const { bold, dim, green, yellow } = colours(process.stdout);
  const paint = { created: green, kept: dim, changed: yellow, replaced: yellow };
  const width = Math.max(...steps.map(({ what }) => what.length));
  const secrets = secretNames.filter((name) => variables.includes(name));
  const pipeline = existsSync('pipelines/swat-kafka.yaml') ? 'pipelines/swat-kafka.yaml' : 'pipeline.yaml';
  const lines = [
    bold(`InfluxDB ${version} at ${url}`),
    ...steps.map(({ what, outcome, detail }) => `  ${paint[outcome](outcome.padEnd(8))}  ${what.padEnd(width)}  ${detail}`.trimEnd()),
    `secrets     ${path}, for its owner alone: ${secrets.join(', ')}`,
    ...(secrets.includes('INFLUX_OPERATOR_TOKEN')
      ? ['            INFLUX_OPERATOR_TOKEN may do everything and only this command needs it: best kept elsewhere']
      : []),
    ...warnings.map((warning) => `${yellow('warning')}     ${warning}`),
    `next        ${typedCommand(['doctor', pipeline])}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
