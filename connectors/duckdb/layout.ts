import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import { makeSchema, type Schema, type Tag } from '../../core/schema.ts';
import { levelsOfDetail } from '../../core/store.ts';
import { topContributions } from '../../core/verdict.ts';
import { identifier } from './sql.ts';

/**
 * Tables live in the schema `sluice_data`, times as BIGINT nanoseconds (appended faster than TIMESTAMP_NS), tags by position.
 * The views in `main` are for people with SQL: times as TIMESTAMP_NS, streams, detectors and tags by name.
 * No keys: with one, appending verdicts falls from 500,000 to 29,000 a second.
 */
const formatVersion = 2;

const ranks = Array.from({ length: topContributions }, (_, i) => i + 1);

const tables = [
  `format (version INTEGER)`,
  `streams (id INTEGER, name VARCHAR, view VARCHAR, tags VARCHAR)`,
  `tags (stream_id INTEGER, position INTEGER, name VARCHAR)`,
  `detectors (id INTEGER, stream_id INTEGER, name VARCHAR)`,
  `verdicts (detector_id INTEGER, time BIGINT, seq INTEGER, score DOUBLE, grade DOUBLE, status TINYINT)`,
  `contributions (detector_id INTEGER, time BIGINT, seq INTEGER, ${ranks.map((r) => `tag${r} SMALLINT`)}, ${ranks.map((r) => `share${r} DOUBLE`)}, rest DOUBLE)`,
  // Doubles as they lie in memory: with four columns a tag, 200 blocks stay pinned in memory for a handful of rows. A table a level:
  // those of an hour, one among four hundred shorter ones, would lie in as many blocks as there are hours.
  ...levelsOfDetail.map((level) => `${bucketsTable(level)} (stream_id INTEGER, time BIGINT, content BLOB)`),
  `incidents (id VARCHAR, stream_id INTEGER, detector VARCHAR, start BIGINT, "end" BIGINT, open BOOLEAN, rows BIGINT,
    peak_time BIGINT, peak_score DOUBLE, peak_grade DOUBLE, causes VARCHAR[], contributions DOUBLE[])`,
  `thresholds (stream_id INTEGER, detector VARCHAR, time BIGINT, warn DOUBLE, error DOUBLE, median DOUBLE, method VARCHAR, model VARCHAR)`,
  `annotations (id VARCHAR, stream VARCHAR, start BIGINT, "end" BIGINT, text VARCHAR, incident VARCHAR, alarm VARCHAR)`,
  `dead_letters (source VARCHAR, "partition" INTEGER, position BIGINT, stream VARCHAR, reason VARCHAR, message VARCHAR, payload VARCHAR)`,
  `manifests (key VARCHAR, content VARCHAR)`,
  `records (hash VARCHAR, bytes BLOB)`,
];

const views = [
  `verdicts AS SELECT s.name AS stream, d.name AS detector, make_timestamp_ns(v.time) AS time, v.seq, v.score, v.grade, v.status
    FROM sluice_data.verdicts v JOIN sluice_data.detectors d ON d.id = v.detector_id JOIN sluice_data.streams s ON s.id = d.stream_id`,
  `contributions AS SELECT c.stream, c.detector, c.time, c.seq, c.rank, t.name AS tag, c.share FROM (
      SELECT s.id AS stream_id, s.name AS stream, d.name AS detector, make_timestamp_ns(c.time) AS time, c.seq,
        unnest([${ranks}]) AS rank, unnest([${ranks.map((r) => `c.tag${r}`)}]) AS position, unnest([${ranks.map((r) => `c.share${r}`)}]) AS share
      FROM sluice_data.contributions c JOIN sluice_data.detectors d ON d.id = c.detector_id JOIN sluice_data.streams s ON s.id = d.stream_id
    ) c JOIN sluice_data.tags t ON t.stream_id = c.stream_id AND t.position = c.position`,
  `incidents AS SELECT i.id, s.name AS stream, i.detector, make_timestamp_ns(i.start) AS start, make_timestamp_ns(i."end") AS "end", i.open, i.rows,
      make_timestamp_ns(i.peak_time) AS peak_time, i.peak_score, i.peak_grade, i.causes, i.contributions
    FROM sluice_data.incidents i JOIN sluice_data.streams s ON s.id = i.stream_id`,
  `thresholds AS SELECT s.name AS stream, h.detector, make_timestamp_ns(h.time) AS time, h.warn, h.error, h.median, h.method, h.model
    FROM sluice_data.thresholds h JOIN sluice_data.streams s ON s.id = h.stream_id`,
];

/** Buckets of one of the levels that are kept. */
export function bucketsTable(level: number): string {
  return `buckets_${level}`;
}

/** Version 1 had the buckets of all levels in one table. */
async function upgradeFromFirst(connection: DuckDBConnection): Promise<void> {
  await connection.run('BEGIN');
  for (const level of levelsOfDetail) {
    await connection.run(`CREATE TABLE sluice_data.${bucketsTable(level)} (stream_id INTEGER, time BIGINT, content BLOB)`);
    const own = `SELECT stream_id, time, content FROM sluice_data.buckets WHERE level = ${level} ORDER BY rowid`;
    await connection.run(`INSERT INTO sluice_data.${bucketsTable(level)} ${own}`);
  }
  await connection.run('DROP TABLE sluice_data.buckets');
  await connection.run('UPDATE sluice_data.format SET version = 2');
  await connection.run('COMMIT');
}

