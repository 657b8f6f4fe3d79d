import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { callWarm, main } from '../warm-sluice.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the built command line in a folder and returns what came of it. With options for `node` the process is its own, otherwise
 * one that has run others before.
 */
export function sluice(
  args: readonly string[],
  { cwd = root, env = {}, node }: { cwd?: string; env?: Record<string, string>; node?: readonly string[] } = {},
): Outcome {
  const place = { cwd, env: { PATH: process.env.PATH, ...env } };
  const printed = node ? undefined : callWarm(args, place);
  if (printed) return { status: printed.code, stdout: printed.stdout, stderr: printed.stderr };
  return spawnSync(process.execPath, [...(node ?? []), '--', main, ...args], { ...place, encoding: 'utf8' });
}
