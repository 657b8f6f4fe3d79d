import type { DuckDBConnection } from '@duckdb/node-api';
import type { Batch } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { requireSameSchema, type Schema } from '../../core/schema.ts';
import type { Annotation, RejectedRow, StoreWrite, StoreWriter } from '../../core/store.ts';
import type { Verdicts } from '../../core/verdict.ts';
import { rowsOfQuery } from './chunks.ts';
import { type DuckFile, storeError } from './file.ts';
import { forgetDeadLetters, forgetStream } from './forget.ts';
import { readKnown } from './known.ts';
import { createStream, loadStreams, type StreamEntry, viewName } from './layout.ts';
import { ManifestTable } from './manifests.ts';
import { fitMemory } from './memory-limit.ts';
import { StagedTables } from './staged-tables.ts';

/** Bytes of replaced records after which the log is worked into the file early, so that they do not pile up there. */
const droppedLimit = 16 * 2 ** 20;

/**
 * Values after which what is free is handed back to the system (20,000 rows of a plant), and after which the file is opened anew
 * (2 million): of every column of every row group that was written since it was opened, DuckDB keeps in memory what it needs to read
 * it, some 16 MB for so many values. Opened anew, it loads that when it is asked for the rows.
 */
const usualLimits = { release: 2e6, reopen: 200e6 };
/** Columns of a verdict. */
const verdictValues = 6;

/**
 * The writing half: one connection, one transaction from the first append to the commit. What is appended, the manifest
 * and its records become durable together; an error rolls all of it back and the next append begins anew.
 */
export class DuckWriter implements StoreWriter {
  readonly #file: DuckFile;
  readonly #limits: typeof usualLimits;
  #connection!: DuckDBConnection;
  #open = false;
  #broken = false;
  /** Values written since the file was opened, and how many of them when memory was last released. */
  #values = 0;
  #released = 0;
  #queue: Promise<unknown> = Promise.resolve();
  #annotating: Promise<unknown> = Promise.resolve();

  readonly #streams = new Map<string, StreamEntry>();
  readonly #detectors = new Map<string, number>();
  /** Registered here, but not yet in a commit: written again at the start of the next transaction after a rollback. */
  #newStreams: StreamEntry[] = [];
  #newDetectors: { id: number; stream: number; name: string }[] = [];
  #nextDetector = 1;

  readonly #staged = new StagedTables();
  readonly #manifests = new ManifestTable();

  private constructor(file: DuckFile, limits: typeof usualLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  static async open(file: DuckFile, limits = usualLimits): Promise<DuckWriter> {
    const writer = new DuckWriter(file, limits);
    await writer.#load();
    return writer;
  }

  openStream(stream: string, schema: Schema): Promise<void> {
    return this.#alone(async () => {
      const known = this.#streams.get(stream);
      if (known) {
        requireSameSchema(known.schema, schema, `stream '${stream}' in ${this.#file.options.path}`);
        return;
      }
      const entries = [...this.#streams.values()];
      const id = entries.reduce((max, entry) => Math.max(max, entry.id), 0) + 1;
      const entry = { id, name: stream, schema, view: viewName(stream, entries.map((e) => e.view)) }; // biome-ignore format: one line
      this.#streams.set(stream, entry);
      this.#newStreams.push(entry);
      await fitMemory(this.#connection, this.#file.options.memoryLimit, this.#streams.values());
      await this.#transact(async () => {
        if (this.#open) return await createStream(this.#connection, entry);
        await this.#begin();
        await this.#commit();
      });
    });
  }

