import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const folder = join('bench', 'peers');

/** What to type so that the peers can run. */
const peersRemedy = `python3 -m venv ${folder}/.venv && ${folder}/.venv/bin/pip install -r ${folder}/requirements.txt`;

/** The Python that has the peers: SLUICE_PEERS_PYTHON, else the virtual environment beside their scripts. */
function peersPython(): string | undefined {
  const python = process.env.SLUICE_PEERS_PYTHON || join(folder, '.venv', 'bin', 'python');
  return existsSync(python) ? python : undefined;
}

/**
 * Runs a script of bench/peers, on one thread, and reads the JSON object on each line that it prints. Undefined where there is no
 * Python with the peers, or one of them is not installed.
 *
 * @throws Error where they are required
 */
export async function runPeers<T>(script: string, args: readonly (string | number)[], { required }: { required: boolean }): Promise<T[] | undefined> {
  const printed = await printedBy(script, args);
  if (typeof printed === 'string') {
    return printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  }
  const told = `${printed.missing}; for figures beside it: ${peersRemedy}`;
  if (required) throw new Error(told);
  process.stderr.write(`${told}\n`);
  return undefined;
}

async function printedBy(script: string, args: readonly (string | number)[]): Promise<string | { missing: string }> {
  const python = peersPython();
  if (!python) return { missing: 'no Python with the peers is there' };
  const one = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };
  try {
    const words = [join(folder, script), ...args.map(String)];
    return (await promisify(execFile)(python, words, { env: { ...process.env, ...one }, maxBuffer: 1 << 24 })).stdout;
  } catch (error) {
    const module = /ModuleNotFoundError: No module named '([^']+)'/.exec(String((error as { stderr?: unknown }).stderr))?.[1];
    if (module === undefined) throw error;
    return { missing: `the Python with the peers has no ${module}` };
  }
}
