import type { DuckDBBlobValue, DuckDBConnection, DuckDBListValue, DuckDBValue } from '@duckdb/node-api';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import type { DeadLetter, DeadReason } from '../../core/chunk.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Incident } from '../../core/incident.ts';
import { BucketFold, bucketStart } from '../../core/level-of-detail.ts';
import type { Manifest } from '../../core/manifest.ts';
import { tagIndex } from '../../core/schema.ts';
import {
  type Annotation,
  type Bucket,
  type BucketsQuery,
  type ExportRequest,
  type Extent,
  type IncidentsQuery,
  levelsOfDetail,
  type Range,
  type RowsQuery,
  type RowsResult,
  type StoredVerdict,
  type StoreReader,
  type StreamSummary,
  type TagStatistics,
  type VerdictsQuery,
} from '../../core/store.ts';
import { nanosPerMilli } from '../../core/time.ts';
import { type ThresholdLevels, topContributions } from '../../core/verdict.ts';
import { decodeBucket } from './bucket-content.ts';
import { chunksOf, rowsOfQuery, takeDoubles, takeNumbers, takeTimes } from './chunks.ts';
import { exportTo } from './export.ts';
import type { DuckFile } from './file.ts';
import { readKnown } from './known.ts';
import { bucketsTable, loadStreams, rowsTable, type StreamEntry } from './layout.ts';
import { readManifests, readRecord } from './manifests.ts';
import { noAgreement, noDistribution, readAgreement, readDistribution, readScores } from './scores.ts';
import { tagStatistics } from './statistics.ts';

/** The reading half: every call sees the last commit as a whole, whatever is being written meanwhile. */
export function duckReader(file: DuckFile): StoreReader {
  const inStream = <T>(stream: string, absent: T, work: (connection: DuckDBConnection, entry: StreamEntry) => Promise<T>): Promise<T> =>
    file.read(async (connection) => {
      const entry = await findStream(connection, stream);
      return entry ? await work(connection, entry) : absent;
    });
  const manifests = (): Promise<Manifest[]> =>
    file.read(async (connection) => (await readManifests(connection, file.options.path)).map(({ manifest }) => manifest));

  return {
    streams: () => file.read(streamSummaries),
    extent: (query) => inStream(query.stream, { rows: 0, first: undefined, last: undefined }, (connection, entry) => readExtent(connection, entry, query)),
    rows: (query) => inStream(query.stream, noRows(query.tags ?? []), (connection, entry) => readRows(connection, entry, query)),
    scan: (query) =>
      file.stream(async function* (connection) {
        const entry = await findStream(connection, query.stream);
        if (entry) yield* scanRows(connection, entry, query);
      }),
    buckets: (query) => inStream(query.stream, [], (connection, entry) => readBuckets(connection, entry, query)),
    verdicts: (query) => inStream(query.stream, [], (connection, entry) => readVerdicts(connection, entry, query)),
    scores: (query) => inStream(query.stream, [], (connection, entry) => readScores(connection, entry, query)),
    agreement: (query) => inStream(query.stream, noAgreement(query), (connection, entry) => readAgreement(connection, entry, query)),
    distribution: (query) => inStream(query.stream, noDistribution(), (connection, entry) => readDistribution(connection, entry, query)),
    incidents: (query) => file.read((connection) => readIncidents(connection, query)),
    statistics: (query) =>
      inStream(query.stream, [] as TagStatistics[], (connection, { id, name: stream, schema }) => {
        const tags = (query.tags ?? schema.tags.map((tag) => tag.name)).map((name) => ({ name, column: `v${tagIndex(schema, name, stream)}` }));
        return tagStatistics(connection, `sluice_data.${rowsTable(schema)}`, `stream_id = ${id}${between(query)}`, tags);
      }),
    thresholds: (stream) => inStream(stream, [], (connection, entry) => readThresholds(connection, entry)),
    annotations: (query) => file.read((connection) => readAnnotations(connection, query)),
    deadLetters: (query) => file.read((connection) => readDeadLetters(connection, query)),
    known: (stream, times, seqs) => inStream(stream, new Uint8Array(times.length), (connection, entry) => readKnown(connection, entry, times, seqs)),
    manifest: async (key) => (await manifests()).find((manifest) => manifest.key === key),
    manifests,
    record: (hash) => file.read((connection) => readRecord(connection, hash, file.options.path)),
    export: (request: ExportRequest) =>
      file.read(async (connection) => {
        const entry = await findStream(connection, request.stream);
        if (!entry) throw new SluiceError('USAGE', `the store has no stream '${request.stream}'`, { place: file.options.path });
        return await exportTo(connection, entry, request);
      }),
  };
}

async function findStream(connection: DuckDBConnection, stream: string): Promise<StreamEntry | undefined> {
  return (await loadStreams(connection)).find((entry) => entry.name === stream);
}

