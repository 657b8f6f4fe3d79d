import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { quote, SluiceError } from '../../core/errors.ts';

/** A member of a zip archive, as its central directory has it. */
export interface Part {
  readonly name: string;
  readonly deflated: boolean;
  readonly compressedSize: number;
  readonly size: number;
  readonly crc: number;
  /** Where its local header begins. */
  readonly offset: number;
}

const endSignature = 0x06054b50;
const end64LocatorSignature = 0x07064b50;
const end64Signature = 0x06064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const maxDirectory = 32 * 2 ** 20;

/** What a part may unpack to, and how often its packed size once it is larger than `free`. */
export interface UnpackLimit {
  readonly bytes: number;
  readonly ratio: number;
  readonly free: number;
}

const damagedFix = 'Copy it again from where it came, or open it in a spreadsheet program and save it as .xlsx.';

/**
 * The parts of a zip archive by name, from the directory at its end.
 * @param path the file, as the user names it
 * @throws SOURCE_UNREADABLE when the directory is missing, damaged or encrypted.
 */
export async function readDirectory(handle: FileHandle, size: number, path: string): Promise<Map<string, Part>> {
  const damaged = (what: string): SluiceError => new SluiceError('SOURCE_UNREADABLE', what, { place: path, fix: damagedFix });
  const tail = await readAt(handle, Math.max(0, size - 65_557), Math.min(size, 65_557));
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
  if (end < 0) throw damaged('the file begins like a workbook but its end is missing: it was cut short');
  let count = tail.readUInt16LE(end + 10);
  let length = tail.readUInt32LE(end + 12);
  let start = tail.readUInt32LE(end + 16);
  const locator = end - 20;
  if ((count === 0xffff || length === 0xffffffff || start === 0xffffffff) && locator >= 0 && tail.readUInt32LE(locator) === end64LocatorSignature) {
    const record = await readAt(handle, Number(tail.readBigUInt64LE(locator + 8)), 56);
    if (record.length < 56 || record.readUInt32LE(0) !== end64Signature) throw damaged('the directory of the archive is damaged');
    count = Number(record.readBigUInt64LE(32));
    length = Number(record.readBigUInt64LE(40));
    start = Number(record.readBigUInt64LE(48));
  }
  if (length > maxDirectory) {
    throw new SluiceError('SOURCE_LIMIT', `the archive has a directory of ${length} bytes, which no workbook needs`, {
      place: path,
      fix: 'Save the workbook anew.',
    });
  }
  const directory = await readAt(handle, start, length);
  const parts = new Map<string, Part>();
  let at = 0;
  for (let n = 0; n < count; n++) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== entrySignature) throw damaged('the directory of the archive is damaged or cut short');
    const part = readEntry(directory, at);
    const flags = directory.readUInt16LE(at + 8);
    const method = directory.readUInt16LE(at + 10);
    if ((flags & 1) !== 0) throw damaged(`part ${quote(part.name)} is encrypted`);
    if (method !== 0 && method !== 8) throw damaged(`part ${quote(part.name)} is packed by method ${method}, which workbooks do not use`);
    parts.set(part.name, part);
    at += 46 + directory.readUInt16LE(at + 28) + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return parts;
}

