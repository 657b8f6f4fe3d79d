import { z } from 'zod';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { defineSource, type Source, type SourceChunk } from '../../core/component.ts';
import { makeRandom } from '../../core/random.ts';
import { makeSchema } from '../../core/schema.ts';
import { nanosPerMilli } from '../../core/time.ts';
import { type ItemMessages, Items } from '../simulator/items.ts';
import { listedItem, simulatorLimits } from '../simulator/settings.ts';

const schema = makeSchema([{ name: 'value', kind: 'continuous' }]);

/** Without a row a chunk without rows is given so often, ms, so that whoever reads can end. */
const idle = 100;

export default defineSource({
  type: 'simulator',
  summary: 'Simulated signals that are started, changed, disturbed and stopped while the pipeline runs; each is a stream with the tag value.',
  live: true,
  source: 'docs/simulator.md says how values, times and anomalies are made',
  cost: 'About 1 us a row.',
  fails: 'Rows of the past: it makes them as they are due, and none for the time in which it did not run.',
  options: z.strictObject({
    items: z
      .array(listedItem)
      .max(simulatorLimits.items)
      .refine((items) => new Set(items.map(({ id }) => id)).size === items.length, { error: 'expected items that differ in their id' })
      .default([])
      .describe('Items to begin with. Others are started on the page or over HTTP.'),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional()
      .describe("Seeds the values; default: the pipeline's. They begin anew with each start."),
  }),
  create({ items: listed, seed }, context): Source {
    const items = new Items(makeRandom(seed ?? context.seed, 'simulator'));
    return {
      id: context.id ?? 'simulator',
      async open() {
        for (const { id, ...settings } of listed) await items.start(id, settings);
        const { rate } = items.totals;
        const begin = listed.length === 0 ? 'none' : `${listed.length} with ${rate.toLocaleString('en-US')} rows/s`;
        return { schema, labelled: true, fingerprint: 'simulator', description: `simulated items, ${begin} to begin with`, streamsByRow: true };
      },
      async *read(from): AsyncGenerator<SourceChunk> {
        let nextOffset = from;
        for await (const due of items.run({ idle, warn: (message) => context.warn(message) })) {
          const batches = due.map((messages) => {
            const batch = batchOf(messages, nextOffset);
            nextOffset += batch.rows;
            return batch;
          });
          yield { partition: 0, nextOffset, batches, dead: [] };
        }
      },
      missing: () => new Map(),
      async lastTime() {
        return undefined;
      },
      async close() {},
      simulator: items,
    };
  },
});

/** @param origin of the first row; there is no past to count rows in, so they are counted as they come */
function batchOf({ id, times, values, anomalous }: ItemMessages, origin: number): Batch {
  const batch = allocateBatch(id, schema, times.length, true);
  for (let row = 0; row < times.length; row++) {
    batch.values[row] = values[row];
    batch.times[row] = BigInt(times[row]) * nanosPerMilli;
    batch.origins[row] = origin + row;
    if (batch.labels) batch.labels[row] = anomalous[row] ? 1 : 0;
  }
  return batch;
}