async function streamSummaries(connection: DuckDBConnection): Promise<StreamSummary[]> {
  const summaries: StreamSummary[] = [];
  for (const { id, name, schema } of await loadStreams(connection)) {
    const [[rows, first, last]] = await rowsOfQuery(
      connection,
      `SELECT count(*), min(time), max(time) FROM sluice_data.${rowsTable(schema)} WHERE stream_id = ${id}`,
    );
    const detectors = await rowsOfQuery(
      connection,
      `SELECT name FROM sluice_data.detectors WHERE stream_id = ${id} AND id IN (SELECT DISTINCT detector_id FROM sluice_data.verdicts) ORDER BY id`,
    );
    summaries.push({
      stream: name,
      schema,
      rows: Number(rows),
      first: (first ?? undefined) as bigint | undefined,
      last: (last ?? undefined) as bigint | undefined,
      detectors: detectors.map(([detector]) => String(detector)),
    });
  }
  return summaries;
}

function noRows(tags: readonly string[]): RowsResult {
  return { tags, times: new BigInt64Array(0), seqs: new Int32Array(0), labels: new Int8Array(0), columns: tags.map(() => new Float64Array(0)) };
}

async function readExtent(connection: DuckDBConnection, entry: StreamEntry, query: Range): Promise<Extent> {
  const [[rows, first, last]] = await rowsOfQuery(
    connection,
    `SELECT count(*), min(time), max(time) FROM sluice_data.${rowsTable(entry.schema)} WHERE stream_id = ${entry.id}${between(query)}`,
  );
  return { rows: Number(rows), first: (first ?? undefined) as bigint | undefined, last: (last ?? undefined) as bigint | undefined };
}

async function readRows(connection: DuckDBConnection, entry: StreamEntry, query: RowsQuery): Promise<RowsResult> {
  const tags = query.tags ?? entry.schema.tags.map((tag) => tag.name);
  const columns = tags.map((tag) => `v${tagIndex(entry.schema, tag, entry.name)}`);
  const where = `FROM sluice_data.${rowsTable(entry.schema)} WHERE stream_id = ${entry.id}${between(query)}`;
  const [[stored]] = await rowsOfQuery(connection, `SELECT count(*) ${where}`);
  const count = Math.min(Number(stored), query.limit ?? Number.POSITIVE_INFINITY);
  const result = {
    tags,
    times: new BigInt64Array(count),
    seqs: new Int32Array(count),
    labels: new Int8Array(count),
    columns: tags.map(() => new Float64Array(count)),
  };
  let at = 0;
  for await (const chunk of chunksOf(connection, `SELECT ${['time', 'seq', 'label', ...columns]} ${where} ${ordered(query, 'time', 'seq')}`)) {
    takeTimes(chunk.getColumnVector(0), result.times, at);
    takeNumbers(chunk.getColumnVector(1), result.seqs, at);
    takeNumbers(chunk.getColumnVector(2), result.labels, at);
    for (let c = 0; c < columns.length; c++) takeDoubles(chunk.getColumnVector(3 + c), result.columns[c], at);
    at += chunk.rowCount;
  }
  if (query.last && query.limit !== undefined) for (const column of [result.times, result.seqs, result.labels, ...result.columns]) column.reverse();
  return result;
}

/** DuckDB keeps the order in which rows were appended as long as nothing sorts them. */
async function* scanRows(connection: DuckDBConnection, entry: StreamEntry, query: Range): AsyncGenerator<Batch> {
  const tags = entry.schema.tags.length;
  const columns = entry.schema.tags.map((_, i) => `v${i}`);
  const sql = `SELECT ${['time', 'seq', 'origin', 'label', ...columns]} FROM sluice_data.${rowsTable(entry.schema)} WHERE stream_id = ${entry.id}${between(query)}`;
  for await (const chunk of chunksOf(connection, sql)) {
    const batch = allocateBatch(entry.name, entry.schema, chunk.rowCount, true);
    takeTimes(chunk.getColumnVector(0), batch.times, 0);
    takeNumbers(chunk.getColumnVector(1), batch.seqs, 0);
    takeNumbers(chunk.getColumnVector(2), batch.origins, 0);
    takeNumbers(chunk.getColumnVector(3), batch.labels as Int8Array, 0);
    for (let t = 0; t < tags; t++) takeDoubles(chunk.getColumnVector(4 + t), batch.values, t, tags);
    if (batch.labels?.some((label) => label !== -1)) yield batch;
    else {
      const { labels: _, ...unlabelled } = batch;
      yield unlabelled;
    }
  }
}

