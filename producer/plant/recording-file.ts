import { writeXlsxStream } from 'hucre/xlsx';
import type { SourceChunk } from '../../core/component.ts';
import { formatTime, nanosPerMilli } from '../../core/time.ts';
import { type Attack, kindOf, sizeOf } from './attack.ts';
import type { Recording } from './recording.ts';
import { plantStages, plantTags } from './tags.ts';

/** Header cells that carry a leading space in SWaT's own workbooks. */
const spaced = new Set<string>(['MV101', 'AIT201', 'MV201', 'P201', 'P202', 'P204', 'MV303']);

/** Rows of a sheet, without title and header. */
export const mostWorkbookRows = 1_048_574;

/** The two head rows of SWaT's workbooks of 2015: stages over the first tag of each, then the names. */
export function workbookHead(): [(string | null)[], string[]] {
  const first = new Map<string, string>(Object.entries(plantStages).map(([stage, [tag]]) => [tag, stage]));
  const title = [null, ...plantTags.map((tag) => first.get(tag) ?? null), null];
  return [title, [' Timestamp', ...plantTags.map((tag) => (spaced.has(tag) ? ` ${tag}` : tag)), 'Normal/Attack']];
}

/**
 * A time as in SWaT's workbooks: day first, 12-hour clock, no zone, a space before it.
 * @param ms milliseconds since 1970 of a UTC clock that shows the time
 * @example
 * workbookTime(Date.UTC(2015, 11, 28, 22, 0, 5)); // " 28/12/2015 10:00:05 PM"
 */
export function workbookTime(ms: number): string {
  const time = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  const hour = time.getUTCHours();
  const date = `${time.getUTCDate()}/${time.getUTCMonth() + 1}/${time.getUTCFullYear()}`;
  return ` ${date} ${((hour + 11) % 12) + 1}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())} ${hour < 12 ? 'AM' : 'PM'}`;
}

/** The bytes of a workbook in the layout of SWaT's of 2015, times in UTC. */
export function workbookBytes(chunks: AsyncIterable<SourceChunk>): AsyncIterable<Uint8Array> {
  const rows = async function* () {
    yield* workbookHead();
    for await (const { batches } of chunks) {
      for (const { rows: count, times, values, labels } of batches) {
        for (let row = 0; row < count; row++) {
          const cells = values.subarray(row * plantTags.length, (row + 1) * plantTags.length);
          yield [workbookTime(Number(times[row] / nanosPerMilli)), ...cells, labels?.[row] === 1 ? 'Attack' : 'Normal'];
        }
      }
    }
  };
  return writeXlsxStream(rows(), { name: 'Combined Data', inlineStrings: true });
}

/** The same columns as CSV, times in ISO 8601 with zone. */
export async function* csvText(chunks: AsyncIterable<SourceChunk>): AsyncGenerator<string> {
  yield `Timestamp,${plantTags.join(',')},Normal/Attack\n`;
  for await (const { batches } of chunks) {
    for (const { rows, times, values, labels } of batches) {
      let text = '';
      for (let row = 0; row < rows; row++) {
        const cells = values.subarray(row * plantTags.length, (row + 1) * plantTags.length);
        text += `${formatTime(times[row])},${cells.join(',')},${labels?.[row] === 1 ? 'Attack' : 'Normal'}\n`;
      }
      yield text;
    }
  }
}

/** An attack in a recording, for people and programs. */
export interface ListedAttack {
  /** From 1, in time. */
  readonly number: number;
  /** ISO 8601; the end is the first moment after it. */
  readonly start: string;
  readonly end: string;
  /** Data rows, 0-based, both included. */
  readonly firstRow: number;
  readonly lastRow: number;
  readonly kind: string;
  readonly tags: readonly string[];
  /** In normal ranges (5th to 95th percentile) of its tag, the farthest of its parts; null where no reading is moved by a set amount. */
  readonly size: number | null;
  readonly stealthy: boolean;
  readonly effect: string;
  readonly parts: Attack['parts'];
}

/** The attacks of a recording with their times and rows. */
export function listAttacks({ attacks, start, interval }: Recording): ListedAttack[] {
  const time = (second: number): string => formatTime(start + BigInt(second) * 1_000_000_000n);
  return attacks.map((attack, i) => ({
    number: i + 1,
    start: time(attack.start),
    end: time(attack.start + attack.length),
    firstRow: Math.ceil(attack.start / interval),
    lastRow: Math.ceil((attack.start + attack.length) / interval) - 1,
    kind: kindOf(attack),
    tags: attack.parts.map(({ tag }) => tag),
    size: sizeOf(attack) ?? null,
    stealthy: attack.stealthy,
    effect: attack.effect,
    parts: attack.parts,
  }));
}

/** What lies beside a recording: how it was made, and its attacks. */
export function attacksFile(recording: Recording, name: string): string {
  const { seed, rows, interval, start } = recording;
  return `${JSON.stringify({ recording: name, seed, rows, start: formatTime(start), intervalSeconds: interval, attacks: listAttacks(recording) }, undefined, 2)}\n`;
}
