/**
 * Writes rows of the sample's plant (scripts/make-sample.ts) as csv: time with zone at 1 Hz, then SWaT's 51 tags. The
 * plant's four hours, attacks included, are repeated as often as it takes. Same rows and seed, same bytes.
 *
 *   node dist/bench/plant-rows.js <file> [rows] [seed]
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished, pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { writeXlsxStream } from 'hucre/xlsx';
import { formatTime } from '../core/time.ts';
import { workbookHead, workbookTime } from '../producer/plant/recording-file.ts';
import { plantTags } from '../producer/plant/tags.ts';
import { sampleRows } from '../scripts/make-sample.ts';

/** 28 December 2015, 10:00 in Singapore. */
const start = 1_451_268_000n;
/** The same, as a clock in UTC would have to stand to show Singapore's time. */
const shown = Date.UTC(2015, 11, 28, 10);

/** @returns bytes written */
export async function writePlantRows(file: string, rows: number, seed = 2015): Promise<number> {
  const out = createWriteStream(file, { highWaterMark: 1 << 20 });
  let text = `Timestamp,${plantTags.join(',')}\n`;
  const hours = Array.from(sampleRows(seed, Math.min(rows, 14_400)), ({ values }) => values.join(','));
  for (let row = 0; row < rows; row++) {
    text += `${formatTime((start + BigInt(row)) * 1_000_000_000n)},${hours[row % hours.length]}\n`;
    if (text.length < 1 << 18) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.end(text);
  await finished(out);
  return out.bytesWritten;
}

/** The same rows as a workbook in the layout of SWaT's of 2015, as one hands it to `sluice run`. */
export async function writePlantWorkbook(file: string, rows: number, seed = 2015): Promise<void> {
  const hours = Array.from(sampleRows(seed, Math.min(rows, 14_400)), ({ values, label }) => [...values, label]);
  const sheet = function* () {
    yield* workbookHead();
    for (let row = 0; row < rows; row++) yield [workbookTime(shown + 1000 * row), ...hours[row % hours.length]];
  };
  await pipeline(writeXlsxStream(sheet(), { name: 'Combined Data', inlineStrings: true }), createWriteStream(file));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file = 'plant-rows.csv', rows = '200000', seed = '2015'] = process.argv.slice(2);
  const bytes = await writePlantRows(file, Number(rows), Number(seed));
  process.stdout.write(`${file}: ${rows} rows, ${bytes} bytes\n`);
}
