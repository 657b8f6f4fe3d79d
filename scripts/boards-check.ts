/**
 * Proves without Grafana that every board works: `npm run boards:check`. Runs the main job on a real Kafka and InfluxDB, reads
 * grafana/provisioning as Grafana does, and asks every query of it; none may fail, come back empty or have another shape than its
 * panel needs. Of a store that runs already, what is empty is told and is not wrong.
 */
import { join } from 'node:path';
import { openEnvironment } from '../cli/environment.ts';
import { SluiceError } from '../core/errors.ts';
import { checkBoards, wantedBoards } from '../test/boards/check-boards.ts';
import { type FilledStack, fillStack } from '../test/boards/filled-stack.ts';
import { queryFlux } from '../test/boards/flux-client.ts';
import type { Environment } from '../test/boards/provisioned-text.ts';
import { reportText, totalsOf } from '../test/boards/report.ts';
import { repositoryRoot } from '../test/repository-root.ts';
import { missingServers } from '../test/stack/servers.ts';

const help = `Usage: npm run boards:check [-- options]

Runs every query of the boards, variables, annotations and alert rules in grafana/provisioning, of InfluxDB's tasks and of
Chronograf against a real InfluxDB, filled from the sample by the real pipeline and by Telegraf, and holds the boards to
what Grafana needs.

  --board <uid>            only this board
  --provisioning <folder>  default: grafana/provisioning
  --running                do not start anything: ask the InfluxDB of INFLUX_URL with INFLUX_READER_TOKEN, from the
                           environment or .env, as it is now. What is empty there is listed as "nothing there" and is
                           not wrong: nothing of the kind may have happened
  --json                   print JSON: {totals, boards, alerts, tasks, chronograf, findings, notes}
  --help                   this text

Exit code 0: all is well; 1: something is wrong; 2: wrong usage; 4: a server is missing. Needs InfluxDB (INFLUXD_BIN or
influxd on the PATH), Telegraf (TELEGRAF_BIN or telegraf on the PATH), and Java 17 with Maven for Kafka.
`;

interface Options {
  readonly board?: string;
  readonly provisioning: string;
  readonly running: boolean;
  readonly json: boolean;
}

function optionsOf(words: readonly string[]): Options | undefined {
  const options: { board?: string; provisioning: string; running: boolean; json: boolean } = {
    provisioning: join(repositoryRoot, 'grafana/provisioning'),
    running: false,
    json: false,
  };
  const rest = [...words];
  const following = (name: string): string => {
    const value = rest.shift();
    if (value === undefined) throw new SluiceError('USAGE', `${name} lacks its value`, { fix: 'See --help.' });
    return value;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--help' || word === '-h') return undefined;
    if (word === '--json') options.json = true;
    else if (word === '--running') options.running = true;
    else if (word === '--board') options.board = following(word);
    else if (word === '--provisioning') options.provisioning = following(word);
    else throw new SluiceError('USAGE', `there is no option '${word}'`, { fix: 'See --help.' });
  }
  return options;
}

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  if (!options) {
    process.stdout.write(help);
    return 0;
  }
  const { provisioning, board: only, running: mayBeEmpty } = options;
  await wantedBoards({ provisioning, only });
  const progress = (what: string): void => void process.stderr.write(`${what}\n`);
  const stack = options.running ? await runningStack() : await ownStack(progress);
  try {
    const report = await checkBoards({ provisioning, environment: stack.environment, only, mayBeEmpty, progress });
    const totals = totalsOf(report);
    process.stdout.write(options.json ? `${JSON.stringify({ totals, ...report }, undefined, 2)}\n` : `\n${reportText(report, process.stdout)}`);
    return totals.findings === 0 ? 0 : 1;
  } finally {
    await stack.close();
  }
}

async function ownStack(progress: (what: string) => void): Promise<FilledStack> {
  const missing = missingServers({ kafka: 'own', influx: 'own', telegraf: 'own' });
  if (missing.length > 0) throw new SluiceError('STORE_UNAVAILABLE', missing.join('; '), { fix: 'Or check a stack that runs: --running.' });
  return await fillStack(progress);
}

async function runningStack(): Promise<FilledStack> {
  const defaults = {
    INFLUX_URL: 'http://127.0.0.1:8086',
    INFLUX_ORG: 'sluice',
    INFLUX_BUCKET: 'plant',
    INFLUX_MONITORING_BUCKET: 'monitoring',
    INFLUX_HISTORY_BUCKET: 'monitoring_history',
  };
  const environment: Environment = { ...defaults, ...(await openEnvironment()).values };
  const { INFLUX_URL: url = '', INFLUX_ORG: org = '', INFLUX_READER_TOKEN: token } = environment;
  if (!token) throw new SluiceError('STORE_DENIED', 'there is no INFLUX_READER_TOKEN', { fix: 'Make one: sluice init influxdb.' });
  await queryFlux({ url, org, token }, 'buckets() |> limit(n: 1)').catch((error: Error) => {
    const denied = /^40[13]: /.test(error.message);
    throw new SluiceError(denied ? 'STORE_DENIED' : 'STORE_UNAVAILABLE', `InfluxDB cannot be asked: ${error.message}`, {
      place: url,
      fix: denied ? 'Check INFLUX_READER_TOKEN.' : 'Check INFLUX_URL and INFLUX_ORG, and that it runs.',
      cause: error,
    });
  });
  return { environment, close: async () => {} };
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof SluiceError ? error.message : (error as Error).stack}\n`);
  process.exitCode = error instanceof SluiceError ? error.exitCode : 1;
}
