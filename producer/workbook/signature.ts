import type { FileHandle } from 'node:fs/promises';
import { quote, SluiceError } from '../../core/errors.ts';
import { readAt } from './archive.ts';

const ole2 = Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);

/**
 * Refuses what is not a zip archive and says what it is instead.
 * @param head the file's first bytes
 * @throws SOURCE_UNREADABLE
 */
export async function requireWorkbook(handle: FileHandle, head: Buffer, path: string): Promise<void> {
  const refuse = (what: string, fix: string): SluiceError => new SluiceError('SOURCE_UNREADABLE', what, { place: path, fix });
  if (head.subarray(0, 2).toString('latin1') === 'PK') return;
  if (head.subarray(0, 8).equals(ole2)) {
    const names = await compoundNames(handle, head);
    if (names.includes('EncryptedPackage'))
      throw refuse('the workbook is protected by a password', 'Open it in a spreadsheet program and save it without one.');
    throw refuse('the file is not an .xlsx workbook but an older format (.xls)', 'Open it in a spreadsheet program and save it as .xlsx.');
  }
  const start = head.subarray(0, 512);
  const isText =
    (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff) || !start.some((byte) => byte < 9 || (byte > 13 && byte < 32));
  if (isText) throw refuse('the file is not an .xlsx workbook but text', 'If it is comma-separated, set `source.type: csv`; if JSON lines, `jsonl`.');
  throw refuse(`the file is not an .xlsx workbook: it begins with ${quote(start.subarray(0, 8).toString('hex'))}`, 'Give a workbook saved as .xlsx.');
}

/**
 * Names in the first directory sectors of a compound file ([MS-CFB] 2.2, 2.6), where Office keeps encrypted and old
 * workbooks. Sectors that follow the first are read as they lie.
 */
async function compoundNames(handle: FileHandle, head: Buffer): Promise<string[]> {
  if (head.length < 512) return [];
  const sectorSize = 2 ** Math.min(12, head.readUInt16LE(30));
  const directory = await readAt(handle, (head.readUInt32LE(48) + 1) * sectorSize, 16_384);
  const names: string[] = [];
  for (let at = 0; at + 128 <= directory.length; at += 128) {
    const length = Math.min(64, directory.readUInt16LE(at + 64));
    if (length >= 2) names.push(directory.toString('utf16le', at, at + length - 2));
  }
  return names;
}
