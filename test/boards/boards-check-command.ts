import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { repositoryRoot } from '../repository-root.ts';
import type { Environment } from './provisioned-text.ts';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm run boards:check` runs once all is built, with these variables and none of ours but PATH. */
export async function boardsCheck(words: readonly string[], environment: Environment): Promise<Outcome> {
  const child = spawn(process.execPath, [join(repositoryRoot, 'dist/scripts/boards-check.js'), ...words], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
