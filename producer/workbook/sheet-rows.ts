import { ReadableStream } from 'node:stream/web';
import { streamXlsxRows } from 'hucre/xlsx';
import { SluiceError } from '../../core/errors.ts';
import type { Cell } from '../decode/cell.ts';
import { maxColumns } from '../decode/layout.ts';
import { storedHeader, type UnpackLimit, unpack, unpackWhole } from './archive.ts';
import type { Sheet, Workbook } from './workbook.ts';

/** Rows of a sheet in order. */
export interface SheetRows extends AsyncIterable<SheetRow> {
  /** Share of the sheet that has been read, 0 to 1. */
  readonly progress: number;
  /** Stops reading ahead until `resume`: the reader itself would take in the whole sheet while its consumer waits. */
  pause(): void;
  resume(): void;
}

export interface SheetRow {
  /** 0-based row in the sheet. */
  readonly index: number;
  readonly values: readonly Cell[];
}

/** The reader's archive format ends at 4 GiB; sheets of real plants pack 5 to 30 times, a bomb 1,000 times. */
const sheetLimit: UnpackLimit = { bytes: 0xffff_fffe, ratio: 250, free: 64 * 2 ** 20 };
/** Shared strings are held in memory. */
const stringsLimit: UnpackLimit = { bytes: 256 * 2 ** 20, ratio: 100, free: 16 * 2 ** 20 };
const stylesLimit: UnpackLimit = { bytes: 32 * 2 ** 20, ratio: 200, free: 4 * 2 ** 20 };
const maxRowBytes = 32 * 2 ** 20;

const xmlHead = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packageRelations = 'http://schemas.openxmlformats.org/package/2006/relationships';

/**
 * Streams a sheet's rows through hucre. hucre decides by the order of parts, their names and their headers whether it
 * can stream at all, and lets nobody see how far they unpack; so the parts it needs are unpacked here, under limits, and
 * handed on as a stored archive in the one order that always streams.
 * @throws while iterating: SOURCE_LIMIT for bombs, giant rows and more than 2,048 columns; SOURCE_UNREADABLE for damage.
 */
export function readSheet(workbook: Workbook, sheet: Sheet): SheetRows {
  const place = `${workbook.path} sheet '${sheet.name}'`;
  let progress = 0;
  let failure: unknown;
  let bytesSinceRow = 0;
  let paused: Promise<void> | undefined;
  let wake: (() => void) | undefined;
  let stopped = false;

  async function* sheetBytes(): AsyncGenerator<Uint8Array> {
    let tail = '';
    const onRead = (bytes: number): void => {
      progress = Math.min(1, bytes / sheet.part.compressedSize);
    };
    for await (const piece of unpack(workbook.handle, sheet.part, sheetLimit, workbook.path, onRead)) {
      tail = requireColumns(tail, piece, place);
      bytesSinceRow += piece.length;
      if (bytesSinceRow > maxRowBytes) {
        throw new SluiceError('SOURCE_LIMIT', `a row is larger than ${maxRowBytes / 2 ** 20} MiB`, { place, fix: 'Remove the texts from the sheet.' });
      }
      await paused;
      if (stopped) return;
      yield piece;
    }
    if (!/<\/(?:[\w.-]+:)?worksheet\s*>\s*$/.test(tail)) {
      throw new SluiceError('SOURCE_UNREADABLE', 'the sheet ends in the middle', { place, fix: 'Save the workbook anew.' });
    }
  }

  async function* archive(): AsyncGenerator<Uint8Array> {
    try {
      const { handle, path, strings, styles } = workbook;
      const part = (name: string, bytes: Uint8Array): Uint8Array => Buffer.concat([storedHeader(name, bytes.length), bytes]);
      yield part('[Content_Types].xml', Buffer.from(`${xmlHead}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`));
      yield part('_rels/.rels', relationsXml([['rId1', 'officeDocument', 'xl/workbook.xml']]));
      yield part('xl/workbook.xml', workbookXml(workbook.date1904));
      const targets: [string, string, string][] = [['rId1', 'worksheet', 'worksheets/sheet1.xml']];
      if (strings) targets.push(['rId2', 'sharedStrings', 'sharedStrings.xml']);
      if (styles) targets.push(['rId3', 'styles', 'styles.xml']);
      yield part('xl/_rels/workbook.xml.rels', relationsXml(targets));
      if (styles) yield part('xl/styles.xml', await unpackWhole(handle, styles, stylesLimit, path));
      if (strings) yield part('xl/sharedStrings.xml', await unpackWhole(handle, strings, stringsLimit, path));
      yield storedHeader('xl/worksheets/sheet1.xml', sheet.part.size);
      yield* sheetBytes();
    } catch (error) {
      failure = error;
      throw error;
    }
  }

  async function* rows(): AsyncGenerator<SheetRow> {
    const bytes = archive();
    try {
      for await (const row of streamXlsxRows(ReadableStream.from(bytes) as globalThis.ReadableStream<Uint8Array>)) {
        bytesSinceRow = 0;
        yield row;
      }
    } catch (error) {
      throw failure ?? asSluiceError(error, place);
    } finally {
      stopped = true;
      wake?.();
      await bytes.return(undefined);
    }
    if (failure) throw failure;
  }

  return {
    [Symbol.asyncIterator]: rows,
    get progress() {
      return progress;
    },
    pause() {
      paused ??= new Promise((resolve) => {
        wake = resolve;
      });
    },
    resume() {
      wake?.();
      paused = undefined;
    },
  };
}

const wideCell = /\br\s*=\s*["']\s*([A-Z]{3,})\d/gi;

/**
 * One cell far to the right makes hucre build a row as wide, many to a piece: such cells are found before it sees them.
 * @returns the piece's end, to go in front of the next one
 */
function requireColumns(before: string, piece: Buffer, place: string): string {
  const text = before + piece.toString('latin1');
  for (const [, letters] of text.matchAll(wideCell)) {
    const column = [...letters.toUpperCase()].reduce((n, letter) => n * 26 + letter.charCodeAt(0) - 64, 0);
    if (column <= maxColumns) continue;
    throw new SluiceError('SOURCE_LIMIT', `column ${letters} is beyond the ${maxColumns} columns that can be read`, {
      place,
      fix: 'Drop the columns that are not needed.',
    });
  }
  return text.slice(-64);
}

function relationsXml(targets: readonly (readonly [id: string, type: string, target: string])[]): Buffer {
  const items = targets.map(([id, type, target]) => `<Relationship Id="${id}" Type="${relations}/${type}" Target="${target}"/>`);
  return Buffer.from(`${xmlHead}<Relationships xmlns="${packageRelations}">${items.join('')}</Relationships>`);
}

function workbookXml(date1904: boolean): Buffer {
  return Buffer.from(
    `${xmlHead}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${relations}">` +
      `<workbookPr date1904="${date1904 ? 1 : 0}"/><sheets><sheet name="rows" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  );
}

function asSluiceError(error: unknown, place: string): unknown {
  if (error instanceof SluiceError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new SluiceError('SOURCE_UNREADABLE', `the sheet cannot be read: ${why}`, {
    place,
    fix: 'Open it in a spreadsheet program and save it as .xlsx.',
    cause: error,
  });
}
