import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { boardsCheck } from './boards-check-command.ts';
import { smallBoard, writeProvisioning } from './small-provisioning.ts';

// Nothing of a server is in the environment: what is said here is said before one is looked for.

const refused: [string, (folder: string) => string[], RegExp][] = [
  ['an option that is not there', () => ['--bord', 'x'], /^there is no option '--bord'\. See --help\.\n$/],
  ['a folder that is not there', (folder) => ['--provisioning', join(folder, 'none')], /^there is no folder '\S+none' \(--provisioning\)\. Name a folder/],
  ['a folder without boards', (folder) => ['--provisioning', join(folder, 'datasources')], /^'\S+datasources' holds no boards \(--provisioning\)\./],
  [
    'a board that is not there',
    (folder) => ['--provisioning', folder, '--board', 'sluice-smal'],
    /^there is no board 'sluice-smal' \(--board\)\. Name one of sluice-small\.\n$/,
  ],
];
it.each(refused)('%s is refused in a sentence, before any server is started', async (_, words, said) => {
  const { folder, remove } = await writeProvisioning(smallBoard());
  onTestFinished(remove);
  for (const running of [[], ['--running']]) {
    const outcome = await boardsCheck([...running, ...words(folder)], {});
    expect(outcome).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(said) });
    expect(outcome.stderr.trimEnd()).not.toContain('\n');
  }
});

it('a stack that does not run is told with its address, in a sentence', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((done) => server.close(done));
  const { code, stderr } = await boardsCheck(['--running'], { INFLUX_URL: url, INFLUX_READER_TOKEN: 'any' });
  expect(stderr).toBe(`InfluxDB cannot be asked: fetch failed (${url}). Check INFLUX_URL and INFLUX_ORG, and that it runs.\n`);
  expect(code).toBe(4);
});
