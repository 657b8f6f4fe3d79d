/** The schema of all tables. Not `sluice`: the DuckDB shell calls a file sluice.duckdb by that name, and would find it ambiguous. */
export const tables = 'sluice_data';

/** A quoted SQL identifier. SQL text cannot hold NUL. */
export function identifier(name: string): string {
  return `"${name.replaceAll('\0', '\uFFFD').replaceAll('"', '""')}"`;
}

/** A quoted SQL string. */
export function literal(text: string): string {
  return `'${text.replaceAll('\0', '\uFFFD').replaceAll("'", "''")}'`;
}
