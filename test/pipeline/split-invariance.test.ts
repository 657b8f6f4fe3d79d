import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { StoreWrite } from '../../core/store.ts';
import { smallPlant } from './small-plant.ts';
import { everything, push, type Workbench, workbench } from './workbench.ts';

const rows = smallPlant(1100, [{ from: 800, to: 860, tag: 'LIT101', value: 1200 }]);

let bench: Workbench;
let stores = 0;
beforeAll(async () => {
  bench = await workbench(everything.replace('rows: 1500', 'rows: 600'));
});
afterAll(() => bench.close());

/** Every number of every verdict and contribution, in row order per detector. */
async function verdictsOf(sizes: readonly number[]): Promise<Map<string, number[]>> {
  const store = await bench.openStore(`split-${stores++}`);
  const numbers = new Map<string, number[]>();
  const collect = (writes: readonly StoreWrite[]): void => {
    for (const { verdicts } of writes) {
      for (const { detector, score, grade, status, contributions } of verdicts) {
        const all = numbers.get(detector) ?? [];
        numbers.set(detector, all);
        for (let row = 0; row < score.length; row++) all.push(score[row], grade[row], status[row]);
        const told = numbers.get(`${detector}, why`) ?? [];
        numbers.set(`${detector}, why`, told);
        told.push(...contributions.tags, ...contributions.shares);
      }
    }
  };
  const pipeline = await bench.openPipeline(store, { observer: { chunk: (_chunk, writes) => collect(writes) } });
  await push(pipeline, rows, sizes);
  await pipeline.commit();
  await store.close();
  // One list a detector; contributions of one batch hold tags first, so they are compared sorted by value.
  for (const [name, list] of numbers) if (name.endsWith('why')) list.sort((a, b) => a - b);
  return numbers;
}

it('verdicts are equal by Object.is wherever the stream is cut', async () => {
  const whole = await verdictsOf([1100]);
  expect([...whole.keys()].filter((name) => !name.endsWith('why'))).toHaveLength(6);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom(1, 7, 500), fc.integer({ min: 1, max: 400 })), { minLength: 1, maxLength: 12 }), async (sizes) => {
      const cut = await verdictsOf(sizes);
      expect([...cut.keys()]).toEqual([...whole.keys()]);
      for (const [name, expected] of whole) {
        const found = cut.get(name) as number[];
        expect(found.length, name).toBe(expected.length);
        const differing = expected.findIndex((value, n) => !Object.is(value, found[n]));
        expect(differing, `${name}, cut at ${sizes}`).toBe(-1);
      }
    }),
    { numRuns: 15, examples: [[[1]], [[7]], [[500]]] },
  );
});
