import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { didYouMean, quote, SluiceError } from '../../core/errors.ts';
import { openFile, type Part, readAt, readDirectory, type UnpackLimit, unpackWhole } from './archive.ts';
import { requireWorkbook } from './signature.ts';
import { type Tag, tagsOf } from './xml.ts';

export interface Sheet {
  readonly name: string;
  readonly part: Part;
}

/** An opened workbook: what is in it, without its rows. */
export interface Workbook {
  readonly path: string;
  readonly handle: FileHandle;
  readonly sheets: readonly Sheet[];
  readonly date1904: boolean;
  readonly styles: Part | undefined;
  readonly strings: Part | undefined;
  /** Of names, sizes and checksums of all parts but the document's properties, which say when it was saved and by whom. */
  readonly fingerprint: string;
  close(): Promise<void>;
}

/** Parts that are read whole: relations and the list of sheets, then styles. */
const indexLimit: UnpackLimit = { bytes: 16 * 2 ** 20, ratio: 200, free: 2 ** 20 };
const headBytes = 65_536;

/**
 * Opens a workbook and lists its sheets. The caller closes it.
 * @throws SOURCE_NOT_FOUND, SOURCE_EMPTY, SOURCE_LIMIT; SOURCE_UNREADABLE when it is encrypted, damaged, cut short or no
 * workbook at all.
 */
export async function openWorkbook(path: string): Promise<Workbook> {
  const handle = await openFile(path);
  try {
    return await describeWorkbook(handle, path);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * The sheet of a name or a position counted from 1.
 * @throws SOURCE_NOT_FOUND that lists the sheets.
 */
export function sheetOf(workbook: Workbook, wanted: string | number): Sheet {
  const { sheets, path } = workbook;
  const sheet = typeof wanted === 'number' ? sheets[wanted - 1] : sheets.find(({ name }) => name === wanted);
  if (sheet) return sheet;
  const names = sheets.map(({ name }) => name);
  const near = typeof wanted === 'string' ? didYouMean(wanted, names) : undefined;
  throw new SluiceError('SOURCE_NOT_FOUND', `the workbook has no sheet ${quote(wanted)}`, {
    place: path,
    fix: near ? `Did you mean '${near}'?` : `Sheets: ${names.map((name) => `'${name}'`).join(', ')}.`,
  });
}

async function describeWorkbook(handle: FileHandle, path: string): Promise<Workbook> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new SluiceError('SOURCE_NOT_FOUND', `${quote(path)} is not a file`, { fix: 'Check `source.path`.' });
  if (stat.size === 0) throw new SluiceError('SOURCE_EMPTY', 'the file is empty (0 bytes)', { place: path, fix: 'Copy it again from where it came.' });
  const head = await readAt(handle, 0, headBytes);
  await requireWorkbook(handle, head, path);
  const parts = await readDirectory(handle, stat.size, path);
  const xml = async (name: string): Promise<Tag[]> => {
    const part = partOf(parts, name);
    if (!part) return [];
    const bytes = await unpackWhole(handle, part, indexLimit, path);
    try {
      return [...tagsOf(bytes.toString('utf8'))];
    } catch (error) {
      throw new SluiceError('SOURCE_UNREADABLE', `part '${name}' of the workbook is damaged`, { place: path, fix: 'Save the workbook anew.', cause: error });
    }
  };
  const isOfType = (relation: Tag, type: string): boolean => relation.attributes.Type?.endsWith(`/${type}`) ?? false;
  const root = (await xml('_rels/.rels')).find((relation) => isOfType(relation, 'officeDocument'));
  const main = root && posix.resolve('/', root.attributes.Target ?? '').slice(1);
  if (!main || !partOf(parts, main)) throw notAWorkbook(parts, path);
  const folder = posix.dirname(main);
  const relations = await xml(posix.join(folder, '_rels', `${posix.basename(main)}.rels`));
  const target = (relation: Tag | undefined): Part | undefined =>
    relation && partOf(parts, posix.resolve('/', folder, relation.attributes.Target ?? '').slice(1));
  const ofType = (type: string): Part | undefined => target(relations.find((relation) => isOfType(relation, type)));
  const index = await xml(main);
  const sheets = index.flatMap(({ name, attributes }) => {
    if (name !== 'sheet') return [];
    const id = Object.entries(attributes).find(([key]) => key.endsWith(':id'))?.[1];
    const part = target(relations.find((relation) => relation.attributes.Id === id && isOfType(relation, 'worksheet')));
    return part ? [{ name: attributes.name ?? '', part }] : [];
  });
  if (sheets.length === 0) throw notAWorkbook(parts, path);
  const properties = index.find(({ name }) => name === 'workbookPr')?.attributes;
  const used = [...parts.values()].filter((part) => !part.name.startsWith('docProps/')).map((part) => [part.name, part.size, part.crc]);
  return {
    path,
    handle,
    sheets,
    date1904: /^(1|true)$/.test(properties?.date1904 ?? ''),
    styles: ofType('styles'),
    strings: ofType('sharedStrings'),
    fingerprint: createHash('sha256').update(JSON.stringify(used)).digest('hex').slice(0, 32),
    close: () => handle.close(),
  };
}

/** Some writers disagree with themselves about upper and lower case. */
function partOf(parts: ReadonlyMap<string, Part>, name: string): Part | undefined {
  return parts.get(name) ?? [...parts.values()].find((part) => part.name.toLowerCase() === name.toLowerCase());
}

function notAWorkbook(parts: ReadonlyMap<string, Part>, path: string): SluiceError {
  const names = [...parts.keys()];
  const holds = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  const [what, fix] = holds(/^xl\/workbook\.bin$/)
    ? ['it is a binary workbook (.xlsb)', 'Open it in a spreadsheet program and save it as .xlsx.']
    : holds(/^mimetype$/)
      ? ['it is an OpenDocument file (.ods?)', 'Open it in a spreadsheet program and save it as .xlsx.']
      : holds(/^(word|ppt)\//)
        ? ['it is an Office document, but no workbook', 'Give a workbook.']
        : [
            `it is a zip archive without a workbook (it holds ${names.length === 0 ? 'nothing' : quote(names.slice(0, 3).join(', '))})`,
            'Unpack it and give the file inside.',
          ];
  return new SluiceError('SOURCE_UNREADABLE', `the file is not an .xlsx workbook: ${what}`, { place: path, fix });
}
