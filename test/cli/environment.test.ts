import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sluice } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-env-'));
afterAll(() => rmSync(folder, { recursive: true }));
const variable = (name: string): string => `\${${name}}`;
const pipeline = { stream: variable('PLANT_NAME'), source: { type: 'csv', path: 'plant.csv' }, detectors: { mahalanobis: {} } };

let places = 0;
function place(text?: string, mode = 0o600): string {
  const path = join(folder, String(places++));
  mkdirSync(path);
  writeFileSync(join(path, 'plant.json'), JSON.stringify(pipeline));
  if (text !== undefined) writeFileSync(join(path, '.env'), text, { mode });
  if (text !== undefined) chmodSync(join(path, '.env'), mode);
  return path;
}
const check = (cwd: string, env: Record<string, string> = {}) => sluice(['check', 'plant.json', '--no-open'], { cwd, env });

describe('variables of pipeline files', () => {
  test('come from .env in the current folder; those of the environment come before', () => {
    const cwd = place('# of the plant\nexport PLANT_NAME="mill" # the old one\n');
    expect(check(cwd)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(/^stream +mill /m) });
    expect(check(cwd, { PLANT_NAME: 'other' }).stdout).toMatch(/^stream +other /m);
    expect(check(cwd, { PLANT_NAME: '' }).stdout).toMatch(/^stream +mill /m);
  });

  test('come from the file that SLUICE_ENV_FILE names, which must be there', () => {
    const cwd = place('PLANT_NAME=mill\n');
    writeFileSync(join(cwd, 'other.env'), 'PLANT_NAME=works\n', { mode: 0o600 });
    expect(check(cwd, { SLUICE_ENV_FILE: 'other.env' }).stdout).toMatch(/^stream +works /m);
    expect(check(cwd, { SLUICE_ENV_FILE: 'none.env' })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error \[CONFIG_NOT_FOUND\] cannot read the environment file 'none\.env': ENOENT.* \(SLUICE_ENV_FILE\)/),
    });
  });

  test('that are secret are shown by no answer', () => {
    const cwd = place('PLANT_NAME=mill\nINFLUX_TOKEN=hunter2hunter2\nKAFKA_PASSWORD=swordfish\n');
    const store = `store={type: influxdb, token: "${variable('INFLUX_TOKEN')}"}`;
    const bus = `bus={type: kafka, brokers: "127.0.0.1:9", sasl: {mechanism: plain, username: mill, password: "${variable('KAFKA_PASSWORD')}"}}`;
    const { status, stdout, stderr } = sluice(['check', 'plant.json', '--no-open', '--json', '--set', store, '--set', bus], { cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toMatch(/hunter2|swordfish/);
    expect(JSON.parse(stdout)).toMatchObject({
      store: { type: 'influxdb', options: { token: '...' } },
      bus: { options: { sasl: { username: 'mill', password: '...' } } },
    });
  });

  test('a file of secrets that others can read is a warning, once', () => {
    const cwd = place('PLANT_NAME=mill\nINFLUX_TOKEN=hunter2\n', 0o644);
    expect(check(cwd)).toMatchObject({ status: 0, stderr: "warning: others can read '.env', which holds INFLUX_TOKEN; close it with: chmod 600 .env\n" });
    expect(check(place('PLANT_NAME=mill\n', 0o644)).stderr).toBe('');
    expect(sluice(['check', '--help'], { cwd }).stderr).toBe('');
  });

  test('a line that cannot be read is named, not shown; who needs no variables does not stumble over it', () => {
    const cwd = place('PLANT_NAME=mill\nhunter2\n');
    expect(check(cwd)).toMatchObject({
      status: 2,
      stderr: 'error [CONFIG_INVALID] this line is no NAME=value (.env:2). Write NAME=value; a comment begins with #.\n',
    });
    expect(sluice(['list'], { cwd }).status).toBe(0);
  });

  test('without a file they are those of the environment, and a folder of that name is none', () => {
    const cwd = place();
    mkdirSync(join(cwd, '.env'));
    expect(check(cwd, { PLANT_NAME: 'mill' })).toMatchObject({ status: 0, stderr: '' });
    expect(check(place()).stderr).toContain("the environment variable 'PLANT_NAME' is not set");
  });
});
