import { existsSync, realpathSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import { loadStreams, prepareLayout } from './layout.ts';
import { fitMemory } from './memory-limit.ts';
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

/** The same for every way to write it; the file itself need not exist. */
export function canonicalPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const folder = dirname(resolve(path));
  return join(existsSync(folder) ? realpathSync(folder) : folder, basename(path));
}

/** Device and inode of the file that a path leads to; undefined when there is none. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}/${found.ino}`;
}

/** Files open in this process: locks keep other processes out, but not a second instance here. */
const ownedHere = new Set<string>();

/** An open DuckDB file. Each read has a connection of its own, so that readers see whole commits and never wait for the writer. */
export class DuckFile {
  readonly options: FileOptions;
  #instance: DuckDBInstance | undefined;
  #canonical = '';
  /** Device and inode of the open file. */
  #identity: string | undefined;
  /** Pending while the file is exchanged under readers. */
  #ready: Promise<void> = Promise.resolve();
  /** Why there is no instance. */
  #gone: Error | undefined;
  readonly #uses = new Set<Promise<void>>();

  private constructor(options: FileOptions) {
    this.options = options;
  }

  /** @throws STORE_LOCKED, STORE_FULL or STORE_UNAVAILABLE, with the path and what to do. */
  static async open(options: FileOptions): Promise<DuckFile> {
    const file = new DuckFile(options);
    await file.#open();
    return file;
  }

  /** Is nobody reading, so that an exchange would begin at once? */
  get idle(): boolean {
    return this.#uses.size === 0;
  }

  async connect(): Promise<DuckDBConnection> {
    if (!this.#instance) throw this.#gone ?? new SluiceError('STORE_UNAVAILABLE', 'the store is closed', { place: this.options.path });
    const connection = await this.#instance.connect();
    await connection.run(`USE ${catalog}`);
    return connection;
  }

  /** Runs `work` on a connection of its own. */
  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    await this.#ready;
    const release = this.#hold();
    try {
      const connection = await this.connect();
      try {
        return await work(connection);
      } finally {
        connection.closeSync();
      }
    } catch (error) {
      throw storeError(error, this.options.path);
    } finally {
      release();
    }
  }