  append(write: StoreWrite): Promise<void> {
    return this.#inTransaction(async () => {
      const { batch } = write;
      const entry = this.#entry(batch);
      await this.#begin();
      if (batch.rows > 0) {
        this.#values += batch.rows * (entry.schema.tags.length + write.verdicts.length * verdictValues);
        await this.#staged.putRows(this.#connection, entry, batch);
        for (const verdicts of write.verdicts) await this.#putVerdicts(entry, batch, verdicts);
      }
      for (const incident of write.incidents) this.#staged.putIncident(incident);
      for (const levels of write.thresholds) await this.#staged.putThreshold(this.#connection, entry, levels);
      await this.#staged.putBuckets(this.#connection, entry, write.buckets);
    });
  }

  appendDead(letters: readonly DeadLetter[]): Promise<void> {
    return this.#inTransaction(async () => {
      if (letters.length === 0) return;
      await this.#begin();
      await this.#staged.putDead(this.#connection, letters);
    });
  }

  removeDead(letters: Parameters<StoreWriter['removeDead']>[0]): Promise<void> {
    return this.#inTransaction(async () => {
      if (letters.length === 0) return;
      await this.#begin();
      await this.#staged.removeDead(this.#connection, letters);
    });
  }

  /** Whatever it is given fits its columns: no row is ever rejected. */
  commit(manifest?: Manifest, records?: ReadonlyMap<string, Uint8Array>): Promise<readonly RejectedRow[]> {
    return this.#inTransaction(async () => {
      if (!this.#open && !manifest) return [];
      await this.#begin();
      await this.#staged.writeIncidents(this.#connection, this.#streams);
      const remember = manifest ? await this.#manifests.put(this.#connection, manifest, records ?? new Map()) : undefined;
      await this.#commit();
      remember?.();
      if (this.#manifests.dropped > droppedLimit) await this.#checkpoint();
      await this.#releaseMemory();
      return [];
    });
  }

  replaceVerdicts(stream: string, from: bigint, to: bigint, writes: AsyncIterable<StoreWrite>): Promise<void> {
    return this.#inTransaction(async () => {
      this.#requireNothingStaged('replaceVerdicts');
      const entry = this.#streams.get(stream);
      if (!entry) throw new SluiceError('INTERNAL', `stream '${stream}' was not opened`);
      await this.#begin();
      const own = `SELECT id FROM sluice_data.detectors WHERE stream_id = ${entry.id}`;
      for (const table of ['verdicts', 'contributions']) {
        await this.#connection.run(`DELETE FROM sluice_data.${table} WHERE detector_id IN (${own}) AND time >= ${from} AND time < ${to}`);
      }
      await this.#connection.run(`DELETE FROM sluice_data.incidents WHERE stream_id = ${entry.id} AND start >= ${from} AND start < ${to}`);
      await this.#connection.run(`DELETE FROM sluice_data.thresholds WHERE stream_id = ${entry.id} AND time >= ${from} AND time < ${to}`);
      for await (const { batch, verdicts, incidents, thresholds } of writes) {
        for (const each of verdicts) await this.#putVerdicts(entry, batch, each);
        for (const incident of incidents) this.#staged.putIncident(incident);
        for (const levels of thresholds) await this.#staged.putThreshold(this.#connection, entry, levels);
      }
      await this.#staged.writeIncidents(this.#connection, this.#streams);
      await this.#commit();
    });
  }

  /** Durable at once, whatever is staged: it comes from people, not from the stream. */
  annotate(annotation: Annotation): Promise<void> {
    const { id, stream, from, to, text, incident, alarm } = annotation;
    const write = (): Promise<void> =>
      this.#file.use(async (connection) => {
        await connection.run('BEGIN');
        await connection.run('DELETE FROM sluice_data.annotations WHERE id = $1', [id]);
        const texts = [id, stream, text, incident ?? null, alarm ?? null];
        await connection.run(`INSERT INTO sluice_data.annotations VALUES ($1, $2, ${from}, ${to}, $3, $4, $5)`, texts);
        this.#file.requireInPlace();
        await connection.run('COMMIT');
      });
    const done = this.#annotating.then(write);
    this.#annotating = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  forget(stream: string, manifestKey?: string): Promise<void> {
    return this.#alone(async () => {
      this.#requireNothingStaged('forget');
      const others = [...this.#streams.values()].filter(({ name }) => name !== stream);
      if (others.length > 0 || this.#manifests.hasOther(manifestKey)) {
        await this.#transact(async () => {
          await this.#begin();
          const entry = this.#streams.get(stream);
          if (entry) await forgetStream(this.#connection, entry, others);
          const manifest = manifestKey === undefined ? undefined : this.#manifests.get(manifestKey);
          await forgetDeadLetters(this.#connection, stream, Object.keys(manifest?.positions ?? {}));
          if (manifest) await this.#manifests.remove(this.#connection, manifest.key);
          await this.#commit();
        });
        this.#connection.closeSync();
      } else {
        // Deleting would leave the space in the file; making it anew gives it back.
        this.#connection.closeSync();
        await this.#file.exchange({ remove: true });
      }
      await this.#load();
    });
  }

  /** For each (time, seq), 1 when that row is stored or staged. */
  known(stream: string, times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> {
    return this.#alone(async () => {
      const entry = this.#streams.get(stream);
      const newest = entry && this.#staged.newest(entry.id);
      // Nearly always all of it is newer than what is stored, and nothing needs to be looked up.
      if (!entry || newest === undefined || times.every((time) => time > newest)) return new Uint8Array(times.length);
      this.#staged.flushRows(entry);
      return await readKnown(this.#connection, entry, times, seqs);
    });
  }

  /** What is staged is dropped, as after a crash. */
  async close(): Promise<void> {
    await this.#alone(async () => {
      if (this.#open) await this.#rollback();
    });
    await this.#annotating;
    this.#connection.closeSync();
  }

  // --- transaction ---------------------------------------------------------------------------------------------

  #inTransaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#alone(() => this.#transact(work));
  }

  /** One call after the other. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work).catch((error: unknown) => {
      throw storeError(error, this.#file.options.path);
    });
    this.#queue = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /** An error undoes everything since the last commit. */
  async #transact<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#open) await this.#rollback();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    if (this.#open) return;
    if (this.#broken) await this.#recover();
    try {
      await this.#connection.run('BEGIN');
    } catch (error) {
      this.#broken = true;
      throw error;
    }
    this.#open = true;
    for (const entry of this.#newStreams) await createStream(this.#connection, entry);
    for (const detector of this.#newDetectors) await this.#createDetector(detector);
  }

  async #commit(): Promise<void> {
    this.#staged.close();
    this.#file.requireInPlace();
    await this.#connection.run('COMMIT');
    this.#open = false;
    this.#newStreams = [];
    this.#newDetectors = [];
  }

  /** In the queue of annotations, the only other transactions that write. The commit before stands, whatever comes of it. */
  async #checkpoint(): Promise<void> {
    this.#annotating = this.#annotating.then(async () => {
      try {
        await this.#connection.run('CHECKPOINT');
        this.#manifests.dropped = 0;
      } catch {
        // A full disk, say: the file is opened again before the next write, which reports what is wrong.
        this.#broken = true;
      }
    });
    await this.#annotating;
  }

  /** After a commit, so that memory is as large for the thousandth as for the first. Readers are not kept waiting for. */
  async #releaseMemory(): Promise<void> {
    if (this.#values - this.#released < this.#limits.release) return;
    this.#released = this.#values;
    try {
      if (this.#values >= this.#limits.reopen && this.#file.idle) {
        // Closing would do that too, but hold up all else meanwhile.
        await this.#checkpoint();
        await this.#recover();
      } else await fitMemory(this.#connection, this.#file.options.memoryLimit, this.#streams.values());
    } catch {
      // What was committed stands. The file is opened before the next write, which reports what is wrong.
      this.#broken = true;
    }
  }

  async #rollback(): Promise<void> {
    this.#open = false;
    try {
      this.#staged.discard();
      await this.#connection.run('ROLLBACK');
      await this.#loadNewest();
    } catch {
      // After a failed write DuckDB refuses all further work on the file (also the rollback) until it is opened again.
      this.#broken = true;
    }
  }

  /** Opens the file again. What was registered since the last commit is registered again, unless that commit did go through. */
  async #recover(): Promise<void> {
    const streams = this.#newStreams;
    const detectors = this.#newDetectors;
    this.#connection.closeSync();
    await this.#file.exchange({ remove: false });
    await this.#load();
    this.#newStreams = streams.filter(({ name }) => !this.#streams.has(name));
    this.#newDetectors = detectors.filter(({ stream, name }) => !this.#detectors.has(detectorKey(stream, name)));
    for (const entry of this.#newStreams) this.#streams.set(entry.name, entry);
    for (const { id, stream, name } of this.#newDetectors) {
      this.#detectors.set(detectorKey(stream, name), id);
      this.#nextDetector = Math.max(this.#nextDetector, id + 1);
    }
    this.#values = 0;
    this.#released = 0;
    this.#broken = false;
  }

  #requireNothingStaged(what: string): void {
    if (this.#open) throw new SluiceError('INTERNAL', `${what} needs what was appended to be committed first`);
  }

  // --- what is in the file ----------------------------------------------------------------------------------------

  async #load(): Promise<void> {
    this.#connection = await this.#file.connect();
    this.#streams.clear();
    this.#detectors.clear();
    this.#newStreams = [];
    this.#newDetectors = [];
    for (const entry of await loadStreams(this.#connection)) this.#streams.set(entry.name, entry);
    this.#nextDetector = 1;
    for (const [id, stream, name] of await rowsOfQuery(this.#connection, 'SELECT id, stream_id, name FROM sluice_data.detectors')) {
      this.#detectors.set(detectorKey(Number(stream), String(name)), Number(id));
      this.#nextDetector = Math.max(this.#nextDetector, Number(id) + 1);
    }
    await this.#manifests.load(this.#connection, this.#file.options.path);
    await this.#loadNewest();
  }

  async #loadNewest(): Promise<void> {
    const committed = [...this.#streams.values()].filter((entry) => !this.#newStreams.includes(entry));
    await this.#staged.loadNewest(this.#connection, committed);
  }

  // --- streams and detectors of a write ----------------------------------------------------------------------------

  #entry(batch: Batch): StreamEntry {
    const entry = this.#streams.get(batch.stream);
    if (!entry) throw new SluiceError('INTERNAL', `stream '${batch.stream}' was not opened`);
    requireSameSchema(entry.schema, batch.schema, `stream '${batch.stream}' in ${this.#file.options.path}`);
    return entry;
  }

  async #putVerdicts(entry: StreamEntry, batch: Batch, verdicts: Verdicts): Promise<void> {
    const detector = await this.#detector(entry, verdicts.detector);
    await this.#staged.putVerdicts(this.#connection, detector, batch, verdicts);
  }

  async #detector(entry: StreamEntry, name: string): Promise<number> {
    const key = detectorKey(entry.id, name);
    const known = this.#detectors.get(key);
    if (known !== undefined) return known;
    const detector = { id: this.#nextDetector++, stream: entry.id, name };
    this.#detectors.set(key, detector.id);
    this.#newDetectors.push(detector);
    await this.#createDetector(detector);
    return detector.id;
  }

  async #createDetector({ id, stream, name }: { id: number; stream: number; name: string }): Promise<void> {
    await this.#connection.run(`INSERT INTO sluice_data.detectors VALUES (${id}, ${stream}, $1)`, [name]);
  }
}

function detectorKey(stream: number, name: string): string {
  return `${stream}\n${name}`;
}
