import { createWriteStream } from 'node:fs';
import { Writable } from 'node:stream';
import { writeXlsxStream } from 'hucre/xlsx';
import { makeRandom } from '../../core/random.ts';

/**
 * Writes a workbook in the shape of SWaT's: a time, 51 tags, half of them with a few states, and a label; a row a second.
 * @param texts where texts lie: in their cells, or in the shared table, where every time is an entry of its own
 */
export async function writePlantWorkbook(path: string, rows: number, texts: 'inline' | 'shared'): Promise<void> {
  const random = makeRandom(1, 'plant workbook');
  function* cells() {
    yield ['Timestamp', ...Array.from({ length: 51 }, (_, tag) => `TAG${tag}`), 'Normal/Attack'];
    for (let row = 0; row < rows; row++) {
      const values = Array.from({ length: 51 }, (_, tag) => (tag % 2 === 0 ? Math.round(random.next() * 1e7) / 1e4 : random.int(3)));
      yield [new Date(1_451_268_000_000 + row * 1000).toISOString(), ...values, 'Normal'];
    }
  }
  await writeXlsxStream(cells(), { name: 'Plant', inlineStrings: texts === 'inline' }).pipeTo(Writable.toWeb(createWriteStream(path)));
}
