/**
 * Many streams of one value and one row a second, from batch to commit in DuckDB: `node dist/bench/many-streams.js [streams] [seconds] [active] [inMemory] [detector]`.
 * Of the streams, `active` bring a row each second (default: all), and those change by one a second. Each is warmed up before. Prints JSON: time to
 * score and store a second's rows, time to commit them, what a commit writes, the size of the manifest, memory.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPipeline } from '../cli/load-pipeline.ts';
import { allocateBatch, type Batch } from '../core/batch.ts';
import type { Manifest } from '../core/manifest.ts';
import { makeSchema } from '../core/schema.ts';
import { Pipeline, type PipelineStore } from '../processor/pipeline.ts';

const [streams = 1000, seconds = 10, active = streams, inMemory = streams] = process.argv.slice(2, 6).map(Number);
const detector = process.argv[6] ?? 'var';
const warmUp = 40;
const schema = makeSchema([{ name: 'value', kind: 'continuous' }]);
const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
try {
  const file = join(folder, 'pipeline.yaml');
  await writeFile(
    file,
    `stream: many
source: { type: csv, path: none.csv }
train: { rows: ${warmUp} }
streams: { inMemory: ${inMemory}, max: ${streams} }
detectors: { one: { type: ${detector}${detector === 'random-cut-forest' ? ', warmUp: 16' : ''} } }
outputs: []
store: { type: duckdb, path: ${join(folder, 'bench.duckdb')}, memoryLimit: 1GB }
`,
  );
  const { config, registry } = await loadPipeline(file, {});
  const store = await (await registry.load('store', config.store.type)).open(config.store.options, 'own');
  let written = { records: 0, bytes: 0, manifest: 0 };
  const watched: PipelineStore = Object.assign(Object.create(store) as typeof store, {
    commit(manifest?: Manifest, records?: ReadonlyMap<string, Uint8Array>) {
      if (manifest && records) {
        const bytes = [...records.values()].reduce((sum, { length }) => sum + length, 0);
        written = { records: records.size, bytes, manifest: JSON.stringify(manifest).length };
      }
      return store.commit(manifest, records);
    },
  });
  const pipeline = await Pipeline.open({ config, registry, store: watched, key: 'bench/0', source: 'bench' });
  let offset = 0;
  const second = async (at: number, from: number, count: number): Promise<{ process: number; commit: number }> => {
    const batches = Array.from({ length: count }, (_, i) => rowOf((from + i) % streams, at, offset + i));
    offset += count;
    const begun = performance.now();
    for (let n = 0; n < batches.length; n += 500) {
      const some = batches.slice(n, n + 500);
      await pipeline.process({ partition: 0, nextOffset: offset - batches.length + n + some.length, batches: some, dead: [] });
    }
    const processed = performance.now();
    await pipeline.commit();
    return { process: processed - begun, commit: performance.now() - processed };
  };
  for (let at = 0; at < warmUp; at++) await second(at, 0, streams);
  const took = [];
  for (let at = 0; at < seconds; at++) took.push(await second(warmUp + at, at, active));
  const median = (values: number[]): number => Number(values.sort((a, b) => a - b)[values.length >> 1].toFixed(1));
  const result = {
    bench: 'many-streams: one value and one row a second each, to DuckDB',
    ...{ streams, active, inMemory, detector, seconds },
    processMs: median(took.map(({ process: ms }) => ms)),
    commitMs: median(took.map(({ commit }) => commit)),
    lastCommit: written,
    rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    machine: { node: process.version, cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0] },
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  await store.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}

function rowOf(stream: number, second: number, origin: number): Batch {
  const batch = allocateBatch(`item-${stream}`, schema, 1);
  batch.values[0] = Math.sin(second / 3 + stream) + Math.sin(second * 12.9898 + stream * 78.233) * 0.3;
  batch.times[0] = BigInt(1_700_000_000 + second) * 1_000_000_000n;
  batch.origins[0] = origin;
  return batch;
}