  /** The same, all of it seeing one commit. */
  read<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    return this.use(async (connection) => {
      await connection.run('BEGIN TRANSACTION READ ONLY');
      return await work(connection);
    });
  }

  /** The same for what comes in pieces. */
  async *stream<T>(work: (connection: DuckDBConnection) => AsyncIterable<T>): AsyncGenerator<T> {
    await this.#ready;
    const release = this.#hold();
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
      release();
    }
  }

  /** Closes the file and opens it again, as it is or from nothing; readers wait meanwhile. */
  async exchange({ remove }: { remove: boolean }): Promise<void> {
    let ready = (): void => {};
    this.#ready = new Promise((resolve) => {
      ready = resolve;
    });
    try {
      this.requireInPlace();
      await this.close();
      if (remove) await this.#remove();
      await this.#open();
    } catch (error) {
      this.#gone = storeError(error, this.options.path);
      throw this.#gone;
    } finally {
      ready();
    }
  }

  /**
   * What is written goes to the open file, whatever has become of its name.
   * @throws STORE_UNAVAILABLE when the path no longer leads to it: nobody would find the rows again
   */
  requireInPlace(): void {
    const { path } = this.options;
    if (identityOf(path) === this.#identity) return;
    throw new SluiceError('STORE_UNAVAILABLE', `the store file '${path}' was removed or replaced while it was open`, {
      fix: 'Put it back if it was moved, then start again: the run goes on from what that file holds, or begins anew without it.',
    });
  }

  /** Waits for those who use the file, then lets go of it. */
  async close(): Promise<void> {
    const instance = this.#instance;
    while (this.#uses.size > 0) await Promise.all(this.#uses);
    this.#instance = undefined;
    if (instance && !this.options.readOnly) await this.#leaveOthersLog(instance);
    instance?.closeSync();
    if (!this.options.readOnly) ownedHere.delete(this.#canonical);
  }

  /** Closing works the log into the file and removes it by its name, which may by now be the log of another file. */
  async #leaveOthersLog(instance: DuckDBInstance): Promise<void> {
    const found = identityOf(this.options.path);
    if (found === undefined || found === this.#identity) return;
    const connection = await instance.connect();
    await connection.run('PRAGMA disable_checkpoint_on_shutdown');
    connection.closeSync();
  }

  /** The log first: left behind alone, it would be replayed into the next file of that name. */
  async #remove(): Promise<void> {
    await rm(`${this.options.path}.wal`, { force: true });
    await rm(this.options.path, { force: true });
  }

  #hold(): () => void {
    let release = (): void => {};
    const use = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#uses.add(use);
    return () => {
      this.#uses.delete(use);
      release();
    };
  }

  async #open(): Promise<void> {
    const { path, memoryLimit, threads, readOnly } = this.options;
    if (readOnly && !existsSync(path)) {
      throw new SluiceError('STORE_UNAVAILABLE', `there is no store '${path}'`, { fix: 'Run the pipeline first, or name its file with --store.' });
    }
    const isNew = !existsSync(path);
    let instance: DuckDBInstance | undefined;
    let reserved = false;
    try {
      if (!readOnly) await mkdir(dirname(path), { recursive: true });
      this.#canonical = canonicalPath(path);
      if (ownedHere.has(this.#canonical)) {
        const fix = 'Give each pipeline its own store.path.';
        throw new SluiceError('STORE_LOCKED', `the store is already open in this process (${process.pid})`, { place: path, fix });
      }
      if (!readOnly) ownedHere.add(this.#canonical);
      reserved = !readOnly;
      instance = await DuckDBInstance.create(':memory:', {
        memory_limit: memoryLimit,
        threads: String(threads),
        checkpoint_threshold: logLimit,
        temp_directory: `${path}.tmp`,
        // Nothing is ever fetched from the network: all that is used is built in.
        autoinstall_known_extensions: 'false',
        autoload_known_extensions: 'false',
      });
      const connection = await instance.connect();
      // To find out whether a dictionary would make buckets smaller, DuckDB copies all of a row group, outside its limit; none ever would.
      await connection.run("SET GLOBAL disabled_compression_methods = 'dictionary'");
      await connection.run(`ATTACH ${literal(path)} AS ${catalog} (${readOnly ? 'READ_ONLY' : `ROW_GROUP_SIZE ${rowGroup}`})`);
      await connection.run(`USE ${catalog}`);
      await prepareLayout(connection, path, readOnly);
      await fitMemory(connection, memoryLimit, await loadStreams(connection));
      connection.closeSync();
      this.#identity = identityOf(path);
    } catch (error) {
      instance?.closeSync();
      if (reserved) ownedHere.delete(this.#canonical);
      const reported = storeError(error, path);
      const held = reported instanceof SluiceError && reported.code === 'STORE_LOCKED';
      // Half a file, as a full disk leaves it, would be in the way of the next start.
      if (isNew && !held && existsSync(path)) await this.#remove();
      throw reported;
    }
    this.#instance = instance;
    this.#gone = undefined;
  }
}

const restore = 'Restore it from a backup, or move it away: the next start makes a new one.';

/** DuckDB reports by text alone; this is the one place that reads it. */
export function storeError(error: unknown, path: string): Error {
  // DuckDB and the file system throw plain errors; a TypeError is a fault of ours and stays one.
  if (error instanceof Error && error.constructor !== Error) return error;
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
  if (/no space left|disk quota|file too large|ENOSPC|EDQUOT|EFBIG/i.test(text)) {
    return new SluiceError('STORE_FULL', 'the disk or quota under the store is full', {
      place,
      fix: 'Make room, then start again: nothing committed is lost.',
      cause,
    });
  }
  if (/out of memory|could not allocate|failed to allocate/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', `the store needs more memory than it may take: ${firstLine(text)}`, {
      place,
      fix: 'Raise store.memoryLimit, then start again: nothing committed is lost.',
      cause,
    });
  }
  if (/not a valid DuckDB database file|no DuckDB database/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', 'this is not a DuckDB file', { place, fix: 'Give another store.path.', cause });
  }
  if (/permission denied|operation not permitted|read-only file system|in read-only mode|EACCES|EROFS|EPERM/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', 'the store cannot be written: no rights, or a read-only file system', {
      place,
      fix: 'Give rights to the file and its folder, or another store.path.',
      cause,
    });
  }
  if (/EISDIR|is a directory/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', 'the store is to be a file, this is a folder', { place, fix: 'Give another store.path.', cause });
  }
  if (/ENOTDIR|EEXIST|not a directory/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', 'the store cannot lie in what is a file, not a folder', { place, fix: 'Give another store.path.', cause });
  }
  if (/ENOENT|no such file/i.test(text)) {
    return new SluiceError('STORE_UNAVAILABLE', `the path cannot be opened: ${firstLine(text)}`, { place, fix: 'Give another store.path.', cause });
  }
  if (
    /corrupt|checksum|could not read enough bytes|deserializ|serialization error|failure while replaying|checkpoint iteration|invalidated|INTERNAL Error/i.test(
      text,
    )
  ) {
    return new SluiceError('STORE_UNAVAILABLE', `the store is damaged: ${firstLine(text)}`, { place, fix: restore, cause });
  }
  return new SluiceError('STORE_UNAVAILABLE', `the store failed: ${firstLine(text)}`, { place, fix: restore, cause });
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0];
  return line.length > 200 ? `${line.slice(0, 197)}...` : line;
}
