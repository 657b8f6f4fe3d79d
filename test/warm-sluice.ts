import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, read, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

export const main = resolve(import.meta.dirname, '../dist/cli/main.js');

/** What a command printed, and the exit code it ends with. */
export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly cwd: string;
  /** All variables there are. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The built command line in a process that stays for the next command: a start takes half a second of a processor, most commands
 * next to nothing. One command at a time. What is about processes is for tests that start one for themselves: signals, closed
 * pipes, memory, two commands side by side.
 */
class WarmSluice {
  readonly #requests: number;
  readonly #answers: number;
  readonly #end: () => void;

  constructor() {
    if (!existsSync(main)) throw new Error(`${main} is missing: build first (npm run build)`);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-warm-'));
    const [requests, answers] = ['requests', 'answers'].map((name) => join(folder, name));
    execFileSync('mkfifo', [requests, answers]);
    // A node_modules that is a link would be known to Node by two names after a while.
    const options = ['--preserve-symlinks', '--expose-gc'];
    const host = join(folder, 'host.mjs');
    writeFileSync(host, script(requests, answers));
    const child = spawn(process.execPath, [...options, host], { env: {}, stdio: ['ignore', 'ignore', 'inherit'] });
    child.unref();
    this.#end = () => void child.kill('SIGKILL');
    // Both wait for the other side. Its end of them is the end of the process.
    this.#requests = openSync(requests, 'w');
    this.#answers = openSync(answers, 'r');
    rmSync(folder, { recursive: true });
  }

  call(args: readonly string[], place: Place): Printed {
    this.#ask(args, place);
    const take = (into: Buffer): void => {
      for (let at = 0; at < into.length; ) at += came(readSync(this.#answers, into, at, into.length - at, null), args);
    };
    const head = Buffer.alloc(4);
    take(head);
    const body = Buffer.alloc(head.readUInt32LE());
    take(body);
    return this.#printed(body);
  }

  /** The same, while this process goes on with something else. */
  async start(args: readonly string[], place: Place): Promise<Printed> {
    this.#ask(args, place);
    const take = async (into: Buffer): Promise<void> => {
      for (let at = 0; at < into.length; ) at += came((await readAsync(this.#answers, into, at, into.length - at, null)).bytesRead, args);
    };
    const head = Buffer.alloc(4);
    await take(head);
    const body = Buffer.alloc(head.readUInt32LE());
    await take(body);
    return this.#printed(body);
  }

  #ask(args: readonly string[], { cwd, env }: Place): void {
    writeSync(this.#requests, `${JSON.stringify({ args, cwd, env })}\n`);
  }

  #printed(body: Buffer): Printed {
    const printed = JSON.parse(body.toString()) as Printed;
    // What a command that failed has left open would be in the way of the next one.
    if (printed.code === 1 || printed.code === 4) {
      this.#end();
      warm = undefined;
    }
    return printed;
  }
}

let warm: WarmSluice | undefined;
let busy = 0;
let last: Promise<void> = Promise.resolve();

/** `doctor` ends its process a little later, whatever hangs there. */
const endsItsProcess = (args: readonly string[]): boolean => args[0] === 'doctor';

/** Runs a command to its end, while this process waits; undefined for one that needs a process of its own. */
export function callWarm(args: readonly string[], place: Place): Printed | undefined {
  if (busy > 0 || endsItsProcess(args)) return undefined;
  warm ??= new WarmSluice();
  return warm.call(args, place);
}

/** The same, while this process goes on; undefined also while another one runs. */
export function startWarm(args: readonly string[], place: Place): Promise<Printed> | undefined {
  return busy > 0 ? undefined : queueWarm(args, place);
}

/** The same, after those that run or wait already. */
export function queueWarm(args: readonly string[], place: Place): Promise<Printed> | undefined {
  if (endsItsProcess(args)) return undefined;
  busy++;
  const before = last;
  const printed = (async () => {
    await before;
    warm ??= new WarmSluice();
    return await warm.start(args, place);
  })();
  last = Promise.allSettled([printed]).then(() => void busy--);
  return printed;
}

const readAsync = promisify(read);

function came(bytes: number, args: readonly string[]): number {
  if (bytes === 0) throw new Error(`the process ended with the command: sluice ${args.join(' ')}`);
  return bytes;
}

/** As the main module does, but for the end of the process. */
const script = (requests: string, answers: string): string => `
import { openSync, read, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
const requests = openSync(${JSON.stringify(requests)}, 'r');
const answers = openSync(${JSON.stringify(answers)}, 'w');
const { commands } = await import(${JSON.stringify(main.replace('main.js', 'commands.generated.js'))});
const { invoke } = await import(${JSON.stringify(main.replace('main.js', 'invoke.js'))});
let rest = '';
const request = async () => {
  for (;;) {
    const end = rest.indexOf('\\n');
    if (end >= 0) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      return JSON.parse(line);
    }
    const chunk = Buffer.alloc(65536);
    const { bytesRead } = await promisify(read)(requests, chunk, 0, chunk.length, null);
    if (bytesRead === 0) process.exit();
    rest += chunk.toString('utf8', 0, bytesRead);
  }
};
for (;;) {
  const { args, cwd, env } = await request();
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, ${JSON.stringify(main)}, ...args];
  process.exitCode = undefined;
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    process[name].write = (text, ...more) => {
      said[name] += text;
      const done = more.at(-1);
      if (typeof done === 'function') process.nextTick(done);
      return true;
    };
  }
  const code = await invoke(commands, process.argv);
  // What DuckDB holds for objects that nobody has any more, such as the lock of a file.
  for (let i = 0; i < 2; i++) {
    gc();
    await turn();
  }
  const body = Buffer.from(JSON.stringify({ code, ...said }));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  writeSync(answers, head);
  for (let at = 0; at < body.length; ) at += writeSync(answers, body, at);
}
`;
