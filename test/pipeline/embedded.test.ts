import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type EmbeddedRun, type RunResult, runEmbedded } from '../../cli/embedded.ts';
import { sliceBatch } from '../../core/batch.ts';
import { defineSource, type Source } from '../../core/component.ts';
import { loadConfig } from '../../core/config/load.ts';
import { parsePace } from '../../core/pace.ts';
import type { Store } from '../../core/store.ts';
import { plantLines, plantText } from '../plant-file.ts';
import { plantSchema, smallPlant } from './small-plant.ts';
import { everything, type Workbench, workbench } from './workbench.ts';

const rows = smallPlant(3000);

/** The small plant without a file; breaks down at a row when told to. */
const plantSource = defineSource({
  type: 'small-plant',
  summary: 'The small plant.',
  options: z.strictObject({ breaksAt: z.int().default(0).describe('Data row that cannot be read.') }),
  create({ breaksAt }, { id = 'small-plant' }): Source {
    return {
      id,
      async open() {
        return { schema: plantSchema, labelled: true, fingerprint: 'small', description: 'the small plant' };
      },
      async *read(from) {
        for (let at = from; at < rows.rows; at += 100) {
          if (breaksAt > 0 && at + 100 > breaksAt) throw new Error(`row ${breaksAt} is burnt`);
          const to = Math.min(rows.rows, at + 100);
          yield { partition: 0, nextOffset: to, batches: [sliceBatch(rows, at, to)], dead: [] };
        }
      },
      missing: () => new Map(),
      lastTime: async () => rows.times[rows.rows - 1],
      close: async () => undefined,
    };
  },
});