/** Makes the layout in an empty file, and brings an older one up to date. @throws STORE_UNAVAILABLE when the file holds something else or another version. */
export async function prepareLayout(connection: DuckDBConnection, path: string, readOnly: boolean): Promise<void> {
  const found = await connection.runAndReadAll(
    `SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'sluice_data' AND catalog_name = current_database()`,
  );
  if (found.currentRowCount > 0) {
    const version = (await connection.runAndReadAll('SELECT version FROM sluice_data.format')).getRows()[0]?.[0];
    if (version === formatVersion) return;
    if (version === 1 && !readOnly) return await upgradeFromFirst(connection);
    if (version === 1) {
      const fix = 'Start the pipeline on it once: that brings it up to date, and nothing is lost.';
      throw new SluiceError('STORE_UNAVAILABLE', `the store has format 1, this version reads ${formatVersion}`, { place: path, fix });
    }
    throw new SluiceError('STORE_UNAVAILABLE', `the store has format ${version}, this version reads ${formatVersion}`, {
      place: path,
      fix: 'Use the version that wrote it, or move the file away: the next start makes a new one.',
    });
  }
  const others = (await connection.runAndReadAll(`SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database()`)).getRows()[0][0];
  if (readOnly || others !== 0n) {
    throw new SluiceError('STORE_UNAVAILABLE', 'this DuckDB file is not a Sluice store', { place: path, fix: 'Give another store.path.' });
  }
  await connection.run('BEGIN');
  await connection.run('CREATE SCHEMA sluice_data');
  for (const table of tables) await connection.run(`CREATE TABLE sluice_data.${table}`);
  for (const view of views) await connection.run(`CREATE VIEW main.${view}`);
  await connection.run(`INSERT INTO sluice_data.format VALUES (${formatVersion})`);
  await connection.run('COMMIT');
}

/** Rows of all streams with the same tags share a table. */
export function rowsTable(schema: Schema): string {
  return `rows_${schema.hash}`;
}

export interface StreamEntry {
  readonly id: number;
  readonly name: string;
  /** The view of its rows in `main`. */
  readonly view: string;
  readonly schema: Schema;
}

export async function loadStreams(connection: DuckDBConnection): Promise<StreamEntry[]> {
  const rows = (await connection.runAndReadAll('SELECT id, name, view, tags FROM sluice_data.streams ORDER BY id')).getRows();
  return rows.map(([id, name, view, tags]) => ({
    id: Number(id),
    name: String(name),
    view: String(view),
    schema: makeSchema(JSON.parse(String(tags)) as Tag[]),
  }));
}

/** The statements that register a stream; run in the transaction of its first data. */
export async function createStream(connection: DuckDBConnection, entry: StreamEntry): Promise<void> {
  const { id, name, view, schema } = entry;
  const table = `sluice_data.${rowsTable(schema)}`;
  const columns = schema.tags.map((_, i) => `v${i} DOUBLE`);
  await connection.run(`CREATE TABLE IF NOT EXISTS ${table} (stream_id INTEGER, time BIGINT, seq INTEGER, origin DOUBLE, label TINYINT, ${columns})`);
  await connection.run('INSERT INTO sluice_data.streams VALUES ($1, $2, $3, $4)', [id, name, view, JSON.stringify(schema.tags)]);
  for (const [position, tag] of schema.tags.entries()) await connection.run('INSERT INTO sluice_data.tags VALUES ($1, $2, $3)', [id, position, tag.name]);
  const named = columnNames(schema).map((column, i) => `v${i} AS ${identifier(column)}`);
  await connection.run(
    `CREATE VIEW main.${identifier(view)} AS SELECT make_timestamp_ns(time) AS time, seq, ${named}, nullif(label, -1) AS label FROM ${table} WHERE stream_id = ${id}`,
  );
}

/** The name of a stream's view: `rows_` and its name, unlike all those taken by more than case. */
export function viewName(stream: string, taken: readonly string[]): string {
  return distinctIgnoringCase([`rows_${stream}`], taken)[0];
}

/** A column name per tag: SQL names differ by more than case, so `a` and `A` become `a` and `A_2`. */
export function columnNames(schema: Schema): string[] {
  return distinctIgnoringCase(
    schema.tags.map((tag) => tag.name),
    ['time', 'seq', 'label'],
  );
}

function distinctIgnoringCase(names: readonly string[], taken: readonly string[]): string[] {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const given = new Set(taken.map((name) => name.toLowerCase()));
  return names.map((name) => {
    let candidate = name;
    for (let n = 2; given.has(candidate.toLowerCase()) || (candidate !== name && wanted.has(candidate.toLowerCase())); n++) candidate = `${name}_${n}`;
    given.add(candidate.toLowerCase());
    return candidate;
  });
}
