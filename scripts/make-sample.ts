/**
 * Writes data/swat-sample.xlsx: four hours of the simulated plant (producer/plant/) at 1 Hz in the layout of SWaT's 2015
 * workbooks, labels included, and beside it the list of its attacks. SWaT itself may not be redistributed. The sample is
 * seeded and its attacks are written down here, so that the same rows come out on every machine.
 *
 *   npm run sample [-- <file>]
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { XlsxStreamWriter } from 'hucre/xlsx';
import type { Attack, AttackPart } from '../producer/plant/attack.ts';
import { attacksPathOf } from '../producer/plant/attacks-path.ts';
import type { Recording } from '../producer/plant/recording.ts';
import { attacksFile, workbookHead, workbookTime } from '../producer/plant/recording-file.ts';
import { Simulation } from '../producer/plant/simulation.ts';

/**
 * Kinds of SWaT's published list, with sizes as producer/plant/scenarios.ts has them, by first row, rows, effect and what is
 * done to which tag. Each begins from normal operation and leaves the plant time to recover.
 */
export const sampleAttacks: readonly Attack[] = [
  attack(7400, 300, 'The filter seems clogged: it is washed again and again.', { tag: 'DPIT301', kind: 'constant', size: 1.6 }),
  attack(8200, 300, 'T101 seems to fill faster than it does: MV101 closes too early, the tank runs low.', { tag: 'LIT101', kind: 'ramp', size: 3 }),
  attack(9000, 240, 'The spare pump reports running; nothing else shows it.', { tag: 'P102', kind: 'spare' }),
  attack(9700, 330, 'The water seems acid: P203 doses nothing.', { tag: 'AIT202', kind: 'constant', size: -8 }),
  attack(10_500, 330, 'T101 fills beyond its set point.', { tag: 'MV101', kind: 'force', to: 2 }),
  attack(11_300, 240, 'The feed seems to fail: UV401 and P501 stop, reverse osmosis with them.', { tag: 'FIT401', kind: 'constant', size: -13 }),
  attack(
    12_000,
    300,
    'T301 fills unseen while nothing leaves it, and T401 runs low.',
    { tag: 'P101', kind: 'force', to: 2 },
    { tag: 'MV101', kind: 'force', to: 2 },
    { tag: 'MV201', kind: 'force', to: 2 },
    { tag: 'LIT301', kind: 'constant', size: -0.4 },
    { tag: 'P301', kind: 'force', to: 1 },
  ),
  { ...attack(12_800, 330, 'T401 seems to lose 0.36 mm/s, within what is usual.', { tag: 'LIT401', kind: 'ramp', size: -0.6 }), stealthy: true },
  attack(13_600, 240, 'Nothing is filtered: FIT301 and DPIT301 fall to zero, T401 runs low.', { tag: 'P301', kind: 'force', to: 1 }),
];

function attack(start: number, length: number, effect: string, ...parts: AttackPart[]): Attack {
  return { start, length, parts, stealthy: false, effect };
}

/** What the list of attacks tells of the sample; times in UTC. */
const recording: Recording = { seed: 2015, rows: 14_400, interval: 1, start: BigInt(Date.UTC(2015, 11, 28, 2)) * 1_000_000n, attacks: sampleAttacks };
/** Of the first row, as a clock in UTC would have to stand to show Singapore's time. */
const shown = Date.UTC(2015, 11, 28, 10);

/** One row: the tags in SWaT's order. */
export interface SampleRow {
  /** ` 28/12/2015 10:00:00 AM` */
  readonly time: string;
  readonly values: readonly number[];
  readonly label: 'Normal' | 'Attack' | 'A ttack';
}

/** The rows of the sample: seconds from 28 December 2015, 10:00 (Singapore). */
export function* sampleRows(seed = recording.seed, rows = recording.rows, attacks = sampleAttacks): Generator<SampleRow> {
  const plant = new Simulation(seed, attacks);
  // SWaT's own workbook has the label once with a slip of the pen; here it is the last row of the spare pump's attack.
  const slip = attacks.find(({ parts }) => parts[0].kind === 'spare');
  for (let row = 0; row < rows; row++) {
    plant.step();
    const label = !plant.attacked ? 'Normal' : slip && row === slip.start + slip.length - 1 ? 'A ttack' : 'Attack';
    yield { time: workbookTime(shown + 1000 * row), values: Array.from(plant.seen), label };
  }
}

/** The bytes of the workbook. */
export async function sampleWorkbook(): Promise<Uint8Array> {
  const writer = new XlsxStreamWriter({ name: 'Combined Data' });
  for (const row of workbookHead()) writer.addRow(row);
  for (const { time, values, label } of sampleRows()) writer.addRow([time, ...values, label]);
  return writer.finish();
}

/** What lies beside the workbook. */
export function sampleList(file: string): string {
  return attacksFile(recording, basename(file));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = process.argv[2] ?? 'data/swat-sample.xlsx';
  const bytes = await sampleWorkbook();
  writeFileSync(file, bytes);
  writeFileSync(attacksPathOf(file), sampleList(file));
  process.stdout.write(`${file}: ${bytes.length} bytes, ${sampleAttacks.length} attacks\n`);
}
