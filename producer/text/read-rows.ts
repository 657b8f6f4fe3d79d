import type { SourceChunk } from '../../core/component.ts';
import type { Assembler } from '../decode/assembler.ts';
import type { TextFile } from './blocks.ts';
import { type ByteWindow, type Found, found } from './byte-window.ts';

/** Something that finds records in the bytes it is fed. */
export interface RecordReader {
  readonly window: ByteWindow;
  next(): Found;
}

/**
 * Reads a text file from its beginning, has every record taken by `take`, and hands on chunks as they fill up.
 * @param take puts the reader's record into the assembler
 */
export async function* readRows(file: TextFile, reader: RecordReader, assembler: Assembler, take: (found: Found) => void): AsyncGenerator<SourceChunk> {
  let bytes = 0;
  let before = 0;
  const blocks = file.blocks((read) => {
    before = bytes;
    bytes = read;
  });
  // Within a block the share goes on with the bytes consumed, where they are bytes of the disk.
  const progress = (): number => {
    const { window } = reader;
    const left = window.last || file.compressed ? 0 : ((window.end - window.start) / Math.max(1, window.end)) * (bytes - before);
    return Math.min(1, (bytes - left) / file.size);
  };
  const chunks = function* (): Generator<SourceChunk> {
    for (let result = reader.next(); result !== found.nothing; result = reader.next()) {
      take(result);
      const chunk = assembler.full ? assembler.take(progress()) : undefined;
      if (chunk) yield chunk;
    }
  };
  for await (const block of blocks) {
    reader.window.feed(block);
    yield* chunks();
  }
  // What a missing end of line or an open quote held back.
  reader.window.finish();
  yield* chunks();
  const last = assembler.take(1);
  if (last) yield last;
}

/** The first bytes of a text: some 500 lines, or as many as a limit on the line's length needs to be seen. */
export async function readHead(file: TextFile, lineLimit: number): Promise<{ bytes: Uint8Array; whole: boolean }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  let lines = 0;
  for await (const block of file.blocks()) {
    pieces.push(Uint8Array.from(block));
    length += block.length;
    for (const byte of block) if (byte === 0x0a || byte === 0x0d) lines++;
    if (lines > 500 || length > lineLimit + (1 << 20)) return { bytes: Buffer.concat(pieces), whole: false };
  }
  return { bytes: Buffer.concat(pieces), whole: true };
}

/** Rows that make a chunk: a thousand, fewer where rows are wide, so that a chunk stays under about 4 MiB. */
export function chunkRows(tags: number): number {
  return Math.max(16, Math.min(1024, Math.floor((1 << 19) / tags)));
}
