import { blobValue, type DuckDBConnection, listValue } from '@duckdb/node-api';
import type { Batch } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Incident } from '../../core/incident.ts';
import { type Bucket, levelsOfDetail } from '../../core/store.ts';
import { type ThresholdLevels, topContributions, type Verdicts } from '../../core/verdict.ts';
import { encodeBucket } from './bucket-content.ts';
import { rowsOfQuery, TableWriter } from './chunks.ts';
import { bucketsTable, rowsTable, type StreamEntry } from './layout.ts';

/** What the open transaction appends, table by table. Every put takes the connection that this transaction runs on. */
export class StagedTables {
  readonly #tables = new Map<string, TableWriter>();
  /** Those of the transactions before. */
  readonly #closed = new Map<string, TableWriter>();
  readonly #incidents = new Map<string, Incident>();
  /** Newest row and newest bucket per level, stored or staged: what comes later needs no search. */
  readonly #newest = new Map<number, bigint>();
  readonly #newestBucket = new Map<string, bigint>();

  /** Time of the newest row of a stream, stored or staged. */
  newest(stream: number): bigint | undefined {
    return this.#newest.get(stream);
  }

  /** @param streams those whose tables are in the file */
  async loadNewest(connection: DuckDBConnection, streams: Iterable<StreamEntry>): Promise<void> {
    this.#newest.clear();
    this.#newestBucket.clear();
    for (const entry of streams) {
      const [[time]] = await rowsOfQuery(connection, `SELECT max(time) FROM sluice_data.${rowsTable(entry.schema)} WHERE stream_id = ${entry.id}`);
      if (time !== null) this.#newest.set(entry.id, time as bigint);
      for (const level of levelsOfDetail) {
        const [[newest]] = await rowsOfQuery(connection, `SELECT max(time) FROM sluice_data.${bucketsTable(level)} WHERE stream_id = ${entry.id}`);
        if (newest !== null) this.#newestBucket.set(`${entry.id}/${level}`, newest as bigint);
      }
    }
  }

  async putRows(connection: DuckDBConnection, entry: StreamEntry, batch: Batch): Promise<void> {
    const table = await this.#table(connection, rowsTable(entry.schema));
    const tags = entry.schema.tags.length;
    table.append(batch.rows, (at, from, count) => {
      table.putConstant(0, at, entry.id, count);
      table.putTimes(1, at, batch.times, from, count);
      table.putNumbers(2, at, batch.seqs, from, count);
      table.putNumbers(3, at, batch.origins, from, count);
      if (batch.labels) table.putNumbers(4, at, batch.labels, from, count);
      else table.putConstant(4, at, -1, count);
      for (let t = 0; t < tags; t++) table.putDoubles(5 + t, at, batch.values, from * tags + t, tags, count);
    });
    let newest = this.#newest.get(entry.id) ?? batch.times[0];
    for (let i = 0; i < batch.rows; i++) if (batch.times[i] > newest) newest = batch.times[i];
    this.#newest.set(entry.id, newest);
  }

  async putVerdicts(connection: DuckDBConnection, detector: number, batch: Batch, verdicts: Verdicts): Promise<void> {
    const table = await this.#table(connection, 'verdicts');
    table.append(batch.rows, (at, from, count) => {
      table.putConstant(0, at, detector, count);
      table.putTimes(1, at, batch.times, from, count);
      table.putNumbers(2, at, batch.seqs, from, count);
      table.putDoubles(3, at, verdicts.score, from, 1, count);
      table.putDoubles(4, at, verdicts.grade, from, 1, count);
      table.putNumbers(5, at, verdicts.status, from, count);
    });
    const { rows, tags, shares, rest } = verdicts.contributions;
    if (rows.length === 0) return;
    const explained = await this.#table(connection, 'contributions');
    const flat = { times: new BigInt64Array(rows.length), seqs: new Int32Array(rows.length), shares: Float64Array.from(shares), rest: Float64Array.from(rest) };
    for (let i = 0; i < rows.length; i++) {
      flat.times[i] = batch.times[rows[i]];
      flat.seqs[i] = batch.seqs[rows[i]];
    }
    const width = topContributions;
    const ranked = Array.from({ length: width }, (_, r) => Int16Array.from(rows, (_, i) => tags[i * width + r]));
    explained.append(rows.length, (at, from, count) => {
      explained.putConstant(0, at, detector, count);
      explained.putTimes(1, at, flat.times, from, count);
      explained.putNumbers(2, at, flat.seqs, from, count);
      for (let r = 0; r < width; r++) {
        explained.putNumbers(3 + r, at, ranked[r], from, count);
        explained.putDoubles(3 + width + r, at, flat.shares, from * width + r, width, count);
      }
      explained.putDoubles(3 + 2 * width, at, flat.rest, from, 1, count);
    });
  }

