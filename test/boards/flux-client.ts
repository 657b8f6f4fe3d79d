export interface Column {
  readonly name: string;
  /** `double`, `string`, `dateTime:RFC3339`, ... */
  readonly type: string;
}

/** A table of the answer: a group of rows, or several with the same columns. */
export interface FluxTable {
  readonly columns: readonly Column[];
  /** null where the answer has no value. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** True for the first table behind a header; tables that follow without one share it. */
  readonly first: boolean;
}

export interface InfluxQuery {
  readonly url: string;
  readonly org: string;
  readonly token: string;
}

/** Longer than any board may take. */
const timeoutMs = 60_000;

/** The tables that InfluxDB answers a Flux script with. Rejects with its own words when it refuses. */
export async function queryFlux({ url, org, token }: InfluxQuery, query: string): Promise<FluxTable[]> {
  const response = await fetch(new URL(`/api/v2/query?org=${encodeURIComponent(org)}`, url), {
    method: 'POST',
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json', Accept: 'application/csv' },
    body: JSON.stringify({ query, type: 'flux', dialect: { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true } }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${messageOf(text)}`);
  return tablesOf(text);
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}

/** Reads annotated CSV (https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv). */
function tablesOf(csv: string): FluxTable[] {
  const tables: FluxTable[] = [];
  let types: readonly string[] = [];
  let defaults: readonly string[] = [];
  let columns: Column[] | undefined;
  let current: { id: string; rows: (string | null)[][] } | undefined;
  for (const cells of recordsOf(csv)) {
    if (cells.length === 1 && cells[0] === '') continue;
    if (cells[0].startsWith('#')) {
      if (cells[0] === '#datatype') types = cells;
      if (cells[0] === '#default') defaults = cells;
      columns = undefined;
    } else if (!columns) {
      if (cells.includes('error') && cells.includes('reference') && !cells.includes('table')) types = cells.map(() => 'error');
      columns = cells.slice(1).map((name, i) => ({ name, type: types[i + 1] ?? 'string' }));
      current = undefined;
    } else {
      if (types[1] === 'error') throw new Error(cells.filter((cell) => cell !== '').join(' '));
      const values = columns.map((_, i) => cells[i + 1] || defaults[i + 1] || null);
      const id = values[columns.findIndex(({ name }) => name === 'table')] ?? '';
      if (current?.id !== id) {
        const first = current === undefined;
        current = { id, rows: [] };
        tables.push({ columns, rows: current.rows, first });
      }
      current.rows.push(values);
    }
  }
  return tables;
}

/** Lines of RFC 4180, cell by cell. */
function* recordsOf(csv: string): Generator<string[]> {
  let at = 0;
  while (at < csv.length) {
    const cells: string[] = [];
    for (;;) {
      let cell = '';
      if (csv[at] === '"') {
        for (at++; ; at++) {
          const end = csv.indexOf('"', at);
          if (end < 0) throw new Error('the answer ends within quotes');
          cell += csv.slice(at, end);
          at = end + 1;
          if (csv[at] !== '"') break;
          cell += '"';
        }
      } else {
        let end = at;
        while (end < csv.length && csv[end] !== ',' && csv[end] !== '\n') end++;
        cell = csv.slice(at, end);
        at = end;
      }
      cells.push(cell);
      if (csv[at] !== ',') break;
      at++;
    }
    if (csv[at] === '\r') at++;
    if (csv[at] === '\n') at++;
    const last = cells.length - 1;
    cells[last] = cells[last].replace(/\r$/, '');
    yield cells;
  }
}
