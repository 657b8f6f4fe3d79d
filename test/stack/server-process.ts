import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openWatchdog, type Watchdog } from './watchdog.ts';

/** What every server here can do, whether it is a process or a container. */
export interface Server {
  /** Of the running server; undefined when it does not run, or runs in a container. */
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

const stopWithinMs = 30_000;
const readyWithinMs = 90_000;

/** Where the server keeps what it has; goes with it. */
export const serverFolder = (name: string): Promise<string> => mkdtemp(join(tmpdir(), `sluice-${name}-`));

/** A program of this machine, run as a server with its own folder. */
export class ServerProcess implements Server {
  readonly #command: readonly string[];
  readonly #folder: string;
  readonly #ready: () => Promise<unknown>;
  readonly #watchdog: Watchdog;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();

  /** `ready` rejects as long as the server does not answer. */
  constructor(command: readonly string[], folder: string, ready: () => Promise<unknown>) {
    this.#command = command;
    this.#folder = folder;
    this.#ready = ready;
    this.#watchdog = openWatchdog();
    this.#watchdog.leave(['rm', '-rf', folder]);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    if (this.#child) throw new Error(`${this.#command[0]} runs already, pid ${this.pid}`);
    const logFile = join(this.#folder, 'server.log');
    const log = openSync(logFile, 'a');
    const [program, ...args] = this.#command;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: this.#folder });
    closeSync(log);
    let failure: Error | undefined;
    this.#exited = new Promise<void>((done) => {
      child.once('error', (error) => {
        failure = error;
        done();
      });
      child.once('exit', () => done());
    }).then(() => {
      this.#child = undefined;
      this.#watchdog.leave(['rm', '-rf', this.#folder]);
    });
    this.#child = child;
    if (child.pid !== undefined) this.#watchdog.leave(['kill', '-KILL', String(child.pid)], ['rm', '-rf', this.#folder]);
    // A script that forgets its servers may end; the watchdog then ends them.
    child.unref();
    try {
      await untilReady(this.#ready, () => this.#child === child);
    } catch (cause) {
      await this.kill();
      const tail = await readFile(logFile, 'utf8').then((text) => text.slice(-2000));
      throw new Error(`${program} did not become ready: ${failure?.message ?? String(cause)}\n${tail}`, { cause });
    }
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGCONT');
    this.#child?.kill('SIGTERM');
    const bound = new AbortController();
    const inTime = await Promise.race([this.#exited.then(() => true), sleep(stopWithinMs, false, { signal: bound.signal })]);
    bound.abort();
    if (!inTime) await this.kill();
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  async pause(): Promise<void> {
    this.#child?.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    this.#child?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
    this.#watchdog.close();
  }
}

/** Asks until the answer is there. Rejects with the last refusal when the server is gone or time is up. */
export async function untilReady(ready: () => Promise<unknown>, alive: () => boolean): Promise<void> {
  const until = performance.now() + readyWithinMs;
  for (;;) {
    try {
      await ready();
      return;
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
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const free = await new Promise<boolean>((done) => {
      const probe = createServer();
      probe.once('error', () => done(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
    });
    if (free) return port;
  }
}
