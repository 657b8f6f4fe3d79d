import { SluiceError } from '../../core/errors.ts';

/** How a text file's bytes stand for characters. */
export const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'latin1'] as const;
export type Encoding = (typeof encodings)[number];

const marks: readonly (readonly [Encoding, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/**
 * The encoding that a byte order mark names, with the mark's length; without one, UTF-16 by where its zero bytes stand;
 * undefined when every zero-free encoding is still possible.
 */
export function markedEncoding(head: Uint8Array): { encoding: Encoding; mark: number } | undefined {
  for (const [encoding, mark] of marks) {
    if (mark.every((byte, i) => head[i] === byte)) return { encoding, mark: mark.length };
  }
  const pairs = Math.min(head.length, 4096) >> 1;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < pairs; i++) {
    if (head[2 * i] === 0) even++;
    if (head[2 * i + 1] === 0) odd++;
  }
  // Sensor files are digits and separators: nearly every character of theirs has a zero high byte.
  if (pairs >= 2 && odd > pairs / 2 && even === 0) return { encoding: 'utf-16le', mark: 0 };
  if (pairs >= 2 && even > pairs / 2 && odd === 0) return { encoding: 'utf-16be', mark: 0 };
  return undefined;
}

/** Characters of the bytes 0x80 to 0x9f in Windows-1252 (WHATWG Encoding, index windows-1252). */
const windows1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/**
 * Text of bytes in an encoding whose ASCII characters are single bytes; bad UTF-8 becomes U+FFFD. Windows-1252 has its
 * own table because the TextDecoder of some Node 20 releases reads it as Latin-1.
 */
export function decodeText(bytes: Buffer, encoding: Encoding): string {
  if (encoding === 'latin1') return bytes.toString('latin1');
  if (encoding !== 'windows-1252') return bytes.toString('utf8');
  return bytes.toString('latin1').replace(/[\x80-\x9f]/g, (char) => windows1252[char.charCodeAt(0) - 0x80]);
}

/** @throws SOURCE_UNREADABLE when the head is that of a well-known binary format, saying what to do instead. */
export function refuseBinary(head: Uint8Array, place: string): void {
  const starts = (...bytes: number[]) => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x50, 0x4b, 0x03, 0x04)) {
    throw new SluiceError('SOURCE_UNREADABLE', 'this is a zip archive, not text', { place, fix: 'For a workbook use `type: xlsx`; unpack anything else.' });
  }
  if (starts(0xd0, 0xcf, 0x11, 0xe0)) {
    throw new SluiceError('SOURCE_UNREADABLE', 'this is an old or password-protected Office file, not text', {
      place,
      fix: 'Save it as CSV, or as .xlsx without a password.',
    });
  }
  if (starts(0x50, 0x41, 0x52, 0x31)) {
    throw new SluiceError('SOURCE_UNREADABLE', 'this is a Parquet file, not text', { place, fix: 'Export it as CSV.' });
  }
  const zero = head.indexOf(0);
  if (zero >= 0) {
    throw new SluiceError('SOURCE_UNREADABLE', `byte ${zero} is zero: this is not a text file`, {
      place,
      fix: 'Give a CSV or JSON Lines file, or set `encoding`.',
    });
  }
}
