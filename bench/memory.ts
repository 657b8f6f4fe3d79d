import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePlantRows } from './plant-rows.ts';

/**
 * The memory of `sluice run` over a long csv: `node dist/bench/memory.js [rows]`. Prints JSON: the most it took, and by how much it grew
 * a million rows over the last 90 % of the run (least squares over a look every 200 ms). Needs /proc, so Linux.
 */
const rows = Number(process.argv[2] ?? 1_000_000);
const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
try {
  const csv = join(folder, 'plant.csv');
  await writePlantRows(csv, rows);
  const set = [`source={type: csv, path: ${csv}}`, `store.path=${join(folder, 'bench.duckdb')}`, 'outputs=[]', 'serve=false'];
  const words = ['run', 'pipelines/swat.yaml', '--until-end', '--quiet', '--json', ...set.flatMap((value) => ['--set', value])];
  const child = spawn(process.execPath, [join(import.meta.dirname, '../cli/main.js'), ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const looks: { at: number; mb: number }[] = [];
  const timer = setInterval(() => {
    const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    if (kb !== undefined) looks.push({ at: performance.now(), mb: Number(kb) / 1024 });
  }, 200);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  child.once('exit', () => clearInterval(timer));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new Error(`exit ${code}`);
  const { rowsStored, seconds, peakRssMb } = JSON.parse(text) as { rowsStored: number; seconds: number; peakRssMb: number };
  if (rowsStored !== rows) throw new Error(`${rowsStored} of ${rows} rows were stored`);
  const span = looks[looks.length - 1].at - looks[0].at;
  const late = looks.filter(({ at }) => at - looks[0].at >= span / 10);
  const slopeMbPerMillionRows = Number(((slope(late) * span) / (rows / 1e6)).toFixed(2));
  process.stdout.write(`${JSON.stringify({ bench: 'memory: csv to DuckDB, pipelines/swat.yaml', rows, seconds, peakRssMb, slopeMbPerMillionRows })}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Megabytes a millisecond. */
function slope(looks: readonly { at: number; mb: number }[]): number {
  const mean = (of: (look: { at: number; mb: number }) => number): number => looks.reduce((sum, look) => sum + of(look), 0) / looks.length;
  const [at, mb] = [mean((look) => look.at), mean((look) => look.mb)];
  return mean((look) => (look.at - at) * (look.mb - mb)) / mean((look) => (look.at - at) ** 2);
}
