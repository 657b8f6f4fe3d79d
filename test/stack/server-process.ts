import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Signal, signalContainer } from './container.ts';
import { openWatchdog, type Watchdog } from './watchdog.ts';

/** What every server here can do. */
export interface Server {
  /** Of the running server; undefined while it does not run, and when it runs in a container. */
  readonly pid: number | undefined;
  /** Again, with the same data at the same address; resolves when it answers. */
  start(): Promise<void>;
  /** In an orderly way: SIGTERM, and SIGKILL after half a minute. The data stay. */
  stop(): Promise<void>;
  /** SIGKILL. The data stay. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** For good: killed, and its folder removed. */
  close(): Promise<void>;
}

/** Where a server keeps what it has; removed when this process is over, if not before. */
export interface ServerFolder {
  readonly path: string;
  readonly removal: readonly string[][];
  readonly watchdog: Watchdog;
}

export function serverFolder(name: string): ServerFolder {
  const watchdog = openWatchdog();
  const path = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  const remove = ['rm', '-rf', path];
  // Twice: a server that was just killed may still be writing.
  const removal = [remove, ['sleep', '1'], remove];
  watchdog.leave(...removal);
  return { path, removal, watchdog };
}

interface Launch {
  /** Runs in the foreground. */
  readonly command: readonly string[];
  readonly folder: ServerFolder;
  /** Beside the variables of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Rejects as long as the server does not answer. */
  readonly ready: () => Promise<unknown>;
  /** The container that the command runs, if it runs one. */
  readonly container?: string | undefined;
}

const stopWithinMs = 30_000;
const readyWithinMs = 90_000;

/** A program run as a server. It ends with this process, however this process ends. */
export class ServerProcess implements Server {
  readonly #launch: Launch;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #paused = false;

  constructor(launch: Launch) {
    this.#launch = launch;
  }

  get pid(): number | undefined {
    return this.#launch.container === undefined ? this.#child?.pid : undefined;
  }

  async start(): Promise<void> {
    const { command, ready, env } = this.#launch;
    const { path, removal, watchdog } = this.#launch.folder;
    const [program, ...args] = command;
    if (this.#child) throw new Error(`${program} runs already`);
    const logFile = join(path, 'server.log');
    const log = openSync(logFile, 'a');
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: path, env: { ...process.env, ...env } });
    closeSync(log);
    this.#child = child;
    this.#paused = false;
    watchdog.leave(...this.#killing(child), ...removal);
    // A script that forgets its server may end; the watchdog then ends the server.
    child.unref();
    let notStarted: Error | undefined;
    this.#exited = new Promise((done) => {
      const gone = (): void => {
        this.#child = undefined;
        watchdog.leave(...removal);
        done();
      };
      child.once('exit', gone);
      child.once('error', (error) => {
        notStarted = error;
        if (child.pid === undefined) gone();
      });
    });
    try {
      await untilReady(ready, () => this.#child === child);
    } catch (cause) {
      await this.kill();
      const said = await readFile(logFile, 'utf8');
      throw new Error(`${command.join(' ')} did not become ready: ${(notStarted ?? (cause as Error)).message}\n${said.slice(-2000)}`, { cause });
    }
  }

  async stop(): Promise<void> {
    if (this.#paused) await this.resume();
    this.#child?.ref();
    const bound = new AbortController();
    await this.#signal('SIGTERM');
    const ended = this.#exited.then(() => bound.abort());
    await sleep(stopWithinMs, undefined, { signal: bound.signal }).then(
      () => this.kill(),
      () => ended,
    );
  }

  async kill(): Promise<void> {
    this.#child?.ref();
    await this.#signal('SIGKILL');
    await this.#exited;
  }

  async pause(): Promise<void> {
    await this.#signal('SIGSTOP');
    this.#paused = true;
  }

  async resume(): Promise<void> {
    await this.#signal('SIGCONT');
    this.#paused = false;
  }

  async close(): Promise<void> {
    await this.kill();
    const { path, watchdog } = this.#launch.folder;
    await rm(path, { recursive: true, force: true });
    watchdog.close();
  }

  async #signal(signal: Signal): Promise<void> {
    if (!this.#child) return;
    if (this.#launch.container === undefined) this.#child.kill(signal);
    else await signalContainer(this.#launch.container, signal);
  }

  #killing({ pid }: ChildProcess): string[][] {
    if (this.#launch.container !== undefined) return [['docker', 'rm', '-f', this.#launch.container]];
    return pid === undefined ? [] : [['kill', '-KILL', String(pid)]];
  }
}

/** Asks until the answer is there. Rejects with the last refusal when the server is gone or time is up. */
async function untilReady(ready: () => Promise<unknown>, alive: () => boolean): Promise<void> {
  const until = performance.now() + readyWithinMs;
  for (;;) {
    try {
      return void (await ready());
    } catch (error) {
      if (!alive()) throw new Error('it ended', { cause: error });
      if (performance.now() > until) throw error;
    }
    await sleep(50);
  }
}

/**
 * A port of the loopback that nobody listens on. Below the range from which the system picks ports for outgoing connections: a
 * client that keeps trying the port of a stopped server would at last be given that very port, and connect to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 10_000);
    const free = await new Promise<boolean>((done) => {
      const probe = createServer();
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (free) return port;
  }
}
