import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openStore } from '../connectors/duckdb/open.ts';
import { allocateBatch, type Batch } from '../core/batch.ts';
import { makeSchema } from '../core/schema.ts';
import { levelsOfDetail, type Store } from '../core/store.ts';
import { Status, type Verdicts } from '../core/verdict.ts';
import { LevelOfDetail } from '../processor/level-of-detail.ts';
import { plantTags } from '../producer/plant/tags.ts';
import { sampleRows } from '../scripts/make-sample.ts';

/**
 * Does a long history slow down what is stored? A DuckDB store with so many verdicts, and the rows and buckets that go with them, beside
 * an empty one: both take in the same rows with nine verdicts each, in turns. `node dist/bench/history.js [verdicts] [rounds]` prints JSON:
 * rows/s of either and one by the other, the medians of the rounds.
 */
const verdicts = Number(process.argv[2] ?? 50_000_000);
const rounds = Number(process.argv[3] ?? 5);
const rowsPerRound = 100_000;
const rowsPerCommit = 20_000;
const rowsPerBatch = 500;
const detectors = ['one-class-svm', 'isolation-forest', 'k-means', 'lof', 'var', 'mahalanobis', 'k-nn', 'constant-broken', 'combined'];
/** The sample's four hours, over and over. */
const hours = Array.from(sampleRows(2015, 14_400), ({ values }) => values);
const schema = makeSchema(plantTags.map((name) => ({ name, kind: 'continuous' as const })));
const start = 1_451_268_000n * 1_000_000_000n;
const options = { memoryLimit: '150MB', threads: 2 };

/** Rows as a pipeline hands them to its store; one in a hundred is flagged and explained. */
class Plant {
  readonly #levels = new LevelOfDetail(plantTags.length, 10_000);
  #at = 0;

  /** Goes on from there. */
  skipTo(row: number): void {
    this.#at = row;
  }

  async ingest(store: Store, rows: number): Promise<void> {
    for (let done = 0; done < rows; ) {
      for (const until = Math.min(rows, done + rowsPerCommit); done < until; done += rowsPerBatch) {
        const batch = this.#batch(Math.min(rowsPerBatch, until - done));
        await store.append({ batch, verdicts: this.#verdicts(batch), incidents: [], thresholds: [], buckets: this.#levels.add(batch) });
      }
      await store.commit();
    }
  }

  #batch(rows: number): Batch {
    const batch = allocateBatch('plant', schema, rows);
    for (let i = 0; i < rows; i++, this.#at++) {
      batch.values.set(hours[this.#at % hours.length], i * plantTags.length);
      batch.times[i] = start + BigInt(this.#at) * 1_000_000_000n;
      batch.origins[i] = this.#at;
    }
    return batch;
  }

  #verdicts({ rows, origins }: Batch): Verdicts[] {
    return detectors.map((detector, d) => {
      const score = Float64Array.from({ length: rows }, (_, i) => Math.abs(Math.sin(origins[i] * (d + 1.1))));
      const status = Int8Array.from(score, (value) => (value < 0.015 ? Status.warning : Status.ok));
      const flagged = Array.from(status.keys()).filter((i) => status[i] === Status.warning);
      const contributions = {
        ...{ rows: flagged, tags: flagged.flatMap(() => [0, 1, 2, 3, 4]), shares: flagged.flatMap((i) => [0.3, 0.2, 0.1, 0.1, score[i]]) },
        rest: flagged.map((i) => 0.3 - score[i]),
      };
      return { detector, score, grade: score.map((value) => value / 2), status, contributions };
    });
  }
}

/** Repeats what a store holds until it has so many rows a detector: by SQL, in the store's own layout and order of writing. */
async function repeat(path: string, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '2GB', threads: '2' });
  const connection = await instance.connect();
  await connection.run(`ATTACH '${path}' AS plant`);
  await connection.run('USE plant');
  const times = Math.ceil(rows / hours.length) - 1;
  const shift = BigInt(hours.length) * 1_000_000_000n;
  const shifted = (more = ''): string => `SELECT t.* REPLACE (t.time + k * ${shift} AS time${more})`;
  const from = (table: string): string => `FROM range(1, ${times + 1}) r(k) CROSS JOIN (FROM sluice_data.${table}) t`;
  const tables = [['verdicts', ''], ['contributions', ''], [`rows_${schema.hash}`, `, t.origin + k * ${hours.length} AS origin`], ...levelsOfDetail.map((level) => [`buckets_${level}`, ''])]; // biome-ignore format: one list
  for (const [table, more] of tables) await connection.run(`INSERT INTO sluice_data.${table} ${shifted(more)} ${from(table)}`);
  connection.closeSync();
  instance.closeSync();
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
try {
  const path = join(folder, 'long.duckdb');
  const [long, empty] = [new Plant(), new Plant()];
  const first = await openStore({ path, ...options });
  await first.openStream('plant', schema);
  await new Plant().ingest(first, hours.length);
  await first.close();
  const rows = Math.ceil(verdicts / detectors.length / hours.length) * hours.length;
  await repeat(path, rows);
  const megabytes = Math.round((await stat(path)).size / 2 ** 20);
  long.skipTo(rows);
  const stores = [
    { plant: long, store: await openStore({ path, ...options }), rates: [] as number[], cpu: [] as number[] },
    { plant: empty, store: await openStore({ path: join(folder, 'empty.duckdb'), ...options }), rates: [] as number[], cpu: [] as number[] },
  ];
  await stores[1].store.openStream('plant', schema);
  const [{ rows: before }] = await stores[0].store.streams();
  if (before !== rows) throw new Error(`the long store has ${before} rows, not ${rows}`);
  for (let round = 0; round < rounds; round++) {
    for (const { plant, store, rates, cpu } of round % 2 === 0 ? stores : stores.toReversed()) {
      const used = process.cpuUsage();
      const began = performance.now();
      await plant.ingest(store, rowsPerRound);
      rates.push(rowsPerRound / ((performance.now() - began) / 1000));
      const { user, system } = process.cpuUsage(used);
      cpu.push((user + system) / rowsPerRound);
    }
  }
  for (const { store } of stores) await store.close();
  const [{ rates: longRates, cpu: longCpu }, { rates: emptyRates, cpu: emptyCpu }] = stores;
  const result = {
    ...{ bench: 'history: rows and verdicts into DuckDB', verdicts: rows * detectors.length, rows, megabytes, rounds, rowsPerRound },
    long: { rowsPerSecond: Math.round(median(longRates)), cpuMicrosPerRow: Number(median(longCpu).toFixed(2)) },
    empty: { rowsPerSecond: Math.round(median(emptyRates)), cpuMicrosPerRow: Number(median(emptyCpu).toFixed(2)) },
    ratio: Number(median(longRates.map((rate, round) => rate / emptyRates[round])).toFixed(3)),
    cpuRatio: Number(median(emptyCpu.map((micros, round) => micros / longCpu[round])).toFixed(3)),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