describe('source, bus, pipeline and store in one process', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench(everything, [plantSource]);
    await writeFile(join(bench.folder, 'not-read.csv'), 'not,what\nit,was\n');
  });
  afterAll(() => bench.close());

  const run = async (store: Store, source: string, more: { replace?: [string, string][] } & Partial<EmbeddedRun> = {}): Promise<RunResult> => {
    const { replace = [], ...options } = more;
    const text = replace.reduce((yaml, [from, to]) => yaml.replace(from, to), everything.replace('{ type: csv, path: not-read.csv }', source));
    const file = join(bench.folder, 'run.yaml');
    await writeFile(file, text);
    return await runEmbedded({
      config: await loadConfig(file, bench.registry),
      registry: bench.registry,
      store,
      fresh: false,
      pace: parsePace('max'),
      untilEnd: true,
      signal: new AbortController().signal,
      watch: { print: () => undefined, warn: () => undefined, colour: false },
      ...options,
    });
  };
  const storedRows = async (store: Store, stream = 'plant'): Promise<number> => (await store.rows({ stream, tags: [] })).times.length;

  it('keeps every row before the one at which the source breaks down', async () => {
    const store = await bench.openStore('burnt');
    await expect(run(store, '{ type: small-plant, breaksAt: 2950 }')).rejects.toThrow('row 2950 is burnt');
    expect(await storedRows(store)).toBe(2900);
    expect((await store.manifest('SWAT/0'))?.positions['small-plant'].nextOffset).toBe(2900);
    await store.close();
  });

  it('ends with the error of the store, also while the producer waits for room', async () => {
    const store = await bench.openStore('full');
    let appended = 0;
    const filling = new Proxy(store, {
      get(target, key: keyof Store) {
        if (key !== 'append') return typeof target[key] === 'function' ? target[key].bind(target) : target[key];
        return async (write: Parameters<Store['append']>[0]) => {
          appended += write.batch.rows;
          if (appended > 700) throw new Error('no space left');
          await target.append(write);
        };
      },
    });
    const small: [string, string][] = [['outputs: []', 'outputs: []\nbus: { type: memory, capacity: 100 }']];
    await expect(run(filling, '{ type: small-plant }', { replace: small })).rejects.toThrow('no space left');
    await store.close();
    const again = await bench.openStore('full');
    const { pipeline } = await run(again, '{ type: small-plant }');
    expect([await storedRows(again), pipeline.totals.stored, pipeline.totals.duplicate]).toEqual([3000, 3000, 0]);
    await again.close();
  });

  it('forgets nothing before the new start is known to be possible', async () => {
    const store = await bench.openStore('fresh');
    await run(store, '{ type: small-plant }');
    const missing = `{ type: csv, path: ${join(bench.folder, 'missing.csv')} }`;
    await expect(run(store, missing, { fresh: true })).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    const model = `train: { model: ${join(bench.folder, 'missing.model')} }`;
    await expect(run(store, '{ type: small-plant }', { fresh: true, replace: [['train: { rows: 1500 }', model]] })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
    });
    expect(await storedRows(store)).toBe(3000);
    expect((await run(store, '{ type: small-plant }', { fresh: true })).pipeline.totals.stored).toBe(3000);
    await store.close();
  });

  describe('with a stream per row', () => {
    const byRow = (name: string): string => `{ type: csv, path: ${join(bench.folder, name)}, streamColumn: Plant }`;
    const header = plantText([]).replace('Timestamp', 'Plant,Timestamp').trimEnd();
    const plants = { north: plantLines(2000), south: plantLines(2000, { seed: 5 }) };
    const mixed = (from: number, to: number): string =>
      [header, ...plants.north.slice(from, to).flatMap((line, i) => [`north,${line}`, `south,${plants.south[from + i]}`])].join('\n');

    it('begins anew after a start anew that was interrupted', async () => {
      await writeFile(join(bench.folder, 'both.csv'), mixed(0, 1600));
      const store = await bench.openStore('interrupted');
      const before = (await run(store, byRow('both.csv'))).pipeline.totals;
      for (const calls of [1, 2]) {
        let left = calls;
        const interrupted = new Proxy(store, {
          get(target, key: keyof Store) {
            if (key !== 'forget') return typeof target[key] === 'function' ? target[key].bind(target) : target[key];
            return async (...args: Parameters<Store['forget']>) => {
              if (left-- === 0) throw new Error('killed');
              await target.forget(...args);
            };
          },
        });
        await expect(run(interrupted, byRow('both.csv'), { fresh: true })).rejects.toThrow('killed');
        const { pipeline } = await run(store, byRow('both.csv'), { fresh: true });
        expect(pipeline.totals).toEqual(before);
        expect([await storedRows(store, 'north'), await storedRows(store, 'south')]).toEqual([1600, 1600]);
      }
      await store.close();
    });

    it('trains each stream on its own rows of a training file', async () => {
      await writeFile(join(bench.folder, 'normal.csv'), mixed(0, 1500));
      await writeFile(join(bench.folder, 'later.csv'), mixed(1500, 2000));
      const file = `train: { file: ${byRow('normal.csv')} }`;
      const store = await bench.openStore('each');
      const { pipeline } = await run(store, byRow('later.csv'), { replace: [['train: { rows: 1500 }', file]] });
      const hashes = { north: pipeline.stream('north')?.modelRecord?.hash, south: pipeline.stream('south')?.modelRecord?.hash };
      expect(hashes.north).not.toBe(hashes.south);
      await store.close();
      for (const name of ['north', 'south'] as const) {
        const alone = await bench.openStore(`alone-${name}`);
        await writeFile(join(bench.folder, 'normal-one.csv'), plantText(plants[name].slice(0, 1500)));
        await writeFile(join(bench.folder, 'later-one.csv'), plantText(plants[name].slice(1500)));
        const one = `train: { file: { type: csv, path: ${join(bench.folder, 'normal-one.csv')} } }`;
        const replace: [string, string][] = [
          ['train: { rows: 1500 }', one],
          ['stream: plant', `stream: ${name}`],
        ];
        const own = await run(alone, `{ type: csv, path: ${join(bench.folder, 'later-one.csv')} }`, { replace });
        expect(own.pipeline.stream(name)?.modelRecord?.hash).toBe(hashes[name]);
        await alone.close();
      }
    });
  });

  it('paces the rows of a further source when the stream is warm', async () => {
    const store = await bench.openStore('paced');
    await run(store, '{ type: small-plant }');
    const stop = new AbortController();
    const waits: number[] = [];
    const result = await run(store, '{ type: small-plant, id: second }', {
      pace: parsePace('0.01x'),
      untilEnd: false,
      signal: stop.signal,
      watch: {
        print: () => undefined,
        warn: () => undefined,
        colour: false,
        gap(wait) {
          waits.push(wait);
          stop.abort();
        },
      },
    });
    expect(waits).toHaveLength(1);
    expect([result.ended, result.produced.aborted, result.produced.rows]).toEqual([false, true, 1]);
    await store.close();
  });

  it('refuses to go on by another clock', async () => {
    const store = await bench.openStore('clock');
    const shifted: [string, string][] = [['outputs: []', 'outputs: []\nclock: shifted']];
    const { pipeline } = await run(store, '{ type: small-plant }', { replace: shifted });
    const shift = pipeline.position?.shiftMs as number;
    const last = (await store.rows({ stream: 'plant', tags: [], last: true, limit: 1 })).times[0];
    expect(last).toBe(rows.times[rows.rows - 1] + BigInt(shift) * 1_000_000n);
    expect((await run(store, '{ type: small-plant }', { replace: shifted })).pipeline.position?.shiftMs).toBe(shift);
    await expect(run(store, '{ type: small-plant }')).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('`clock: shifted`') });
    await store.close();
  });
});
