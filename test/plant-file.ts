import { makeRandom } from '../core/random.ts';
import { formatTime } from '../core/time.ts';
import { type Attack, smallPlant } from './pipeline/small-plant.ts';
import { everything } from './pipeline/workbench.ts';

/** Every step, detector and combiner over plant.csv, into plant.duckdb; nothing listens. */
export const plantPipeline = `${everything.replace('not-read.csv', 'plant.csv')}
store: { type: duckdb, path: plant.duckdb, threads: 1 }
serve: false
`;

const plantHeader = 'Timestamp,FIT101,LIT101,MV101,P101,P102,AIT201,Normal/Attack';

export interface PlantFileOptions {
  readonly attacks?: readonly Attack[];
  readonly seed?: number;
  /** Rows that cannot be taken, rows that come twice and rows that come far too late among the others. */
  readonly dirt?: boolean;
}

/**
 * The small plant as lines of a CSV file: missing values (empty or a status word), tied times and steps back in time, and
 * with `dirt` also unreadable numbers and times, rows cut short, repeated lines and rows ten minutes late.
 */
export function plantLines(rows: number, { attacks = [], seed = 1, dirt = false }: PlantFileOptions = {}): string[] {
  const batch = smallPlant(rows, attacks, seed);
  const random = makeRandom(seed, 'plant-file');
  const tags = batch.schema.tags.length;
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    const values = Array.from(batch.values.subarray(row * tags, (row + 1) * tags), (value) =>
      Number.isNaN(value) ? (random.next() < 0.5 ? '' : 'Bad Input') : String(value),
    );
    const cells = [formatTime(batch.times[row]), ...values, batch.labels?.[row] === 1 ? 'Attack' : 'Normal'];
    const luck = dirt ? random.next() : 1;
    if (luck < 0.006) cells[2] = '5x1';
    else if (luck < 0.01) cells[0] = 'yesterday';
    else if (luck < 0.013) cells.length = 5;
    else if (luck < 0.017) cells[0] = formatTime(batch.times[row] - 600_000_000_000n);
    lines.push(cells.join(','));
    if (luck >= 0.017 && luck < 0.027) lines.push(cells.join(','));
  }
  return lines;
}

export function plantText(lines: readonly string[]): string {
  return `${plantHeader}\n${lines.join('\n')}\n`;
}

/** What must become of the lines, counted without the pipeline: by the text of each line alone. */
export function countLines(lines: readonly string[], lateness = 60_000): { read: number; stored: number; dead: number; late: number; missing: number } {
  const counts = { read: lines.length, stored: 0, dead: 0, late: 0, missing: 0 };
  let newest = Number.NEGATIVE_INFINITY;
  for (const line of lines) {
    const cells = line.split(',');
    const time = Date.parse(cells[0]);
    const unreadable = cells.length !== plantHeader.split(',').length || Number.isNaN(time) || cells.includes('5x1');
    if (unreadable || time < newest - lateness) {
      counts.dead++;
      continue;
    }
    counts.stored++;
    if (time < newest) counts.late++;
    counts.missing += cells.filter((cell) => cell === '' || cell === 'Bad Input').length;
    newest = Math.max(newest, time);
  }
  return counts;
}

/** How many of the lines from `from` on must be read until `rows` rows are stored. */
export function linesUntilStored(lines: readonly string[], rows: number): number {
  let [low, high] = [rows, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (countLines(lines.slice(0, middle)).stored < rows) low = middle + 1;
    else high = middle;
  }
  return low;
}
