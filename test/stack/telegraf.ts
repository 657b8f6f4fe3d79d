import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { repositoryRoot } from '../repository-root.ts';
import { onPath } from './programs.ts';
import { ServerProcess, serverFolder } from './server-process.ts';

export interface TelegrafOptions {
  readonly influx: {
    readonly url: string;
    readonly org: string;
    /** What it writes to. */
    readonly bucket: string;
    readonly token: string;
  };
  /** Of the processes that it watches, e.g. `http://127.0.0.1:8080/metrics`. */
  readonly metricsUrls: readonly string[];
  /** How often it collects and writes; default: every second. */
  readonly interval?: string;
  /** Of the tag `host`; default: this machine's. */
  readonly hostname?: string;
}

export interface Telegraf {
  /** What it said so far. */
  log(): Promise<string>;
  /** It ends without a last write. */
  close(): Promise<void>;
}

export const telegrafBinary = (): string | undefined => (process.env.TELEGRAF_BIN ? resolve(process.env.TELEGRAF_BIN) : onPath('telegraf'));

export const canStartTelegraf = (): boolean => telegrafBinary() !== undefined;

/** What to do where it cannot be started. In a container it would watch another machine than this one. */
export const telegrafRemedy = 'set TELEGRAF_BIN, or install telegraf';

/** Telegraf with the settings of telegraf/telegraf.conf, whatever the environment of the tests says; collecting when this resolves. Close it. */
export async function startTelegraf({ influx, metricsUrls, interval = '1s', hostname = '' }: TelegrafOptions): Promise<Telegraf> {
  const binary = telegrafBinary();
  if (binary === undefined) throw new Error(`no Telegraf can be started: ${telegrafRemedy}`);
  const folder = serverFolder('telegraf');
  const [first, ...others] = metricsUrls;
  const configs = [join(repositoryRoot, 'telegraf/telegraf.conf')];
  for (const [i, url] of others.entries()) {
    const config = join(folder.path, `process-${i + 2}.conf`);
    await writeFile(config, anotherProcess(url));
    configs.push(config);
  }
  const log = (): Promise<string> => readFile(join(folder.path, 'server.log'), 'utf8');
  const server = new ServerProcess({
    command: [binary, ...configs.flatMap((config) => ['--config', config])],
    folder,
    env: {
      INFLUX_URL: influx.url,
      INFLUX_ORG: influx.org,
      INFLUX_MONITORING_BUCKET: influx.bucket,
      INFLUX_TELEGRAF_TOKEN: influx.token,
      ...(first === undefined ? {} : { SLUICE_METRICS_URL: first }),
      TELEGRAF_HOSTNAME: hostname,
      TELEGRAF_INTERVAL: interval,
      TELEGRAF_FLUSH_INTERVAL: interval,
      TELEGRAF_FLUSH_JITTER: '0s',
    },
    ready: async () => {
      if (!(await log()).includes('[agent] Config: ')) throw new Error('it does not collect yet');
    },
  });
  try {
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return { log, close: () => server.close() };
}

/** As telegraf/README.md has it. */
function anotherProcess(url: string): string {
  return `[[inputs.prometheus]]
  urls = ["${url}"]
  metric_version = 2
  fieldinclude = ["sluice_*", "process_*", "nodejs_*"]
  [inputs.prometheus.tags]
    source = "sluice"
`;
}
