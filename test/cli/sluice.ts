import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const main = `${root}dist/cli/main.js`;

/** Runs the built command line in a folder and returns what came of it. */
export function sluice(
  args: readonly string[],
  { cwd = root, env = {}, node = [] }: { cwd?: string; env?: Record<string, string>; node?: readonly string[] } = {},
): SpawnSyncReturns<string> {
  if (!existsSync(main)) throw new Error(`${main} is missing: build first (npm run build)`);
  return spawnSync(process.execPath, [...node, '--', main, ...args], { cwd, env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' });
}
