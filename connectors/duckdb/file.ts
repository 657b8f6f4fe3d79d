import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import { literal } from './sql.ts';

/** Whatever the file is called: a catalog named after it could clash with names inside. */
const catalog = 'plant';

/**
 * Rows that are compressed together, and how much the log may hold before it is worked into the file. Each time that happens the
 * last, half full group is packed again: with commits of 20,000 rows and four detectors, DuckDB's own 122,880 and 16 MB take in half
 * as many rows as these. Groups smaller than a commit would be written at once and then merged over and over.
 */
const rowGroup = 32_768;
const logLimit = '64MB';

export interface FileOptions {
  readonly path: string;
  /** As DuckDB reads it, e.g. `150MB`. */
  readonly memoryLimit: string;
  readonly threads: number;
  readonly readOnly: boolean;
}

/** An open DuckDB file. Each read has a connection of its own, so that readers see whole commits and never wait for the writer. */
export class DuckFile {
  readonly options: FileOptions;
  #instance: DuckDBInstance | undefined;
  readonly #reads = new Set<Promise<unknown>>();

  private constructor(options: FileOptions) {
    this.options = options;
  }

  /** @throws STORE_LOCKED, STORE_FULL or STORE_UNAVAILABLE, with the path and what to do. */
  static async open(options: FileOptions): Promise<DuckFile> {
    const file = new DuckFile(options);
    await file.reopen();
    return file;
  }

  async reopen(): Promise<void> {
    const { path, memoryLimit, threads, readOnly } = this.options;
    if (readOnly && !existsSync(path)) {
      throw new SluiceError('STORE_UNAVAILABLE', `there is no store '${path}'`, { fix: 'Run the pipeline first, or name its file with --store.' });
    }
    try {
      if (!readOnly) await mkdir(dirname(path), { recursive: true });
      const instance = await DuckDBInstance.create(':memory:', {
        memory_limit: memoryLimit,
        threads: String(threads),
        checkpoint_threshold: logLimit,
        temp_directory: `${path}.tmp`,
        // Nothing is ever fetched from the network: all that is used is built in.
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
      });
      this.#instance = instance;
      const connection = await instance.connect();
      await connection.run(`ATTACH ${literal(path)} AS ${catalog} (${readOnly ? 'READ_ONLY' : `ROW_GROUP_SIZE ${rowGroup}`})`);
      connection.closeSync();
    } catch (error) {
      this.#instance?.closeSync();
      this.#instance = undefined;
      throw storeError(error, path);
    }
  }

  async connect(): Promise<DuckDBConnection> {
    if (!this.#instance) throw new SluiceError('STORE_UNAVAILABLE', `the store '${this.options.path}' is closed`);
    const connection = await this.#instance.connect();
    await connection.run(`USE ${catalog}`);
    return connection;
  }

  /** Runs `work` on a connection of its own, all of it seeing one commit. */
  read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      try {
        const connection = await this.connect();
        try {
          await connection.run('BEGIN TRANSACTION READ ONLY');
          return await work(connection);
        } finally {
          connection.closeSync();
        }
      } catch (error) {
        throw storeError(error, this.options.path);
      }
    };
    const promise = run();
    const settled: Promise<void> = promise.then(
      () => {
        this.#reads.delete(settled);
      },
      () => {
        this.#reads.delete(settled);
      },
    );
    this.#reads.add(settled);
    return promise;
  }

  /** The same for what comes in pieces. */
  async *stream<T>(work: (connection: DuckDBConnection) => AsyncIterable<T>): AsyncGenerator<T> {
    let finished = (): void => {};
    const done = new Promise<void>((resolve) => {
      finished = resolve;
    });
    this.#reads.add(done);
    try {
      const connection = await this.connect();
      try {
        await connection.run('BEGIN TRANSACTION READ ONLY');
        yield* work(connection);
      } finally {
        connection.closeSync();
      }
    } catch (error) {
      throw storeError(error, this.options.path);
    } finally {
      this.#reads.delete(done);
      finished();
    }
  }

  /** Waits for running reads, then lets go of the file. */
  async close(): Promise<void> {
    const instance = this.#instance;
    this.#instance = undefined;
    while (this.#reads.size > 0) await Promise.all(this.#reads);
    instance?.closeSync();
  }

  /** Removes a closed file. The log goes first: left behind alone, it would be replayed into the next file of that name. */
  async remove(): Promise<void> {
    await rm(`${this.options.path}.wal`, { force: true });
    await rm(this.options.path, { force: true });
  }
}

const restore = 'Restore it from a backup, move it away, or start anew with --fresh.';

/** DuckDB reports by text alone; this is the one place that reads it. */
export function storeError(error: unknown, path: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const cause = error;
  const place = path;
  if (/set lock on file|Conflicting lock/i.test(text)) {
    const pid = /PID (\d+)/.exec(text)?.[1];
    return new SluiceError('STORE_LOCKED', `the store is held by ${pid ? `process ${pid}` : 'another process'}`, {
      place,
      fix: 'Stop that process, or give this one another store.path.',
      cause,
    });
  }
  if (/file handle conflict|already attached/i.test(text)) {
    return new SluiceError('STORE_LOCKED', `the store is already open in this process (${process.pid})`, {
      place,
      fix: 'Give each pipeline its own store.path.',
      cause,
    });
  }
  if (/no space left|disk quota|file too large|ENOSPC|EDQUOT|EFBIG/i.test(text)) {
    return new SluiceError('STORE_FULL', 'the disk or quota under the store is full', {
      place,
      fix: 'Make room, then start again: nothing committed is lost.',
      cause,
    });
  }
  if (/not a valid DuckDB database file|no DuckDB database/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', 'this is not a DuckDB file', { place, fix: 'Give another store.path.', cause });
  }
  if (/permission denied|read-only file system|in read-only mode|EACCES|EROFS|EPERM/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', 'the store cannot be written: no rights, or a read-only file system', {
      place,
      fix: 'Give rights to the file and its folder, or another store.path.',
      cause,
    });
  }
  if (/ENOTDIR|EEXIST|ENOENT|EISDIR|not a directory|is a directory|no such file/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', `the path cannot be opened: ${firstLine(text)}`, { place, fix: 'Give another store.path.', cause });
  }
  if (/corrupt|checksum|deserializ|serialization error|failure while replaying|checkpoint iteration|invalidated|INTERNAL Error/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', `the store is damaged: ${firstLine(text)}`, { place, fix: restore, cause });
  }
  return new SluiceError('STORE_UNAVAILABLE', `the store failed: ${firstLine(text)}`, { place, fix: restore, cause });
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0];
  return line.length > 200 ? `${line.slice(0, 197)}...` : line;
}
