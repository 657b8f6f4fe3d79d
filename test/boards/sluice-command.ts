import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../repository-root.ts';

/** A command of the built command line at work. */
export interface Command {
  /** Rejects with what it said where it ends otherwise than with success. */
  readonly succeeded: Promise<void>;
  running(): boolean;
  /** Both of its outputs so far. */
  said(): string;
  /** Ends it, if it has not ended, at once; nothing of it is awaited. */
  kill(): Promise<void>;
}

/** `sluice ...` in the folder of the repository, with these variables and none of ours but PATH. */
export function startSluice(words: readonly string[], variables: Readonly<Record<string, string>>): Command {
  const child = spawn(process.execPath, [join(repositoryRoot, 'dist/cli/main.js'), ...words], {
    cwd: repositoryRoot,
    env: { PATH: process.env.PATH, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  let running = true;
  const ended = new Promise<number | string | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done(code ?? signal));
  }).finally(() => {
    running = false;
  });
  const succeeded = ended.then((code) => {
    if (code !== 0) throw new Error(`sluice ${words.join(' ')}: exit ${code}\n${said.slice(-3000)}`);
  });
  // Whoever waits learns of it; a process that is killed at the end is waited for by nobody.
  succeeded.catch(() => {});
  return {
    succeeded,
    running: () => running,
    said: () => said,
    async kill() {
      child.kill('SIGKILL');
      await ended.catch(() => {});
    },
  };
}
