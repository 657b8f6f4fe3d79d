import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passingStore } from '../../evaluate/passing-store.ts';
import { type Scored, ScoredRows } from '../../evaluate/scored-rows.ts';
import { Pipeline } from '../../processor/pipeline.ts';
import { smallPlant } from '../pipeline/small-plant.ts';
import { push, type Workbench, workbench } from '../pipeline/workbench.ts';

describe('scored rows', () => {
  const attacks = [
    { from: 1600, to: 1640, tag: 'LIT101', value: 3000 },
    { from: 1700, to: 1705, tag: 'P102', value: 2 },
  ];
  const plant = smallPlant(2000, attacks);
  let bench: Workbench;
  let whole: Scored;

  const scoredIn = async (sizes: readonly number[], labelOf?: (origin: number, label: number) => number): Promise<Scored> => {
    const rows = new ScoredRows(labelOf);
    const { config, registry } = bench;
    const pipeline = await Pipeline.open({ config, registry, store: passingStore(), key: 'k', source: 's', observer: { scored: rows.take } });
    await push(pipeline, plant, sizes);
    return rows.result();
  };

  beforeAll(async () => {
    bench = await workbench();
    whole = await scoredIn([2000]);
  });
  afterAll(() => bench.close());

  it('are those behind the training rows, with their places, labels and verdicts', () => {
    expect([...whole.origins]).toEqual(Array.from({ length: 500 }, (_, i) => 1500 + i));
    expect([...whole.labels]).toEqual([...(plant.labels as Int8Array).subarray(1500)]);
    expect(whole.methods.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'detector clusters',
      'detector joint',
      'detector constant-broken',
      'combination combined',
      'combination both',
      'combination most',
    ]);
    for (const { name, status, flagged } of whole.methods) expect([...flagged], name).toEqual(Array.from(status, (one) => Number(one <= 0)));
  });

  it('are calibrated: flagged as an error exactly from 1 on, and on one scale', () => {
    for (const name of ['clusters', 'joint', 'combined']) {
      const { score, status } = whole.methods.find((method) => method.name === name) as Scored['methods'][number];
      // The error level itself may come out a hair beside 1.
      for (const [row, value] of score.entries()) if (Math.abs(value - 1) > 1e-9) expect(value >= 1, `${name} ${row}`).toBe(status[row] === -1);
    }
  });

  it('have the same peaks however rows are batched: the first of the largest scores of an event', async () => {
    for (const sizes of [[1], [7, 130, 1]]) {
      const split = await scoredIn(sizes);
      for (const [m, { name, score, peaks }] of split.methods.entries()) {
        expect(score, name).toEqual(whole.methods[m].score);
        expect(peaks, name).toEqual(whole.methods[m].peaks);
        for (const [e, { from, to }] of attacks.entries()) {
          const own = [...score.subarray(from - 1500, to - 1500)].map((value) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value));
          expect(peaks[e]).toMatchObject({ score: Math.max(...own), row: from - 1500 + own.indexOf(Math.max(...own)) });
        }
      }
    }
  });

  it('count rows without a label neither as an event nor as its end', async () => {
    const gap = await scoredIn([300], (origin, label) => (origin === 1610 || origin === 1520 ? -1 : label));
    const joint = gap.methods[1];
    expect(joint.peaks).toHaveLength(2);
    // Places are those among rows with a label.
    expect(joint.peaks[1]?.row).toBe((whole.methods[1].peaks[1]?.row as number) - 2);
  });
});
