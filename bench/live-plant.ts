import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiStatus } from '../serve/api.ts';
import { writePlantRows } from './plant-rows.ts';

/** Rows a second, and those before them that the pipeline learns from. */
export const offered = 100;
export const learned = 7200;
/** Frames come with batches; of these there is one for each time that the source gives rows, ten a second. */
export const wait = '10ms';

/** A real `sluice run` of pipelines/swat.yaml that gets rows for so many seconds and judges them. */
export interface LivePlant {
  readonly url: string;
  status(): Promise<ApiStatus>;
  /** What it does for so many seconds, or until something is over. */
  watch(seconds: number | Promise<unknown>): Promise<object>;
  close(): Promise<void>;
}

/** @param set further values of the pipeline, such as `stream=live` */
export async function livePlant(seconds: number, set: readonly string[] = []): Promise<LivePlant> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const csv = join(folder, 'plant.csv');
  await writePlantRows(csv, learned + offered * (seconds + 120));
  const all = [`source={type: csv, path: ${csv}}`, `store.path=${join(folder, 'live.duckdb')}`, 'outputs=[]', 'serve.port=0', `batch.wait=${wait}`, ...set];
  const words = ['run', 'pipelines/swat.yaml', '--fresh', '--pace', `${offered}/s`, ...all.flatMap((value) => ['--set', value])];
  const run = spawn(process.execPath, [join(import.meta.dirname, '../cli/main.js'), ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((done) => run.once('close', () => done()));
  const close = async (): Promise<void> => {
    run.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await pageOf(run.stdout, ended);
    const status = async (): Promise<ApiStatus> => (await (await fetch(`${url}/api/status`)).json()) as ApiStatus;
    for (let now = await status(); now.streams[0]?.warmUp.stage !== 'ready' || (now.lag.rows ?? 0) > offered; now = await status()) await sleep(500);
    return { url, status, close, watch: (until) => watched(status, until) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The address that a run tells. */
function pageOf(stdout: NodeJS.ReadableStream, ended: Promise<void>): Promise<string> {
  return new Promise((found, fail) => {
    let text = '';
    stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      const address = /^page +(\S+)/m.exec(text)?.[1];
      if (address !== undefined) found(address);
    });
    void ended.then(() => fail(new Error('the run ended before its page was there')));
  });
}

async function watched(status: () => Promise<ApiStatus>, until: number | Promise<unknown>): Promise<object> {
  let over = false;
  const end = (): void => {
    over = true;
  };
  void (typeof until === 'number' ? sleep(until * 1000) : until).then(end, end);
  const seen = [await status()];
  while (!over) {
    await sleep(1100);
    seen.push(await status());
  }
  return summary(seen);
}

/** What statuses of a stretch of time say together. */
export function summary(seen: readonly ApiStatus[]): object {
  const [first, last] = [seen[0], seen[seen.length - 1]];
  const span = (Date.parse(last.time) - Date.parse(first.time)) / 1000;
  const megabytes = seen.map(({ process: { memory } }) => Math.round(memory / 2 ** 20));
  const cores = seen.slice(1).map(({ process: { cpu } }) => cpu);
  return {
    offeredPerSecond: offered,
    processedPerSecond: hundredths((last.rows.read - first.rows.read) / span),
    storedPerSecond: hundredths((last.rows.stored - first.rows.stored) / span),
    lagRows: { most: Math.max(...seen.map(({ lag }) => lag.rows ?? 0)), last: last.lag.rows },
    cores: hundredths(cores.reduce((sum, each) => sum + each, 0) / cores.length),
    rssMb: { first: megabytes[0], most: Math.max(...megabytes), last: megabytes[megabytes.length - 1] },
  };
}

export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