  async putThreshold(connection: DuckDBConnection, entry: StreamEntry, levels: ThresholdLevels): Promise<void> {
    const { detector, time, warn, error, median, method, model } = levels;
    const table = await this.#table(connection, 'thresholds');
    table.flush();
    await connection.run(`DELETE FROM sluice_data.thresholds WHERE stream_id = ${entry.id} AND detector = $1 AND time = ${time}`, [detector]);
    table.appendRow([entry.id, detector, time, warn, error, median, method, model]);
  }

  async putBuckets(connection: DuckDBConnection, entry: StreamEntry, buckets: readonly Bucket[]): Promise<void> {
    const byLevel = new Map<number, Bucket[]>();
    for (const bucket of buckets) {
      const own = byLevel.get(bucket.level);
      if (own) own.push(bucket);
      else byLevel.set(bucket.level, [bucket]);
    }
    for (const [level, own] of byLevel) await this.#putLevel(connection, entry, level, own);
  }

  async #putLevel(connection: DuckDBConnection, entry: StreamEntry, level: number, buckets: readonly Bucket[]): Promise<void> {
    const table = await this.#table(connection, bucketsTable(level));
    const key = `${entry.id}/${level}`;
    /** Those that may be stored already. */
    const again = new Set<bigint>();
    const last = new Map<bigint, Bucket>();
    for (const bucket of buckets) {
      const { time } = bucket;
      const newest = this.#newestBucket.get(key);
      if (newest === undefined || time > newest) this.#newestBucket.set(key, time);
      else if (!last.has(time)) again.add(time);
      last.set(time, bucket);
    }
    if (again.size > 0) {
      table.flush();
      await connection.run(`DELETE FROM sluice_data.${bucketsTable(level)} WHERE stream_id = ${entry.id} AND time IN (${[...again].join()})`);
    }
    for (const bucket of last.values()) table.appendRow([entry.id, bucket.time, blobValue(encodeBucket(bucket))]);
  }

  /** An incident is written once per commit, as it was last. */
  putIncident(incident: Incident): void {
    this.#incidents.set(incident.id, incident);
  }

  /** The incidents put so far, right before the commit. */
  async writeIncidents(connection: DuckDBConnection, streams: ReadonlyMap<string, StreamEntry>): Promise<void> {
    if (this.#incidents.size === 0) return;
    await connection.run('DELETE FROM sluice_data.incidents WHERE id IN (SELECT unnest($1))', [listValue([...this.#incidents.keys()])]);
    const table = await this.#table(connection, 'incidents');
    for (const it of this.#incidents.values()) {
      const stream = streams.get(it.stream);
      if (!stream) throw new SluiceError('INTERNAL', `stream '${it.stream}' was not opened`);
      table.appendRow([
        ...[it.id, stream.id, it.detector, it.start, it.end, it.open, BigInt(it.rows), it.peakTime, it.peakScore, it.peakGrade],
        listValue([...it.causes]),
        listValue(Array.from(it.contributions)),
      ]);
    }
    this.#incidents.clear();
  }

  async putDead(connection: DuckDBConnection, letters: readonly DeadLetter[]): Promise<void> {
    const table = await this.#table(connection, 'dead_letters');
    for (const { source, partition, position, stream, reason, message, payload } of letters) {
      table.appendRow([source, partition, BigInt(position), stream ?? null, reason, message, payload]);
    }
  }

  async removeDead(connection: DuckDBConnection, letters: readonly Pick<DeadLetter, 'source' | 'partition' | 'position'>[]): Promise<void> {
    this.#tables.get('dead_letters')?.flush();
    const places = new Map<string, { source: string; partition: number; positions: bigint[] }>();
    for (const { source, partition, position } of letters) {
      const place = places.get(`${partition} ${source}`) ?? { source, partition, positions: [] };
      place.positions.push(BigInt(position));
      places.set(`${partition} ${source}`, place);
    }
    for (const { source, partition, positions } of places.values()) {
      const where = `source = $1 AND "partition" = ${partition} AND position IN (${positions.join()})`;
      await connection.run(`DELETE FROM sluice_data.dead_letters WHERE ${where}`, [source]);
    }
  }

  /** Makes the rows of a stream visible to queries on the connection. */
  flushRows(entry: StreamEntry): void {
    this.#tables.get(rowsTable(entry.schema))?.flush();
  }

  /** Before the commit. */
  close(): void {
    for (const [name, table] of this.#tables) {
      table.close();
      this.#closed.set(name, table);
    }
    this.#tables.clear();
  }

  /** Before the rollback. No table is kept, also when one of them cannot be discarded. */
  discard(): void {
    this.#incidents.clear();
    this.#closed.clear();
    try {
      for (const table of this.#tables.values()) table.discard();
    } finally {
      this.#tables.clear();
    }
  }

  async #table(connection: DuckDBConnection, name: string): Promise<TableWriter> {
    let table = this.#tables.get(name);
    if (!table) {
      table = await TableWriter.open(connection, name, this.#closed.get(name));
      this.#tables.set(name, table);
    }
    return table;
  }
}
