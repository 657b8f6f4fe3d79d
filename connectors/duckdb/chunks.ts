import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBDoubleVector,
  type DuckDBType,
  type DuckDBValue,
  type DuckDBVector,
} from '@duckdb/node-api';
import { tables } from './sql.ts';

/** Rows in a DuckDB vector: what goes in at once. */
const chunkRows = 2048;
const rowsAtOnce = 256;
/** Values that an appender collects, outside the limit of DuckDB's memory, before the transaction takes them over: some 4 MB. */
const valuesCollected = 500_000;

/** Fills the writer's columns from row `at` on with `count` rows, the first of them the source's row `from`. */
type Fill = (at: number, from: number, count: number) => void;

/**
 * Collects rows in data chunks and appends them to a table inside the connection's transaction. Columns are filled
 * one after the other, so that nothing is made per row or cell.
 */
export class TableWriter {
  readonly #appender: DuckDBAppender;
  readonly #types: readonly DuckDBType[];
  readonly #chunk: DuckDBDataChunk;
  readonly #columns: DuckDBVector[];
  /** Columns of the current chunk that hold a NULL. */
  readonly #withNull = new Set<number>();
  #used = 0;
  #collected = 0;
  #rows: DuckDBValue[][] = [];

  private constructor(appender: DuckDBAppender, types: readonly DuckDBType[], closed: TableWriter | undefined) {
    this.#appender = appender;
    this.#types = types;
    this.#chunk = closed ? closed.#chunk : DuckDBDataChunk.create(types, chunkRows);
    this.#columns = closed ? closed.#columns : [];
  }

  /** @param closed one of the same table whose chunk is used again: outside the heap, chunks pile up before they are collected */
  static async open(connection: DuckDBConnection, table: string, closed?: TableWriter): Promise<TableWriter> {
    const appender = await connection.createAppender(table, tables);
    const types: DuckDBType[] = [];
    for (let c = 0; c < appender.columnCount; c++) types.push(appender.columnType(c));
    return new TableWriter(appender, types, closed);
  }

  /** Appends rows by columns: `fill` is called with stretches that fit, and fills every column by the put methods. */
  append(rows: number, fill: Fill): void {
    if (this.#columns.length === 0) for (let c = 0; c < this.#types.length; c++) this.#columns.push(this.#chunk.getColumnVector(c));
    for (let from = 0; from < rows; ) {
      const count = Math.min(rows - from, chunkRows - this.#used);
      fill(this.#used, from, count);
      this.#used += count;
      from += count;
      if (this.#used === chunkRows) this.#end();
    }
  }

  /**
   * Copies `count` doubles, `stride` apart; NaN goes in as NULL. Values first: as long as a column has no NULL its
   * validity costs nothing.
   */
  putDoubles(column: number, at: number, values: Float64Array, first: number, stride: number, count: number): void {
    const vector = this.#columns[column] as DuckDBDoubleVector;
    let missing = false;
    for (let i = 0, p = first; i < count; i++, p += stride) {
      const value = values[p];
      if (Number.isNaN(value)) missing = true;
      else vector.setItem(at + i, value);
    }
    if (!missing) return;
    this.#withNull.add(column);
    for (let i = 0, p = first; i < count; i++, p += stride) if (Number.isNaN(values[p])) vector.setItem(at + i, null);
  }

  putNumbers(column: number, at: number, values: ArrayLike<number>, from: number, count: number): void {
    const vector = this.#columns[column];
    for (let i = 0; i < count; i++) vector.setItem(at + i, values[from + i]);
  }

  putTimes(column: number, at: number, times: BigInt64Array, from: number, count: number): void {
    const vector = this.#columns[column];
    for (let i = 0; i < count; i++) vector.setItem(at + i, times[from + i]);
  }

  putConstant(column: number, at: number, value: number | bigint, count: number): void {
    const vector = this.#columns[column];
    for (let i = 0; i < count; i++) vector.setItem(at + i, value);
  }

  /** One row at a time, for tables of few rows; lists and text go in this way only. */
  appendRow(values: DuckDBValue[]): void {
    this.#rows.push(values);
    if (this.#rows.length === rowsAtOnce) this.#endRows();
  }

  /** Hands on what is collected, so that queries of this transaction see it. */
  flush(): void {
    if (this.#used > 0) this.#end();
    if (this.#rows.length > 0) this.#endRows();
    this.#appender.flushSync();
  }

  close(): void {
    this.flush();
    this.#appender.closeSync();
  }

  /** Lets go of everything not handed on, after an error. */
  discard(): void {
    this.#used = 0;
    this.#rows = [];
    this.#appender.clear();
    this.#appender.closeSync();
  }

  /** Vectors are used again: their arrays outside the heap are what costs most. Only one with NULLs is exchanged, to get rid of them. */
  #end(): void {
    for (const column of this.#columns) column.flush();
    this.#chunk.rowCount = this.#used;
    this.#appender.appendDataChunk(this.#chunk);
    this.#collected += this.#used * this.#columns.length;
    if (this.#collected >= valuesCollected) {
      this.#appender.flushSync();
      this.#collected = 0;
    }
    this.#chunk.reset();
    this.#chunk.rowCount = chunkRows;
    for (const column of this.#withNull) this.#columns[column] = this.#chunk.getColumnVector(column);
    this.#withNull.clear();
    this.#used = 0;
  }

  #endRows(): void {
    const chunk = DuckDBDataChunk.create(this.#types);
    chunk.setRows(this.#rows);
    this.#rows = [];
    this.#appender.appendDataChunk(chunk);
  }
}

/** Reads a column of doubles; NULL comes out as NaN. */
export function takeDoubles(column: DuckDBVector, out: Float64Array, at: number, stride = 1): void {
  const doubles = column as DuckDBDoubleVector;
  for (let i = 0, p = at; i < doubles.itemCount; i++, p += stride) out[p] = doubles.getItem(i) ?? Number.NaN;
}

export function takeNumbers(column: DuckDBVector, out: { [index: number]: number }, at: number): void {
  for (let i = 0; i < column.itemCount; i++) out[at + i] = column.getItem(i) as number;
}

export function takeTimes(column: DuckDBVector, out: BigInt64Array, at: number): void {
  for (let i = 0; i < column.itemCount; i++) out[at + i] = column.getItem(i) as bigint;
}

/** The chunks of a query, one at a time: nothing larger is held. */
export async function* chunksOf(connection: DuckDBConnection, sql: string, values: DuckDBValue[] = []): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.stream(sql, values);
  for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) yield chunk;
}

/** All rows of a small result. */
export async function rowsOfQuery(connection: DuckDBConnection, sql: string, values: DuckDBValue[] = []): Promise<DuckDBValue[][]> {
  return (await connection.runAndReadAll(sql, values)).getRows();
}
