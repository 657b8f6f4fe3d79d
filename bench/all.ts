/** `npm run bench`: runs the parts (bench/benchmark/parts.ts) one after the other and makes docs/benchmarks.md of what they print. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { arch, cpus, loadavg, platform, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { SluiceError } from '../core/errors.ts';
import { missingServers } from '../test/stack/servers.ts';
import { hottest } from './benchmark/cpu-profile.ts';
import { type BenchmarkOptions, help, readOptions } from './benchmark/options.ts';
import { renderPage } from './benchmark/page.ts';
import { type PartName, parts } from './benchmark/parts.ts';
import type { BenchmarkResult, PartResult } from './benchmark/result.ts';

const baseline = 'bench/baseline.json';
const page = 'docs/benchmarks.md';

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(help);
  else await measure(options);
} catch (error) {
  if (!(error instanceof SluiceError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 2;
}

async function measure(options: BenchmarkOptions): Promise<void> {
  const began = new Date().toISOString();
  const start = loads();
  const results: PartResult[] = [];
  for (const name of options.only) {
    process.stderr.write(`${name}: ${parts[name].what}\n`);
    const result = await runPart(name, options);
    process.stderr.write(`${name}: ${result.skipped ?? `took ${Math.round(result.seconds)} s`}\n`);
    results.push(result);
  }
  const result: BenchmarkResult = { began, commit: commit(), machine: machine(), load: { start, end: loads() }, parts: results };
  const before = existsSync(baseline) ? (JSON.parse(readFileSync(baseline, 'utf8')) as BenchmarkResult) : undefined;
  const descriptions = Object.fromEntries(Object.entries(parts).map(([name, { what }]) => [name, what]));
  const text = renderPage(result, before, descriptions);
  const json = `${JSON.stringify(result, undefined, 2)}\n`;
  process.stdout.write(text);
  if (options.json !== undefined) writeFileSync(options.json, json);
  if (results.some(({ failed }) => failed)) process.exitCode = 1;
  else if (options.write) write(text, json);
}

function write(text: string, json: string): void {
  writeFileSync(page, text);
  writeFileSync(baseline, json);
}

async function runPart(name: PartName, options: BenchmarkOptions): Promise<PartResult> {
  const { script, args, needs, profiled, figures } = parts[name];
  const missing = needs === undefined ? [] : missingServers(needs);
  if (missing.length > 0) return { part: name, seconds: 0, figures: [], skipped: missing.join('; ') };
  const profiles = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  try {
    const began = performance.now();
    const node = profiled === 'itself' ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [];
    const { code, text } = await ended([...node, join(import.meta.dirname, script), ...args({ ...options, profiles })]);
    const seconds = (performance.now() - began) / 1000;
    if (code !== 0) return { part: name, seconds, figures: [], skipped: `failed with exit code ${code}`, failed: true };
    const printed: unknown = JSON.parse(text);
    return { part: name, seconds, figures: figures(printed), ...(profiled ? { profile: await hottest(profiles) } : {}) };
  } finally {
    await rm(profiles, { recursive: true, force: true });
  }
}

/** What a script prints, and how it ends; what it says on standard error goes to ours. */
async function ended(words: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, text };
}

function machine(): BenchmarkResult['machine'] {
  const [{ model }] = cpus();
  return { cpu: model, cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30), platform: `${platform()} ${arch()}`, node: process.version };
}

function loads(): number[] {
  return loadavg().map((value) => Number(value.toFixed(2)));
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}
