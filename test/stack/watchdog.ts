import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** A small process that outlives this one by a moment and cleans up after it, however it ended. */
export interface Watchdog {
  /** What to run when this process is gone; takes the place of what was left before. */
  leave(...commands: readonly (readonly string[])[]): void;
  /** Nothing is left to do. */
  close(): void;
}

/** The end of its standard input is the end of this process, also by SIGKILL. A session of its own keeps Ctrl-C away from it. */
const script = `trap '' INT TERM HUP; last=:; while IFS= read -r line; do last=$line; done; eval "$last"`;
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

// A worker of a test run that was killed would go on with its tests; the end of its channel is the only thing that tells it.
if (process.connected) process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));

export function openWatchdog(): Watchdog {
  const child = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const input = child.stdin as Socket;
  child.unref();
  input.unref();
  return {
    leave: (...commands) => void input.write(`${commands.map((words) => words.map(quoted).join(' ')).join('; ')}\n`),
    close: () => void input.end(':\n'),
  };
}
