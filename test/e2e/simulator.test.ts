import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runEmbedded } from '../../cli/embedded.ts';
import { builtInRegistry } from '../../cli/load-pipeline.ts';
import { openStoreForReading } from '../../connectors/duckdb/open.ts';
import { loadConfig } from '../../core/config/load.ts';
import type { SimulatorControl } from '../../core/simulator.ts';
import { openWorkplace, summaryOf, type Workplace } from '../command-line.ts';

/** Nothing is learned here: there are never so many rows. */
const pipeline = (items: string, path = 'playground.duckdb'): string =>
  `stream: playground\nsource: { type: simulator, items: [${items}] }\nstore: { type: duckdb, path: ${path}, memoryLimit: 150MB, threads: 1 }\ndetectors: { mahalanobis: {} }\ntrain: { rows: 100000 }\noutputs: []\nserve: false\n`;
const steady = '{ id: steady, mean: 5, variance: 1, rate: 50 }';

describe('the source simulator', () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await openWorkplace({ 'other.yaml': pipeline('{ id: other, mean: 1, variance: 1, rate: 100 }') });
  });
  afterAll(() => place.close());

  /** Runs the pipeline until the commands are done. */
  async function run(items: string, command: (simulator: SimulatorControl) => Promise<unknown>) {
    await place.write('playground.yaml', pipeline(items, place.path('playground.duckdb')));
    const registry = await builtInRegistry();
    const config = await loadConfig(place.path('playground.yaml'), registry);
    const store = await (await registry.load('store', 'duckdb')).open(config.store.options, 'own');
    const stop = new AbortController();
    let resumedAt = -1;
    let commands: Promise<unknown> = Promise.resolve();
    try {
      const result = await runEmbedded({
        ...{ config, registry, store, fresh: false, pace: config.source.pace, untilEnd: false, signal: stop.signal },
        watch: {
          started(start) {
            resumedAt = start.resumedAt;
            commands = command(start.simulator as SimulatorControl).finally(() => stop.abort());
          },
          print: () => undefined,
          warn: () => undefined,
          colour: false,
        },
      });
      await commands;
      return { resumedAt, ended: result.ended, rows: result.produced.rows, nextOffset: result.produced.nextOffset };
    } finally {
      await store.close();
    }
  }

  const stored = async (stream: string) => {
    const store = await openStoreForReading(place.path('playground.duckdb'));
    const rows = await store.rows({ stream });
    await store.close();
    return rows;
  };
  const idle = (simulator: SimulatorControl, id: string, sent: number) =>
    expect.poll(async () => (await simulator.get(id)).sent, { timeout: 15_000 }).toBeGreaterThanOrEqual(sent);

  it('stores the rows of items that are started, disturbed and stopped while it runs', async () => {
    let flat = 0;
    const ran = await run(steady, async (simulator) => {
      expect((await simulator.list()).map(({ id, rate }) => [id, rate])).toEqual([['steady', 50]]);
      await simulator.start('flat', { mean: 7, variance: 0, rate: 100 });
      await idle(simulator, 'flat', 3);
      await simulator.inject('flat', { deltas: [1, -2, 30] });
      await idle(simulator, 'flat', (await simulator.get('flat')).sent + 5);
      flat = (await simulator.stop('flat')).sent;
      // What is given out later was taken later: by then the last rows of the other are on their way.
      await idle(simulator, 'steady', (await simulator.get('steady')).sent + 5);
    });
    expect(ran).toMatchObject({ resumedAt: 0, ended: false });
    const { columns, labels, times } = await stored('flat');
    expect(times).toHaveLength(flat);
    const at = [...(labels ?? [])].indexOf(1);
    expect([...columns[0]].slice(at - 1, at + 4)).toEqual([7, 8, 5, 37, 7]);
    expect([...(labels ?? [])].filter((label) => label === 1)).toHaveLength(3);
    expect(new Set([...times.slice(1)].map((time, i) => Number(time - times[i]) % 10_000_000))).toEqual(new Set([0]));
    expect(ran.rows).toBe(flat + (await stored('steady')).times.length);
  });

  it('goes on with rows of now, counted on from the last one, also with other items', async () => {
    const before = await stored('steady');
    const { resumedAt } = await run(`${steady}, { id: more, mean: 1, variance: 1, rate: 20 }`, (simulator) => idle(simulator, 'more', 3));
    expect(resumedAt).toBe(before.times.length + (await stored('flat')).times.length);
    const { times } = await stored('steady');
    expect(times.length).toBeGreaterThan(before.times.length);
    expect(times[before.times.length]).toBeGreaterThan(before.times[before.times.length - 1]);

    const running = place.start('run', 'other.yaml', '--json', '--log-level', 'trace');
    await running.logged('committed', ({ nextOffset }) => Number(nextOffset) > resumedAt);
    running.kill('SIGINT');
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(summaryOf(ended)).toMatchObject({
      ended: false,
      resumedAt: times.length + (await stored('flat')).times.length + (await stored('more')).times.length,
    });
  });

  it.each([
    [['run', 'other.yaml', '--until-end'], /--until-end does not apply: rows of the source 'simulator' come as they happen/],
    [['train', 'other.yaml', '--out', 'model'], /cannot be trained on beforehand/],
  ])('%j has no use for it, and says so', async (args, message) => {
    const { code, stderr } = await place.call(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
