import { SluiceError } from '../../core/errors.ts';
import { type UnpackLimit, unpack, unpackWhole } from './archive.ts';
import { dateStyles } from './date-styles.ts';
import { RowScanner, type SheetRow } from './row-scanner.ts';
import { noStrings, readSharedStrings } from './shared-strings.ts';
import type { Sheet, Workbook } from './workbook.ts';

/** Sheets of real plants pack 5 to 30 times, a bomb 1,000 times. */
const sheetLimit: UnpackLimit = { bytes: 16 * 2 ** 30, ratio: 250, free: 64 * 2 ** 20 };
/** Shared strings are held in memory. */
const stringsLimit: UnpackLimit = { bytes: 512 * 2 ** 20, ratio: 100, free: 16 * 2 ** 20 };
const stylesLimit: UnpackLimit = { bytes: 32 * 2 ** 20, ratio: 200, free: 4 * 2 ** 20 };

/**
 * A sheet's rows in order, those that are in the file. Reads on only as far as it is asked for rows.
 * @param progress told the share of the sheet that has been read, 0 to 1
 * @throws while iterating: SOURCE_LIMIT for bombs, giant rows and more than 2,048 columns; SOURCE_UNREADABLE for damage.
 */
export async function* readSheet(workbook: Workbook, sheet: Sheet, progress?: (share: number) => void): AsyncGenerator<SheetRow> {
  const { handle, path } = workbook;
  const place = `${path} sheet '${sheet.name}'`;
  const scanner = new RowScanner({
    place,
    date1904: workbook.date1904,
    strings: workbook.strings ? readSharedStrings(await unpackWhole(handle, workbook.strings, stringsLimit, path)) : noStrings,
    dateStyles: workbook.styles ? stylesOf(await unpackWhole(handle, workbook.styles, stylesLimit, path), path) : [],
  });
  const onRead = (bytes: number): void => progress?.(Math.min(1, bytes / sheet.part.compressedSize));
  for await (const piece of unpack(handle, sheet.part, sheetLimit, path, onRead)) yield* scanner.push(piece);
  if (!scanner.ended) throw new SluiceError('SOURCE_UNREADABLE', 'the sheet ends in the middle', { place, fix: 'Save the workbook anew.' });
}

function stylesOf(bytes: Buffer, path: string): readonly boolean[] {
  try {
    return dateStyles(bytes.toString('utf8'));
  } catch (error) {
    throw new SluiceError('SOURCE_UNREADABLE', 'the styles of the workbook are damaged', { place: path, fix: 'Save the workbook anew.', cause: error });
  }
}