/** Closed buckets as stored; behind the newest of them, and at levels that are not kept, folded from the rows. */
async function readBuckets(connection: DuckDBConnection, entry: StreamEntry, query: BucketsQuery): Promise<Bucket[]> {
  const { level } = query;
  const span = BigInt(level) * nanosPerMilli;
  const from = query.from === undefined ? undefined : bucketStart(query.from, level);
  const kept = (levelsOfDetail as readonly number[]).includes(level);
  const closed = `FROM sluice_data.${bucketsTable(level)} WHERE stream_id = ${entry.id}`;
  const asked = query.tags?.map((tag) => tagIndex(entry.schema, tag, entry.name)) ?? entry.schema.tags.map((_, i) => i);
  const tags = asked.length;
  const [[newest]] = kept ? await rowsOfQuery(connection, `SELECT max(time) ${closed}`) : [[null]];
  const buckets: Bucket[] = [];
  const stored = newest === null ? [] : await rowsOfQuery(connection, `SELECT time, content ${closed}${between({ from, to: query.to })} ORDER BY time`);
  for (const [time, content] of stored) buckets.push(decodeBucket(level, time as bigint, (content as DuckDBBlobValue).bytes, query.tags && asked));

  const openFrom = newest === null ? from : maximum(from, (newest as bigint) + span);
  const columns = asked.map((i) => `v${i}`);
  // A bucket that begins before `to` is given whole.
  const openTo = query.to === undefined ? undefined : bucketStart(query.to - 1n, level) + span;
  const rows = `FROM sluice_data.${rowsTable(entry.schema)} WHERE stream_id = ${entry.id}${between({ from: openFrom, to: openTo })}`;
  let fold: BucketFold | undefined;
  for await (const chunk of chunksOf(connection, `SELECT ${['time', ...columns]} ${rows} ORDER BY time, seq`)) {
    const times = new BigInt64Array(chunk.rowCount);
    const values = new Float64Array(chunk.rowCount * tags);
    takeTimes(chunk.getColumnVector(0), times, 0);
    for (let t = 0; t < tags; t++) takeDoubles(chunk.getColumnVector(1 + t), values, t, tags);
    for (let row = 0; row < chunk.rowCount; row++) {
      if (!fold?.holds(times[row])) {
        if (fold) buckets.push(fold.bucket());
        fold = new BucketFold(level, bucketStart(times[row], level), tags);
      }
      fold.add(values, row * tags);
    }
  }
  if (fold) buckets.push(fold.bucket());
  return buckets;
}

async function readVerdicts(connection: DuckDBConnection, entry: StreamEntry, query: VerdictsQuery): Promise<StoredVerdict[]> {
  const ranks = Array.from({ length: topContributions }, (_, i) => i + 1);
  const explained = [...ranks.map((r) => `c.tag${r}`), ...ranks.map((r) => `c.share${r}`), 'c.rest'];
  const named = query.detector === undefined ? '' : ' AND d.name = $1';
  const flagged = query.flagged ? ' AND v.status <= 0' : '';
  const sql = `WITH picked AS (
      SELECT d.name, v.* FROM sluice_data.verdicts v JOIN sluice_data.detectors d ON d.id = v.detector_id
      WHERE d.stream_id = ${entry.id}${named}${flagged}${between(query, 'v.time')} ${ordered(query, 'v.time', 'v.seq', 'd.name')}
    )
    SELECT v.name, v.time, v.seq, v.score, v.grade, v.status, ${explained}
    FROM picked v LEFT JOIN (SELECT * FROM sluice_data.contributions c WHERE true${between(query, 'c.time')}) c
      ON c.detector_id = v.detector_id AND c.time = v.time AND c.seq = v.seq
    ORDER BY v.time, v.seq, v.name`;
  const verdicts: StoredVerdict[] = [];
  for await (const chunk of chunksOf(connection, sql, query.detector === undefined ? [] : [query.detector])) {
    for (const [name, time, seq, score, grade, status, ...rest] of chunk.getRows()) {
      const verdict = {
        detector: String(name),
        time: time as bigint,
        seq: seq as number,
        score: (score as number | null) ?? Number.NaN,
        grade: (grade as number | null) ?? Number.NaN,
        status: status as number,
      };
      const left = rest[2 * topContributions];
      if (left === null) {
        verdicts.push(verdict);
        continue;
      }
      const contributions = ranks
        .map((r) => ({ index: rest[r - 1] as number, share: rest[topContributions + r - 1] as number }))
        .filter(({ index }) => index >= 0)
        .map(({ index, share }) => ({ tag: entry.schema.tags[index].name, share }));
      verdicts.push({ ...verdict, contributions, rest: left as number });
    }
  }
  return verdicts;
}

