import type { DuckDBConnection } from '@duckdb/node-api';
import { levelsOfDetail } from '../../core/store.ts';
import { bucketsTable, rowsTable, type StreamEntry } from './layout.ts';
import { identifier } from './sql.ts';

/** Removes a stream from a file that holds others, inside the open transaction. */
export async function forgetStream(connection: DuckDBConnection, entry: StreamEntry, others: readonly StreamEntry[]): Promise<void> {
  const { id, name, view, schema } = entry;
  const own = `SELECT id FROM sluice_data.detectors WHERE stream_id = ${id}`;
  for (const table of ['verdicts', 'contributions']) await connection.run(`DELETE FROM sluice_data.${table} WHERE detector_id IN (${own})`);
  for (const table of ['detectors', 'incidents', 'thresholds', 'tags', ...levelsOfDetail.map(bucketsTable)])
    await connection.run(`DELETE FROM sluice_data.${table} WHERE stream_id = ${id}`);
  await connection.run(`DELETE FROM sluice_data.streams WHERE id = ${id}`);
  await connection.run(`DROP VIEW main.${identifier(view)}`);
  const shared = others.some((other) => other.schema.hash === schema.hash);
  const rows = `sluice_data.${rowsTable(schema)}`;
  await connection.run(shared ? `DELETE FROM ${rows} WHERE stream_id = ${id}` : `DROP TABLE ${rows}`);
  await connection.run('DELETE FROM sluice_data.annotations WHERE stream = $1', [name]);
}

export async function forgetDeadLetters(connection: DuckDBConnection, stream: string, sources: readonly string[]): Promise<void> {
  await connection.run('DELETE FROM sluice_data.dead_letters WHERE stream = $1', [stream]);
  for (const source of sources) await connection.run('DELETE FROM sluice_data.dead_letters WHERE source = $1', [source]);
}
