import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runEmbedded } from '../cli/embedded.ts';
import { loadPipeline } from '../cli/load-pipeline.ts';
import { openSource } from '../cli/pipeline-input.ts';
import { writePlantRows, writePlantWorkbook } from './plant-rows.ts';

/**
 * The embedded pipeline of pipelines/swat.yaml over a file of plant rows, as fast as it goes:
 * `node dist/bench/pipeline.js [rows] [csv|xlsx]`. Prints JSON: rows/s from first to last row, those of the reader alone, whole time,
 * peak memory.
 */
const rows = Number(process.argv[2] ?? 200_000);
const type = process.argv[3] === 'xlsx' ? 'xlsx' : 'csv';
const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
try {
  const file = join(folder, `plant.${type}`);
  await (type === 'csv' ? writePlantRows(file, rows) : writePlantWorkbook(file, rows));
  const { config, registry } = await loadPipeline('pipelines/swat.yaml', {
    set: [`source={type: ${type}, path: ${file}, timezone: Asia/Singapore}`, `store.path=${join(folder, 'bench.duckdb')}`, 'outputs=[]', 'serve=false'],
  });
  const readerRowsPerSecond = await readAlone();
  const store = await (await registry.load('store', config.store.type)).open(config.store.options, 'own');
  let first: number | undefined;
  let last = 0;
  const stages = { score: 0, store: 0, commit: 0 };
  const started = performance.now();
  const { pipeline } = await runEmbedded({
    config,
    registry,
    store,
    fresh: false,
    pace: { kind: 'max' },
    untilEnd: true,
    signal: new AbortController().signal,
    watch: {
      colour: false,
      print: () => undefined,
      warn: (message) => process.stderr.write(`${message}\n`),
      started: () => {
        first = performance.now();
      },
      observer: {
        chunk: (_chunk, _writes, seconds) => {
          stages.score += seconds.score;
          stages.store += seconds.store;
          last = performance.now();
        },
        commit: (_manifest, seconds) => {
          stages.commit += seconds;
          last = performance.now();
        },
      },
    },
  });
  await store.close();
  const seconds = (last - (first ?? started)) / 1000;
  const result = {
    bench: `pipeline: ${type} to DuckDB, pipelines/swat.yaml`,
    rows: pipeline.totals.stored,
    tags: 51,
    detectors: [...config.detectors.keys(), ...config.combine.keys()],
    rowsPerSecond: Math.round(rows / seconds),
    readerRowsPerSecond,
    seconds: Number(seconds.toFixed(2)),
    secondsPerStage: Object.fromEntries(Object.entries(stages).map(([stage, s]) => [stage, Number(s.toFixed(2))])),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    incidents: pipeline.totals.incidents,
    machine: { node: process.version, cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0] },
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);

  async function readAlone(): Promise<number> {
    const source = await openSource(config.source!, config, registry, { warn: () => undefined });
    await source.open();
    const began = performance.now();
    let read = 0;
    for await (const { batches } of source.read(0)) for (const batch of batches) read += batch.rows;
    await source.close();
    return Math.round((read / (performance.now() - began)) * 1000);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
