import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { RunSummary } from '../cli/run-summary.ts';
import { main, startWarm } from './warm-sluice.ts';

export const repository = resolve(import.meta.dirname, '..');

/** A line of standard error; `log` when it is one of the structured log. */
export interface ErrorLine {
  readonly text: string;
  readonly log?: { readonly msg: string; readonly [field: string]: unknown };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built command line at work in a folder. */
export class Sluice {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #lines: ErrorLine[] = [];
  #stdout = '';
  #stderr = '';
  #partial = '';
  #watchers: ((line: ErrorLine | undefined) => void)[] = [];
  #printed = (): void => undefined;

  constructor(args: readonly string[], cwd: string) {
    if (!existsSync(main)) throw new Error(`${main} is missing: build first (npm run build)`);
    const child = spawn(process.execPath, [main, ...args], { cwd, env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#printed();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.ended = new Promise((done, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => {
        for (const watch of this.#watchers) watch(undefined);
        done({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  /** Calls for every line of standard error, at once when it comes. */
  onLine(watch: (line: ErrorLine) => void): void {
    this.#watchers.push((line) => line && watch(line));
  }

  /** The first line of standard error, also of those that came already, that passes. */
  line(wanted: (line: ErrorLine) => boolean): Promise<ErrorLine> {
    const found = this.#lines.find(wanted);
    if (found) return Promise.resolve(found);
    return new Promise((done, fail) => {
      this.#watchers.push((line) => {
        if (!line) fail(new Error(`ended before the line came that was waited for:\n${this.#stderr.slice(-2000)}`));
        else if (wanted(line)) done(line);
      });
    });
  }

  logged(msg: string, wanted: (log: NonNullable<ErrorLine['log']>) => boolean = () => true): Promise<ErrorLine> {
    return this.line(({ log }) => log?.msg === msg && wanted(log));
  }

  /** What the pattern finds on standard output, as soon as it is there. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((done, fail) => {
      this.#printed = () => {
        const found = pattern.exec(this.#stdout);
        if (found) done(found);
      };
      this.#printed();
      void this.ended.then(() => fail(new Error(`ended before ${pattern} was printed:\n${this.#stdout.slice(-1000)}${this.#stderr.slice(-1000)}`)));
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #take(text: string): void {
    this.#stderr += text;
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      const parsed: ErrorLine = line.startsWith('{"level"') ? { text: line, log: JSON.parse(line) } : { text: line };
      this.#lines.push(parsed);
      for (const watch of this.#watchers) watch(parsed);
    }
  }
}

/** A folder with files, in which commands run. */
export interface Workplace {
  readonly folder: string;
  path(name: string): string;
  write(name: string, text: string): Promise<void>;
  start(...args: readonly string[]): Sluice;
  /** Runs to the end, in a process that has run others before unless one of them is at work. */
  call(...args: readonly string[]): Promise<Ended>;
  /** `run … --until-end --json`, which must succeed, and its summary: the last line of standard output. */
  run(pipeline: string, ...args: readonly string[]): Promise<RunSummary>;
  /** Whatever still runs here is killed, the folder goes. */
  close(): Promise<void>;
}

export async function openWorkplace(files: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-e2e-'));
  const started: Sluice[] = [];
  const place: Workplace = {
    folder,
    path: (name) => join(folder, name),
    write: (name, text) => writeFile(join(folder, name), text),
    start(...args) {
      const command = new Sluice(args, folder);
      started.push(command);
      return command;
    },
    async call(...args) {
      const printed = startWarm(args, { cwd: folder, env: { PATH: process.env.PATH } });
      return printed ? { ...(await printed), signal: null } : await place.start(...args).ended;
    },
    async run(pipeline, ...args) {
      const ended = await place.call('run', pipeline, '--until-end', '--json', ...args);
      if (ended.code !== 0) throw new Error(`exit ${ended.code ?? ended.signal}: ${ended.stderr.slice(-2000)}`);
      return summaryOf(ended);
    },
    async close() {
      for (const command of started) command.kill('SIGKILL');
      await Promise.allSettled(started.map(({ ended }) => ended));
      await rm(folder, { recursive: true, force: true });
    },
  };
  for (const [name, text] of Object.entries(files)) await place.write(name, text);
  return place;
}

/** The same, closed when the test is over. */
export async function workplace(files: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const place = await openWorkplace(files);
  onTestFinished(() => place.close());
  return place;
}

/** With --json standard output holds the summary alone. */
export function summaryOf({ stdout }: Ended): RunSummary {
  const lines = stdout.trimEnd().split('\n');
  if (lines.length !== 1) throw new Error(`standard output holds ${lines.length} lines:\n${stdout.slice(0, 1000)}`);
  return JSON.parse(lines[0]) as RunSummary;
}

/** `--set a=b --set c=d` */
export function settings(values: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
}
