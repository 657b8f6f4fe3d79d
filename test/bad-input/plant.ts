import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { openStoreForReading } from '../../connectors/duckdb/open.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { StoreReader } from '../../core/store.ts';
import { main, queueWarm } from '../warm-sluice.ts';

/** Tells the most memory that the process held, on a channel of its own, however it ends. */
const tellPeak = `data:text/javascript,import{writeSync}from'node:fs';process.on('exit',()=>writeSync(3,String(process.resourceUsage().maxRSS)))`;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export const header = 'Timestamp,FLOW,LEVEL,PUMP';
export const clock = (second: number): string => `${new Date(Date.UTC(2024, 0, 1) + second * 1000).toISOString().slice(0, 19)}Z`;
const flow = (i: number): number => Math.round((5 + Math.sin(i / 3)) * 1000) / 1000;
const level = (i: number): number => Math.round((800 + 10 * Math.cos(i / 7)) * 1000) / 1000;
const pump = (i: number): number => (i % 20 < 10 ? 1 : 2);

/** Second `i` of a small plant that behaves: a flow, a level and a pump. */
export const valuesAt = (i: number): [number, number, number] => [flow(i), level(i), pump(i)];
export const rowAt = (i: number): string => [clock(i), ...valuesAt(i)].join(',');

/** So many rows as CSV; `change` may put another line in a row's place. */
export function csv(rows: number, change: (i: number) => string | undefined = () => undefined, head = header): string {
  return `${[head, ...Array.from({ length: rows }, (_, i) => change(i) ?? rowAt(i))].join('\n')}\n`;
}

const pipeline = (source: string): string => `stream: plant
source: ${source}
train: { rows: 100 }
views: { plain: [clean, { impute: { hold: 30s } }, drop-constant, standardise] }
detectors: { mahalanobis: { view: plain } }
store: { type: duckdb, path: store.duckdb }
outputs: []
serve: false
`;

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The most memory that the process held, MB, where it is measured. */
  readonly peakMb: number;
}

/** The figures of \`run --json\` that tests of bad input look at. */
export interface Summary {
  readonly rowsRead: number;
  readonly rowsStored: number;
  readonly deadLetters: number;
  readonly deadReasons: Record<string, number>;
  readonly duplicates: number;
  readonly late: number;
  readonly missing: Record<string, number>;
  readonly resumedAt: number;
  readonly total: { readonly rowsStored: number; readonly deadLetters: number };
}

interface SaidError {
  readonly code: string | undefined;
  readonly message: string;
  readonly place?: string;
  readonly fix?: string;
}

/** What an error must say. */
export interface Refusal {
  readonly code: ErrorCode;
  /** What is wrong, with the value that is. */
  readonly says: string | RegExp;
  /** Where; left out where the value itself is the place. */
  readonly place?: string | RegExp;
  readonly fix: string | RegExp;
}

/** A temporary folder with a pipeline file, in which the built command line runs. */
export class Plant {
  readonly path = mkdtempSync(join(tmpdir(), 'sluice-bad-input-'));
  /** The built command line. */
  readonly main = main;

  readonly #measured: boolean;

  /** @param measured each command in a process of its own, whose memory is measured */
  constructor({ measured = false } = {}) {
    this.#measured = measured;
    folders.push(this.path);
  }

  /** Writes a file and gives back its name. */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(join(this.path, name), content);
    return name;
  }

  /** A pipeline file over this source, in its short form (`csv: plant.csv`) or spelt out. */
  pipeline(source: string, name = 'plant.yaml', more = ''): string {
    return this.write(name, pipeline(source) + more);
  }

  async sluice(...args: string[]): Promise<Outcome> {
    const printed = this.#measured ? undefined : queueWarm(args, { cwd: this.path, env: { PATH: process.env.PATH } });
    if (!printed) return await this.#apart(args);
    const { code, stdout, stderr } = await printed;
    return { status: code, stdout, stderr, peakMb: Number.NaN };
  }

  #apart(args: readonly string[]): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', tellPeak, main, ...args], {
        cwd: this.path,
        env: { PATH: process.env.PATH },
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      });
      const texts = ['', '', '', ''];
      for (const channel of [1, 2, 3]) {
        const stream = child.stdio[channel] as NodeJS.ReadableStream;
        stream.setEncoding('utf8').on('data', (text: string) => {
          texts[channel] += text;
        });
      }
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, stdout: texts[1], stderr: texts[2], peakMb: Number(texts[3]) / 1024 }));
    });
  }

  /** What the store file holds. */
  async stored<T>(read: (store: StoreReader) => Promise<T>, name = 'store.duckdb'): Promise<T> {
    const store = await openStoreForReading(join(this.path, name));
    try {
      return await read(store);
    } finally {
      await store.close();
    }
  }

  /** `run --until-end --json`, which must succeed: its summary. */
  async run(file: string, ...args: string[]): Promise<Summary> {
    const { status, stdout, stderr } = await this.sluice('run', file, '--until-end', '--json', ...args);
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout) as Summary;
  }

  /**
   * The command must refuse with --json; and, for the first refusal of each code in a test file, in words that say the same,
   * there as `inWords` where that is another command.
   */
  async refuses(refusal: Refusal, command: readonly string[], inWords = command): Promise<Outcome> {
    const json = await this.sluice(...command, '--json');
    expectRefusal(json, refusal);
    if (!saidInWords.has(refusal.code)) {
      saidInWords.add(refusal.code);
      const words = await this.sluice(...inWords);
      expectRefusal(words, refusal);
      const { message, place, fix } = errorOf(json);
      expect(lastError(words)).toBe(`${message}${place ? ` (${place})` : ''}.${fix ? ` ${fix}` : ''}`);
    }
    return json;
  }
}

const saidInWords = new Set<ErrorCode>();

/** Code, exit code, what is wrong, place and fix, in words or as JSON; no trace of the program's insides. */
function expectRefusal(outcome: Outcome, { code, says, place, fix }: Refusal): void {
  const error: SaidError = outcome.stderr.includes('{"error":') ? errorOf(outcome) : { code: codeOf(outcome), message: lastError(outcome) };
  expect(error.code, outcome.stderr).toBe(code);
  expect(error.message).toMatch(says);
  expect(error.fix ?? error.message).toMatch(fix);
  if (place !== undefined) expect(error.place ?? error.message).toMatch(place);
  expect(outcome.status).toBe(exitCodes[code.split('_')[0]]);
  expect(outcome.stderr).not.toMatch(/\n +at |INTERNAL|undefined|\[object/);
  expect(outcome.stdout).not.toContain('rowsRead');
}

/** As the documentation promises them, by the first word of the code: usage 2, input 3, service 4, stored model or state 5. */
const exitCodes: Record<string, number> = { USAGE: 2, CONFIG: 2, SOURCE: 3, WARMUP: 3, TRAINING: 3, STORE: 4, PORT: 4, SCHEMA: 5, RECORD: 5 };

function codeOf({ stderr }: Outcome): string | undefined {
  return /^error \[(\w+)\] /m.exec(stderr)?.[1];
}

/** The message of an error in words: what follows its code, to the end. */
function lastError({ stderr }: Outcome): string {
  const at = stderr.lastIndexOf('error [');
  return stderr.slice(stderr.indexOf('] ', at) + 2).trimEnd();
}

function errorOf({ stderr }: Outcome): SaidError {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) as string).error;
}