function readEntry(directory: Buffer, at: number): Part {
  const nameLength = directory.readUInt16LE(at + 28);
  const name = directory.toString('utf8', at + 46, at + 46 + nameLength);
  let size = directory.readUInt32LE(at + 24);
  let compressedSize = directory.readUInt32LE(at + 20);
  let offset = directory.readUInt32LE(at + 42);
  // Zip64: the fields that do not fit 32 bits follow in an extra field, in this order.
  const extraEnd = at + 46 + nameLength + directory.readUInt16LE(at + 30);
  for (let extra = at + 46 + nameLength; extra + 4 <= Math.min(extraEnd, directory.length); extra += 4 + directory.readUInt16LE(extra + 2)) {
    if (directory.readUInt16LE(extra) !== 1) continue;
    let field = extra + 4;
    const next = (): number => {
      if (field + 8 > directory.length) return 0;
      field += 8;
      return Number(directory.readBigUInt64LE(field - 8));
    };
    if (size === 0xffffffff) size = next();
    if (compressedSize === 0xffffffff) compressedSize = next();
    if (offset === 0xffffffff) offset = next();
  }
  return { name: name.replace(/^\//, ''), deflated: directory.readUInt16LE(at + 10) === 8, compressedSize, size, crc: directory.readUInt32LE(at + 16), offset };
}

/**
 * Unpacks a part piece by piece. Stops at the first piece that breaks the limit, whatever the directory declares, and
 * checks size and checksum at the end.
 * @param onRead told how many packed bytes have been taken in
 * @throws SOURCE_LIMIT over the limit; SOURCE_UNREADABLE when the part is damaged.
 */
export async function* unpack(handle: FileHandle, part: Part, limit: UnpackLimit, path: string, onRead?: (bytes: number) => void): AsyncGenerator<Buffer> {
  const damaged = (why: string, cause?: unknown): SluiceError =>
    new SluiceError('SOURCE_UNREADABLE', `part '${part.name}' of the workbook is damaged: ${why}`, { place: path, fix: damagedFix, cause });
  requireWithin(part.size, part, limit, path);
  const header = await readAt(handle, part.offset, 30);
  if (header.length < 30 || header.readUInt32LE(0) !== localSignature) throw damaged('it does not begin where the directory says');
  const start = part.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (part.compressedSize === 0) return;
  const raw = createReadStream(path, { start, end: start + part.compressedSize - 1, highWaterMark: 65_536 });
  // What goes wrong in the pipeline destroys its last stream with the error, and the loop below throws it.
  const stream: Readable = part.deflated ? pipeline(raw, createInflateRaw({ chunkSize: 65_536 }), () => {}) : raw;
  let size = 0;
  let crc = 0;
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length;
      requireWithin(size, part, limit, path);
      if (size > part.size) throw damaged(`it unpacks to more than the ${part.size} bytes that the directory says`);
      crc = crc32(piece, crc);
      onRead?.(raw.bytesRead);
      yield piece;
    }
  } catch (error) {
    if (isZlibError(error)) throw damaged(error.message, error);
    throw error;
  } finally {
    raw.destroy();
    stream.destroy();
  }
  if (size !== part.size) throw damaged(`it unpacks to ${size} bytes where the directory says ${part.size}`);
  if (crc !== part.crc) throw damaged('its checksum does not match');
}

/** A whole part in memory. @throws like `unpack` */
export async function unpackWhole(handle: FileHandle, part: Part, limit: UnpackLimit, path: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of unpack(handle, part, limit, path)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Up to `length` bytes from `position`. */
export async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(buffer, read, length - read, position + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}

/** Opens a file for reading. @throws SOURCE_NOT_FOUND with the system's reason */
export async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EACCES' ? 'may not be read by this user' : `cannot be opened (${code})`;
    throw new SluiceError('SOURCE_NOT_FOUND', `the file ${quote(path)} ${why}`, { fix: 'Check `source.path`.', cause: error });
  }
}

function requireWithin(size: number, part: Part, limit: UnpackLimit, path: string): void {
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en-US')} MiB`;
  if (size > limit.bytes) {
    throw new SluiceError('SOURCE_LIMIT', `part '${part.name}' of the workbook unpacks to more than ${mib(limit.bytes)}`, {
      place: path,
      fix: 'If the file is yours, export it as csv; otherwise it is built to exhaust memory.',
    });
  }
  if (size > limit.free && size > part.compressedSize * limit.ratio) {
    throw new SluiceError(
      'SOURCE_LIMIT',
      `part '${part.name}' of the workbook unpacks to more than ${limit.ratio} times its ${part.compressedSize} bytes (a zip bomb?)`,
      {
        place: path,
        fix: 'If the file is yours, export it as csv.',
      },
    );
  }
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith('Z_');
}
