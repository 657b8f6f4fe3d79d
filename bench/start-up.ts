import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Milliseconds until `./sluice --help` has ended, and until `./sluice run` of the sample has given its first verdict (/metrics, asked
 * every 10 ms); the median of 5. Prints JSON: `node dist/bench/start-up.js`.
 */
const rounds = 5;
const sluice = join(import.meta.dirname, '../../sluice');

/** Rows that are collected for the warm-up have the status undefined. */
const verdict = /^sluice_verdicts_total\{[^}]*status="(ok|warning|error)"/m;

async function helpMs(): Promise<number> {
  const began = performance.now();
  const child = spawn(sluice, ['--help'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await ended(child);
  if (code !== 0) throw new Error(`exit ${code}`);
  return performance.now() - began;
}

async function firstVerdictMs(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const set = [`store.path=${join(folder, 'bench.duckdb')}`, 'outputs=[]', 'serve.port=0'].flatMap((value) => ['--set', value]);
  const began = performance.now();
  const child = spawn(sluice, ['run', 'pipelines/swat.yaml', ...set], { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = ended(child);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    said += part;
  });
  try {
    const url = await pageOf(child, end, () => said);
    while (!verdict.test(await (await fetch(`${url}/metrics`)).text())) await sleep(10);
    return performance.now() - began;
  } finally {
    child.kill('SIGINT');
    await end;
    await rm(folder, { recursive: true, force: true });
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((done, fail) => {
    child.once('error', fail).once('close', done);
  });
}

/** The address that a run tells. */
function pageOf(child: ChildProcess, end: Promise<unknown>, said: () => string): Promise<string> {
  return new Promise((found, fail) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      const address = /^page +(\S+)/m.exec(text)?.[1];
      if (address !== undefined) found(address);
    });
    end.then(() => fail(new Error(`the run ended before its page was there: ${said()}`)), fail);
  });
}

async function median(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) values.push(await measure());
  return Math.round(values.sort((a, b) => a - b)[rounds >> 1]);
}

process.stdout.write(`${JSON.stringify({ bench: 'start-up', rounds, helpMs: await median(helpMs), firstVerdictMs: await median(firstVerdictMs) })}\n`);
