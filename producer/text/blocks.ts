import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { SluiceError } from '../../core/errors.ts';
import { type Encoding, markedEncoding, refuseBinary } from './encoding.ts';

const blockBytes = 256 * 1024;

/** A text file as blocks of bytes in which every ASCII character is one byte. */
export interface TextFile {
  readonly path: string;
  /** Bytes on the disk; a compressed file's are fewer than its text's. */
  readonly size: number;
  /** Found by a mark or by zero bytes, or as set; undefined when it is for the layout to find out (UTF-8 or Windows-1252). */
  readonly encoding: Encoding | undefined;
  readonly compressed: boolean;
  /**
   * The text from its beginning: without its byte order mark, unpacked, UTF-16 turned into UTF-8. A block is only valid
   * until the next one is asked for. `onBytes` hears how many of the `size` bytes have been read.
   * @throws SOURCE_UNREADABLE when a compressed file is damaged or cut short.
   */
  blocks(onBytes?: (bytes: number) => void): AsyncIterable<Uint8Array>;
}

/**
 * Opens a text file, plain or gzip, found by content.
 * @throws SOURCE_NOT_FOUND, SOURCE_EMPTY, SOURCE_UNREADABLE
 */
export async function openTextFile(path: string, set?: Encoding): Promise<TextFile> {
  const { head, size } = await readHead(path);
  if (size === 0) throw new SluiceError('SOURCE_EMPTY', 'the file is empty', { place: path, fix: 'Copy it again from where it came.' });
  const compressed = head[0] === 0x1f && head[1] === 0x8b;
  const raw = (onBytes?: (bytes: number) => void) => (compressed ? unpackedBlocks(path, onBytes) : plainBlocks(path, onBytes));
  let first = head;
  if (compressed) {
    for await (const block of raw()) {
      first = Uint8Array.from(block.subarray(0, 4096));
      break;
    }
    if (first === head) throw new SluiceError('SOURCE_EMPTY', 'the compressed file holds nothing', { place: path });
  }
  const found = markedEncoding(first);
  const encoding = set ?? found?.encoding;
  const wide = encoding === 'utf-16le' || encoding === 'utf-16be';
  if (!wide) refuseBinary(first, path);
  const mark = found !== undefined && (found.encoding === encoding || set === undefined) ? found.mark : 0;
  return {
    path,
    size,
    encoding,
    compressed,
    blocks: (onBytes) => (wide ? narrowBlocks(raw(onBytes), encoding, path) : skipMark(raw(onBytes), mark)),
  };
}

async function readHead(path: string): Promise<{ head: Uint8Array; size: number }> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const head = new Uint8Array(4096);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return { head: head.subarray(0, bytesRead), size };
  } catch (cause) {
    throw unopened(path, cause);
  } finally {
    await file?.close();
  }
}

function unopened(path: string, cause: unknown): SluiceError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const more = { place: path, cause };
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new SluiceError('SOURCE_NOT_FOUND', `there is no file '${path}'`, { cause, fix: 'Check `path`; it is relative to where the command runs.' });
  if (code === 'EISDIR') return new SluiceError('SOURCE_NOT_FOUND', `'${path}' is a folder`, { cause, fix: 'Name a file in it.' });
  if (code === 'EACCES' || code === 'EPERM')
    return new SluiceError('SOURCE_NOT_FOUND', `no right to read '${path}'`, { cause, fix: 'Give this user the right to read it.' });
  return new SluiceError('SOURCE_UNREADABLE', `the file cannot be read: ${code}`, more);
}

async function* plainBlocks(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch((cause) => {
    throw unopened(path, cause);
  });
  try {
    const buffer = new Uint8Array(blockBytes);
    let position = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, blockBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      onBytes?.(position);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function* unpackedBlocks(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const packed = createReadStream(path, { highWaterMark: blockBytes });
  const unpacked = packed.pipe(createGunzip({ chunkSize: blockBytes }));
  packed.on('error', (error) => unpacked.destroy(error));
  try {
    for await (const block of unpacked) {
      onBytes?.(packed.bytesRead);
      yield block as Buffer;
    }
  } catch (cause) {
    throw new SluiceError('SOURCE_UNREADABLE', `the gzip file is damaged or cut short: ${(cause as Error).message}`, {
      place: path,
      fix: 'Fetch it again, or unpack it with `gzip -dc` to see where it ends.',
      cause,
    });
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

async function* skipMark(blocks: AsyncIterable<Uint8Array>, mark: number): AsyncGenerator<Uint8Array> {
  let left = mark;
  for await (const block of blocks) {
    const skip = Math.min(left, block.length);
    left -= skip;
    if (skip < block.length) yield skip === 0 ? block : block.subarray(skip);
  }
}

/** A lone surrogate becomes U+FFFD. */
async function* narrowBlocks(blocks: AsyncIterable<Uint8Array>, encoding: Encoding, path: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding);
  const encoder = new TextEncoder();
  let bytes = 0;
  for await (const block of blocks) {
    bytes += block.length;
    const text = decoder.decode(block, { stream: true });
    if (text.length > 0) yield encoder.encode(text);
  }
  if (bytes % 2 === 1)
    throw new SluiceError('SOURCE_UNREADABLE', `a UTF-16 file has an even number of bytes, this one ${bytes}`, {
      place: path,
      fix: 'The file is cut short; fetch it again.',
    });
  const rest = decoder.decode();
  if (rest.length > 0) yield encoder.encode(rest);
}
