import { type Batch, sliceBatch } from '../core/batch.ts';
import type { Source, SourceChunk } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';

/**
 * Single rows of a source, read again by their place; in one pass as long as they are asked for in that order. Opens the
 * source with the first of them.
 */
export class SourceRows {
  readonly #source: Source;
  readonly #onRead: (nextRow: number) => void;
  #opened = false;
  #chunks: AsyncIterator<SourceChunk> | undefined;
  #chunk: SourceChunk | undefined;
  #chunkFrom = 0;
  /** Why nothing can be read from this row on. */
  #broken: { from: number; why: string } | undefined;

  /** @param onRead told how far the source was read, now and then */
  constructor(source: Source, onRead: (nextRow: number) => void = () => undefined) {
    this.#source = source;
    this.#onRead = onRead;
  }

  /**
   * The row as a batch of one, sharing memory with what was read with it; what is wrong with it; or undefined where the source
   * has no such row.
   */
  async at(position: number): Promise<Batch | { why: string } | undefined> {
    if (this.#broken && position >= this.#broken.from) return this.#broken;
    try {
      return rowOf(await this.#chunkOf(position), position);
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      this.#broken = { from: this.#opened ? position : 0, why: `the source cannot be read again: ${error.message}` };
      this.#chunks = undefined;
      return this.#broken;
    }
  }

  async close(): Promise<void> {
    await this.#chunks?.return?.();
    await this.#source.close();
  }

  async #chunkOf(position: number): Promise<SourceChunk | undefined> {
    if (!this.#opened) await this.#source.open();
    this.#opened = true;
    if (!this.#chunks || position < this.#chunkFrom) {
      await this.#chunks?.return?.();
      this.#chunks = this.#source.read(position)[Symbol.asyncIterator]();
      this.#chunk = undefined;
      this.#chunkFrom = position;
    }
    while (!this.#chunk || this.#chunk.nextOffset <= position) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      this.#chunkFrom = this.#chunk?.nextOffset ?? this.#chunkFrom;
      this.#chunk = value;
      this.#onRead(value.nextOffset);
    }
    return this.#chunk;
  }
}

function rowOf(chunk: SourceChunk | undefined, position: number): Batch | { why: string } | undefined {
  const still = chunk?.dead.find((letter) => letter.position === position);
  if (still) return { why: still.message };
  for (const batch of chunk?.batches ?? []) {
    const row = batch.origins.indexOf(position);
    if (row >= 0) return sliceBatch(batch, row, row + 1);
  }
  return undefined;
}
