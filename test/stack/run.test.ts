import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { describeWithStack } from './describe-with-stack.ts';

const repository = join(import.meta.dirname, '../..');

interface NestedRun {
  /** What the servers of the run use as the folder for temporary files. */
  readonly temporary: string;
  readonly folder: string;
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; output: string }>;
}

/** A run of vitest by itself, over one test file with that text. */
async function nestedRun(text: string, env: Readonly<Record<string, string | undefined>> = {}): Promise<NestedRun> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-nested-'));
  const temporary = join(folder, 'temporary');
  await mkdir(temporary);
  const settings = { globals: true, globalSetup: [join(import.meta.dirname, 'shared-stack.ts')], testTimeout: 60_000, reporters: ['verbose'] };
  await writeFile(join(folder, 'vitest.config.mjs'), `export default { test: ${JSON.stringify(settings)} };\n`);
  await writeFile(join(folder, 'nested.test.ts'), text);
  const { PATH, HOME, INFLUXD_BIN } = process.env;
  const child = spawn(process.execPath, [join(repository, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder], {
    cwd: folder,
    env: { PATH, HOME, INFLUXD_BIN, TMPDIR: temporary, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const take = (part: string): void => {
    output += part;
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', take);
  const ended = new Promise<{ code: number | null; output: string }>((done) => void child.once('close', (code) => done({ code, output })));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  return { temporary, folder, child, ended };
}

const foldersOfServers = async ({ temporary }: NestedRun): Promise<string[]> => (await readdir(temporary)).filter((name) => name.startsWith('sluice-'));

const servers = JSON.stringify(join(import.meta.dirname, 'servers.ts'));
const describing = JSON.stringify(join(import.meta.dirname, 'describe-with-stack.ts'));

const starting = `import { writeFileSync, renameSync } from 'node:fs';
import { sharedInflux, startInflux } from ${servers};
`;

const refused = async (url: string): Promise<boolean> =>
  fetch(`${url}/health`, { signal: AbortSignal.timeout(1000) }).then(
    () => false,
    ({ cause }: { cause?: NodeJS.ErrnoException }) => cause?.code === 'ECONNREFUSED',
  );

describeWithStack('when a run is over', { influx: 'own' }, () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)('by %s, its servers end and leave nothing behind', async (signal) => {
    const run = await nestedRun(`${starting}
test('holds a server of its own, one that pauses and the shared one', async () => {
  const [shared, own, paused] = await Promise.all([sharedInflux(), startInflux(), startInflux()]);
  await paused.pause();
  const text = JSON.stringify([shared.url, own.url, paused.url]);
  writeFileSync('started.tmp', text);
  renameSync('started.tmp', 'started.json');
  await new Promise((done) => setTimeout(done, 60_000));
});
`);
    const note = join(run.folder, 'started.json');
    await vi.waitUntil(() => existsSync(note) || run.child.exitCode !== null, { timeout: 120_000 });
    const urls = JSON.parse(await readFile(note, 'utf8')) as string[];
    expect(await Promise.all(urls.map(refused))).toEqual([false, false, false]);
    expect(await foldersOfServers(run)).toHaveLength(3);
    run.child.kill(signal);
    await run.ended;
    await vi.waitFor(
      async () => {
        expect(await Promise.all(urls.map(refused))).toEqual([true, true, true]);
        expect(await foldersOfServers(run)).toEqual([]);
      },
      { timeout: 60_000, interval: 50 },
    );
  });

  it('as it should be, the servers have ended with it, also one that a test forgot', async () => {
    const run = await nestedRun(`${starting}
test('forgets its server', async () => {
  const [shared, own] = await Promise.all([sharedInflux(), startInflux()]);
  writeFileSync('started.json', JSON.stringify([shared.url, own.url]));
});
`);
    const { code, output } = await run.ended;
    expect(code, output).toBe(0);
    const urls = JSON.parse(await readFile(join(run.folder, 'started.json'), 'utf8')) as string[];
    await vi.waitFor(async () => expect(await foldersOfServers(run)).toEqual([]), { timeout: 60_000, interval: 50 });
    expect(await Promise.all(urls.map(refused))).toEqual([true, true]);
  });
});

describe('where there are no servers', () => {
  const text = `import { describeWithStack } from ${describing};
describeWithStack('plant', { kafka: 'shared', influx: 'own', telegraf: 'own' }, () => {
  it('runs', () => { throw new Error('it ran'); });
});
`;
  const bare = { PATH: dirname(process.execPath), INFLUXD_BIN: '', TELEGRAF_BIN: '', JAVA_HOME: '/nowhere' };
  const wanted = [
    'needs Kafka: set SLUICE_TEST_KAFKA, or install Java 17+ and Maven, or Docker',
    'needs an InfluxDB of its own: set INFLUXD_BIN, or install influxd or Docker',
    'needs Telegraf: set TELEGRAF_BIN, or install telegraf',
  ].join('; ');

  it('the tests are skipped by a name that says what to install', async () => {
    const { code, output } = await (await nestedRun(text, bare)).ended;
    expect(output).toContain(`↓ nested.test.ts > plant (${wanted}) > runs`);
    expect(code).toBe(0);
  });

  it('that is a failure in CI', async () => {
    const { code, output } = await (await nestedRun(text, { ...bare, CI: 'true' })).ended;
    expect(output).toContain('FAIL  nested.test.ts > plant > has its servers');
    expect(output).toContain(`Error: ${wanted}`);
    expect(code).toBe(1);
  });
});
