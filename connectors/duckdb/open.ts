import { setTimeout as wait } from 'node:timers/promises';
import { SluiceError } from '../../core/errors.ts';
import type { Store, StoreReader } from '../../core/store.ts';
import { readOnly } from '../read-only.ts';
import { DuckFile } from './file.ts';
import { duckReader } from './reader.ts';
import { connectReader, serveReaders } from './socket.ts';
import { DuckWriter } from './writer.ts';

export interface DuckOptions {
  readonly path: string;
  readonly memoryLimit: string;
  readonly threads: number;
}

/** Opens the file as its owner, making it when missing, and serves readers of other processes while it is open. */
export async function openStore(options: DuckOptions): Promise<Store> {
  const file = await DuckFile.open({ ...options, readOnly: false });
  const writer = await closingOnError(file, () => DuckWriter.open(file));
  const reader: StoreReader = { ...duckReader(file), known: (stream, times, seqs) => writer.known(stream, times, seqs) };
  const readers = await closingOnError(writer, () => closingOnError(file, () => serveReaders(reader, options.path)));
  return {
    ...reader,
    openStream: (stream, schema) => writer.openStream(stream, schema),
    append: (write) => writer.append(write),
    appendDead: (letters) => writer.appendDead(letters),
    removeDead: (letters) => writer.removeDead(letters),
    commit: (manifest, records) => writer.commit(manifest, records),
    replaceVerdicts: (stream, from, to, writes) => writer.replaceVerdicts(stream, from, to, writes),
    annotate: (annotation) => writer.annotate(annotation),
    forget: (stream, manifestKey) => writer.forget(stream, manifestKey),
    async close() {
      await readers.close();
      await writer.close();
      await file.close();
    },
  };
}

/** Milliseconds between attempts while an owner holds the file but does not answer yet (or any more). */
const attempts = [50, 100, 200, 400, 800];

/**
 * Reads through the owner while one lives, otherwise from the file itself.
 * @throws STORE_LOCKED when a process holds the file and does not answer; STORE_UNAVAILABLE when there is none or it is no store.
 */
export async function openStoreForReading(path: string, options: Omit<DuckOptions, 'path'> = { memoryLimit: '150MB', threads: 2 }): Promise<Store> {
  for (let attempt = 0; ; attempt++) {
    const remote = await connectReader(path);
    if (remote) return { ...readOnly, ...remote };
    try {
      const file = await DuckFile.open({ ...options, path, readOnly: true });
      return { ...readOnly, ...duckReader(file), close: () => file.close() };
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'STORE_LOCKED' || attempt === attempts.length) throw error;
      await wait(attempts[attempt]);
    }
  }
}

async function closingOnError<T>(held: { close(): Promise<void> }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await held.close();
    throw error;
  }
}
