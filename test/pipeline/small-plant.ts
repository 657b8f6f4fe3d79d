import { allocateBatch, type Batch } from '../../core/batch.ts';
import { makeRandom } from '../../core/random.ts';
import { makeSchema } from '../../core/schema.ts';
import { TimeWindow } from '../../core/time-window.ts';

export const plantSchema = makeSchema([
  { name: 'FIT101', kind: 'continuous', stage: 'P1' },
  { name: 'LIT101', kind: 'continuous', stage: 'P1' },
  { name: 'MV101', kind: 'discrete', stage: 'P1' },
  { name: 'P101', kind: 'discrete', stage: 'P1' },
  { name: 'P102', kind: 'discrete', stage: 'P1' },
  { name: 'AIT201', kind: 'continuous', stage: 'P2' },
]);

export const plantStart = 1_500_000_000_000_000_000n;

export interface Attack {
  readonly from: number;
  readonly to: number;
  readonly tag: string;
  readonly value: number;
}

/**
 * A tank that a valve fills and a pump empties, one row a second from `plantStart`, with missing values, tied times and
 * steps back in time among the rows. Labels mark the attacks, which overwrite one tag.
 */
export function smallPlant(rows: number, attacks: readonly Attack[] = [], seed = 1): Batch {
  const random = makeRandom(seed, 'small-plant');
  const batch = allocateBatch('plant', plantSchema, rows, true);
  const window = new TimeWindow(60_000);
  const tags = plantSchema.tags.length;
  let [level, filling, pumping] = [600, true, true];
  for (let row = 0; row < rows; row++) {
    if (level > 800) filling = false;
    if (level < 500) filling = true;
    if (row % 97 === 0) pumping = !pumping;
    const inflow = filling ? 2.5 + 0.05 * random.normal() : 0;
    level += inflow * 0.8 - (pumping ? 1.1 : 0.6) + 0.1 * random.normal();
    const values = [inflow, level, filling ? 2 : 1, pumping ? 2 : 1, 1, 7 + 0.2 * Math.sin(row / 40) + 0.02 * random.normal()];
    for (const [t, value] of values.entries()) batch.values[row * tags + t] = random.next() < 0.002 ? Number.NaN : value;
    for (const { from, to, tag, value } of attacks) {
      if (row < from || row >= to) continue;
      batch.values[row * tags + plantSchema.tags.findIndex(({ name }) => name === tag)] = value;
      (batch.labels as Int8Array)[row] = 1;
    }
    const slip = row % 211 === 210 ? 3 : row % 89 === 88 ? 1 : 0;
    batch.times[row] = plantStart + BigInt(row - slip) * 1_000_000_000n;
    batch.seqs[row] = window.next(batch.times[row]) ?? -1;
    batch.origins[row] = row;
  }
  return batch;
}
