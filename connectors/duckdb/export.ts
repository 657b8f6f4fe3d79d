import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import type { ExportRequest } from '../../core/store.ts';
import { Status, topContributions } from '../../core/verdict.ts';
import { columnNames, rowsTable, type StreamEntry } from './layout.ts';
import { identifier, literal } from './sql.ts';

/**
 * Writes a table to a csv or parquet file, which appears only when it is complete. CSV times are ISO 8601 in UTC; parquet times are timestamps
 * with nanoseconds. A status is its word. Rows come in (time, seq) order.
 */
export async function exportTo(connection: DuckDBConnection, entry: StreamEntry, request: ExportRequest): Promise<{ rows: number }> {
  const select = selections[request.what](entry, request, request.format === 'csv' ? isoTime : (column) => `make_timestamp_ns(${column})`);
  const part = `${request.path}.part`;
  const format = request.format === 'csv' ? 'FORMAT csv, HEADER true' : 'FORMAT parquet';
  try {
    const result = await connection.runAndReadAll(`COPY (${select}) TO ${literal(part)} (${format})`);
    await rename(part, request.path);
    return { rows: Number(result.getRows()[0][0]) };
  } catch (error) {
    if (existsSync(part)) await rm(part);
    const text = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    if (/no space left|quota|file too large/i.test(text)) {
      throw new SluiceError('STORE_FULL', 'the disk under the export is full', {
        place: request.path,
        fix: 'Make room, or export a shorter range.',
        cause: error,
      });
    }
    throw new SluiceError('STORE_UNAVAILABLE', `the export cannot be written: ${text}`, {
      place: request.path,
      fix: 'Choose another file with --out.',
      cause: error,
    });
  }
}

const statusWord = `CASE v.status ${Object.entries(Status)
  .map(([word, status]) => `WHEN ${status} THEN '${word}'`)
  .join(' ')} END`;

type Time = (column: string) => string;

const selections: Record<ExportRequest['what'], (entry: StreamEntry, range: ExportRequest, time: Time) => string> = {
  rows: ({ id, schema }, range, time) => {
    const tags = columnNames(schema).map((name, i) => `v${i} AS ${identifier(name)}`);
    return `SELECT ${time('r.time')} AS time, seq, ${tags}, nullif(label, -1) AS label
      FROM sluice_data.${rowsTable(schema)} r WHERE stream_id = ${id}${within(range, 'r.time')} ORDER BY r.time, r.seq`;
  },
  verdicts: ({ id }, range, time) => {
    const ranks = Array.from({ length: topContributions }, (_, i) => i + 1);
    const tags = ranks.map(
      (r) => `(SELECT name FROM sluice_data.tags t WHERE t.stream_id = ${id} AND t.position = c.tag${r}) AS tag_${r}, c.share${r} AS share_${r}`,
    );
    return `SELECT ${time('v.time')} AS time, v.seq, d.name AS detector, v.score, v.grade, ${statusWord} AS status, ${tags}, c.rest
      FROM sluice_data.verdicts v JOIN sluice_data.detectors d ON d.id = v.detector_id
      LEFT JOIN sluice_data.contributions c ON c.detector_id = v.detector_id AND c.time = v.time AND c.seq = v.seq
      WHERE d.stream_id = ${id}${within(range, 'v.time')} ORDER BY v.time, v.seq, d.name`;
  },
  incidents: ({ id, name, schema }, range, time) => {
    const ranks = Array.from({ length: Math.min(topContributions, schema.tags.length) }, (_, i) => i + 1);
    const top = ranks.map((r) => `ranked[${r}].tag AS tag_${r}, ranked[${r}].share AS share_${r}`);
    const overlap = `${range.to === undefined ? '' : ` AND start < ${range.to}`}${range.from === undefined ? '' : ` AND "end" >= ${range.from}`}`;
    const names = `[${schema.tags.map((tag) => literal(tag.name))}]`;
    return `SELECT id, ${literal(name)} AS stream, detector, ${time('i.start')} AS start, ${time('i."end"')} AS "end", open, rows, ${time('peak_time')} AS peak_time,
        peak_score, peak_grade, array_to_string(causes, ' ') AS causes, ${top}
      FROM (SELECT *, ${rankedTags(names)} AS ranked FROM sluice_data.incidents) i
      WHERE stream_id = ${id}${overlap} ORDER BY i.start, i.detector, i.id`;
  },
};

function rankedTags(names: string): string {
  return `list_reverse_sort(list_transform(list_zip(contributions, ${names}), lambda pair: {size: abs(pair[1]), share: pair[1], tag: pair[2]}))`;
}

/** As `formatTime` writes it; strftime's own %n garbles nanoseconds. */
function isoTime(column: string): string {
  const nanos = `((${column} % 1000000000 + 1000000000) % 1000000000)`;
  const fraction = `'.' || regexp_replace(lpad(${nanos}::VARCHAR, 9, '0'), '(000){1,2}$', '')`;
  return `strftime(make_timestamp_ns(${column} - ${nanos}), '%Y-%m-%dT%H:%M:%S') || CASE WHEN ${nanos} = 0 THEN '' ELSE ${fraction} END || 'Z'`;
}

function within(range: ExportRequest, column: string): string {
  return `${range.from === undefined ? '' : ` AND ${column} >= ${range.from}`}${range.to === undefined ? '' : ` AND ${column} < ${range.to}`}`;
}
