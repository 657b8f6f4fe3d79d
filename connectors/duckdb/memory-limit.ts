import type { DuckDBConnection } from '@duckdb/node-api';
import type { Schema } from '../../core/schema.ts';

const units: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** What DuckDB takes for the blocks that are written at the same time, a column each, and for all else. */
const [tagBytes, baseBytes] = [500_000, 100e6];

/**
 * The limit that lets rows of so many tags be stored: as configured, or more where that is too little. DuckDB has a block of
 * 256 KiB in hand for every column of a table that it writes, and fails rather than write half of one.
 *
 * @param configured such as `150MB`
 * @returns undefined when the configured one will do
 * @example
 * memoryLimitFor('150MB', 51); // undefined
 * memoryLimitFor('150MB', 600); // '400MB'
 */
export function memoryLimitFor(configured: string, tags: number): string | undefined {
  const [, size, unit] = /^([\d.]+)\s*(\w+)$/.exec(configured) ?? [];
  const needed = baseBytes + tags * tagBytes;
  return Number(size) * units[unit] < needed ? `${Math.ceil(needed / 1e6)}MB` : undefined;
}

/**
 * Sets the limit of the connection's database: as configured, or higher where these streams need more. Set anew it stays what it
 * is, but DuckDB then hands back to the system what it has freed, and what the C library has: neither does so by itself while work
 * goes on, and what lies between pieces in use adds up.
 */
export async function fitMemory(connection: DuckDBConnection, configured: string, streams: Iterable<{ readonly schema: Schema }>): Promise<void> {
  const tags = [...streams].reduce((sum, { schema }) => sum + schema.tags.length, 0);
  await connection.run(`SET GLOBAL memory_limit = '${memoryLimitFor(configured, tags) ?? configured}'`);
}
