import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { allocateBatch, sliceBatch } from '../../core/batch.ts';
import { defineSource, type Source, type SourceChunk } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { formatDuration } from '../../core/time.ts';
import { planRecording, type Recording, recordingOptions } from '../plant/recording.ts';
import { Simulation } from '../plant/simulation.ts';
import { plantSchema, plantTags } from '../plant/tags.ts';
import { chunkRows } from '../text/read-rows.ts';

/** Counts up when the same options give other rows than before. */
const modelVersion = 1;

/** Seconds of the plant after which whatever else the process has to do gets its turn. */
const pauseAfter = 50_000;

export default defineSource({
  type: 'plant',
  summary: 'A simulated water-treatment plant: the six stages and 51 tags of SWaT by a small physical model, with labelled attacks.',
  source: 'Goh, Adepu, Junejo and Mathur 2016, doi:10.1007/978-3-319-71368-7_8; docs/simulator.md says what the model holds',
  cost: 'About 2 us a row, and 20 ms for the hour before the first. Reading from a later row simulates all rows before it.',
  fails: "Conclusions about a real plant: the model is simpler, its tanks are smaller than SWaT's and its noise is milder.",
  options: recordingOptions,
  create(asked, context): Source {
    const seed = asked.seed ?? context.seed;
    const id = context.id ?? `plant:${seed}`;
    const chunk = chunkRows(plantTags.length);
    let recording: Recording | undefined;

    const read = async function* (from: number): AsyncGenerator<SourceChunk> {
      if (!recording) throw new SluiceError('INTERNAL', 'the source is read before it is opened');
      const { rows, interval, start, attacks } = recording;
      if (from >= rows) return;
      const plant = new Simulation(seed, attacks);
      const { seen } = plant;
      plant.step();
      let since = 0;
      for (let row = 0; row < from; row++) {
        for (let second = 0; second < interval; second++) plant.step();
        since += interval;
        if (since >= pauseAfter) since = await pause();
      }
      const period = BigInt(interval) * 1_000_000_000n;
      const tags = plantTags.length;
      for (let first = from; first < rows; first += chunk) {
        const batch = allocateBatch(context.stream, plantSchema, chunk, true);
        const { values, times, origins, labels } = batch;
        const count = Math.min(chunk, rows - first);
        for (let i = 0; i < count; i++) {
          // `set` into shared memory takes several times as long.
          for (let tag = 0; tag < tags; tag++) values[i * tags + tag] = seen[tag];
          times[i] = start + BigInt(first + i) * period;
          origins[i] = first + i;
          if (labels) labels[i] = plant.attacked ? 1 : 0;
          for (let second = 0; second < interval; second++) plant.step();
          since += interval;
          if (since >= pauseAfter) since = await pause();
        }
        const nextOffset = first + count;
        yield { partition: 0, nextOffset, batches: [sliceBatch(batch, 0, count)], dead: [], progress: nextOffset / rows };
      }
    };
    return {
      id,
      async open() {
        recording = await planRecording(asked, seed);
        const { rows, interval, start, attacks } = recording;
        const identity = JSON.stringify([modelVersion, seed, String(start), interval, attacks]);
        const every = interval === 1 ? 'a row a second' : `a row every ${formatDuration(interval * 1000)}`;
        const count = attacks.length === 0 ? 'no attacks' : attacks.length === 1 ? '1 attack' : `${attacks.length} attacks`;
        return {
          schema: plantSchema,
          labelled: true,
          fingerprint: createHash('sha256').update(identity).digest('hex').slice(0, 32),
          description: `simulated plant, ${plantTags.length} tags (SWaT), ${formatDuration(rows * interval * 1000)}, ${every}, ${count}, seed ${seed}`,
          rows,
        };
      },
      read,
      missing: () => new Map(),
      async lastTime() {
        return recording && recording.start + BigInt((recording.rows - 1) * recording.interval) * 1_000_000_000n;
      },
      async close() {
        recording = undefined;
      },
    };
  },
});

async function pause(): Promise<number> {
  await setImmediate();
  return 0;
}