async function readIncidents(connection: DuckDBConnection, query: IncidentsQuery): Promise<Incident[]> {
  const values: DuckDBValue[] = [];
  const named = (column: string, value: string | undefined): string => (value === undefined ? '' : ` AND ${column} = $${values.push(value)}`);
  const where = [
    named('i.id', query.id),
    named('s.name', query.stream),
    named('i.detector', query.detector),
    query.to === undefined ? '' : ` AND i.start < ${query.to}`,
    query.from === undefined ? '' : ` AND i."end" >= ${query.from}`,
    query.open === undefined ? '' : ` AND i.open = ${query.open}`,
  ];
  const rows = await rowsOfQuery(
    connection,
    `SELECT i.id, s.name, i.detector, i.start, i."end", i.open, i.rows, i.peak_time, i.peak_score, i.peak_grade, i.causes, i.contributions
     FROM sluice_data.incidents i JOIN sluice_data.streams s ON s.id = i.stream_id WHERE true${where.join('')}
     ${ordered(query, 'i.start', 'i.detector', 'i.id')}`,
    values,
  );
  if (query.last && query.limit !== undefined) rows.reverse();
  return rows.map(([id, stream, detector, start, end, open, count, peakTime, peakScore, peakGrade, causes, contributions]) => ({
    id: String(id),
    stream: String(stream),
    detector: String(detector),
    start: start as bigint,
    end: end as bigint,
    open: open as boolean,
    rows: Number(count),
    peakTime: peakTime as bigint,
    peakScore: peakScore as number,
    peakGrade: peakGrade as number,
    causes: (causes as DuckDBListValue).items.map(String),
    contributions: Float64Array.from((contributions as DuckDBListValue).items as number[]),
  }));
}

async function readThresholds(connection: DuckDBConnection, entry: StreamEntry): Promise<ThresholdLevels[]> {
  const rows = await rowsOfQuery(
    connection,
    `SELECT detector, time, warn, error, median, method, model FROM sluice_data.thresholds WHERE stream_id = ${entry.id} ORDER BY time, detector`,
  );
  return rows.map(([detector, time, warn, error, median, method, model]) => ({
    stream: entry.name,
    detector: String(detector),
    time: time as bigint,
    warn: warn as number,
    error: error as number,
    median: median as number,
    method: String(method),
    model: String(model),
  }));
}

async function readAnnotations(connection: DuckDBConnection, query: Partial<Range>): Promise<Annotation[]> {
  const overlap = `${query.to === undefined ? '' : ` AND start < ${query.to}`}${query.from === undefined ? '' : ` AND "end" >= ${query.from}`}`;
  const rows = await rowsOfQuery(
    connection,
    `SELECT id, stream, start, "end", text, incident, alarm FROM sluice_data.annotations WHERE ${query.stream === undefined ? 'true' : 'stream = $1'}${overlap} ORDER BY start, id`,
    query.stream === undefined ? [] : [query.stream],
  );
  return rows.map(([id, stream, from, to, text, incident, alarm]) => ({
    id: String(id),
    stream: String(stream),
    from: from as bigint,
    to: to as bigint,
    text: String(text),
    ...(incident === null ? {} : { incident: String(incident) }),
    ...(alarm === null ? {} : { alarm: alarm as 'true' | 'false' }),
  }));
}

async function readDeadLetters(connection: DuckDBConnection, query: Parameters<StoreReader['deadLetters']>[0]): Promise<DeadLetter[]> {
  const direction = query.last ? 'DESC' : 'ASC';
  const values: DuckDBValue[] = [];
  const only = (column: string, value: string | undefined): string => (value === undefined ? '' : ` AND ${column} = $${values.push(value)}`);
  const rows = await rowsOfQuery(
    connection,
    `SELECT source, "partition", position, stream, reason, message, payload FROM sluice_data.dead_letters
     WHERE true${only('source', query.source)}${only('reason', query.reason)}
     ORDER BY source ${direction}, "partition" ${direction}, position ${direction} ${query.limit === undefined ? '' : `LIMIT ${query.limit}`}`,
    values,
  );
  if (query.last) rows.reverse();
  return rows.map(([source, partition, position, stream, reason, message, payload]) => ({
    source: String(source),
    partition: Number(partition),
    position: Number(position),
    ...(stream === null ? {} : { stream: String(stream) }),
    reason: reason as DeadReason,
    message: String(message),
    payload: String(payload),
  }));
}

function between(range: { from?: bigint | undefined; to?: bigint | undefined }, column = 'time'): string {
  return `${range.from === undefined ? '' : ` AND ${column} >= ${range.from}`}${range.to === undefined ? '' : ` AND ${column} < ${range.to}`}`;
}

function ordered(query: { limit?: number; last?: boolean }, ...columns: string[]): string {
  const { limit, last } = query;
  if (limit === undefined) return `ORDER BY ${columns}`;
  return `ORDER BY ${last ? columns.map((column) => `${column} DESC`) : columns} LIMIT ${limit}`;
}

function maximum(a: bigint | undefined, b: bigint): bigint {
  return a !== undefined && a > b ? a : b;
}
