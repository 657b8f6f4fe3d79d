import type { DuckDBConnection } from '@duckdb/node-api';
import { rowsOfQuery } from './chunks.ts';
import { rowsTable, type StreamEntry } from './layout.ts';

/** For each (time, seq), 1 when the connection sees that row. DuckDB skips row groups whose times lie outside those asked for. */
export async function readKnown(connection: DuckDBConnection, entry: StreamEntry, times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> {
  const found = new Uint8Array(times.length);
  if (times.length === 0) return found;
  const wanted = new BigInt64Array(new Set(times)).sort();
  const rows = await rowsOfQuery(
    connection,
    `SELECT time, seq FROM sluice_data.${rowsTable(entry.schema)}
     WHERE stream_id = ${entry.id} AND time BETWEEN ${wanted[0]} AND ${wanted[wanted.length - 1]} AND time IN (${wanted.join()})`,
  );
  const stored = new Set(rows.map(([time, seq]) => `${time}/${seq}`));
  for (let i = 0; i < times.length; i++) if (stored.has(`${times[i]}/${seqs[i]}`)) found[i] = 1;
  return found;
}
