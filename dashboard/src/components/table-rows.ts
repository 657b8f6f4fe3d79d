export type Cell = string | number | null;

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly unit?: string | null;
  /** What is sorted and filtered by. */
  readonly value: (row: Row) => Cell;
}

/** Rows whose visible columns pass every term of a filter: words (in any column), or comparisons such as `LIT101>500` or `detector=var`. */
export function filterRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], filter: string): readonly Row[] {
  const tests = terms(filter).map((term) => comparison(term, columns) ?? contains(term, columns));
  return tests.length === 0 ? rows : rows.filter((row) => tests.every((test) => test(row)));
}

/** Words, or several between double quotes. */
function terms(filter: string): string[] {
  return [...filter.matchAll(/([^\s"]*)"([^"]*)"|\S+/g)]
    .map(([whole, before, quoted]) => (quoted === undefined ? whole : before! + quoted))
    .filter((term) => term !== '');
}

function contains<Row>(term: string, columns: readonly Column<Row>[]): (row: Row) => boolean {
  const wanted = term.toLowerCase();
  return (row) => columns.some(({ value }) => value(row)?.toString().toLowerCase().includes(wanted));
}

const operators: Record<string, (order: number) => boolean> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
};

function comparison<Row>(term: string, columns: readonly Column<Row>[]): ((row: Row) => boolean) | undefined {
  const [, name, operator, wanted] = /^(.+?)(<=|>=|!=|<|>|=)(.*)$/.exec(term) ?? [];
  if (name === undefined) return undefined;
  const column = columns.find(({ id, title }) => id.toLowerCase() === name.toLowerCase() || title.toLowerCase() === name.toLowerCase());
  if (column === undefined) return undefined;
  const number = wanted === '' ? Number.NaN : Number(wanted);
  const holds = operators[operator!]!;
  return (row) => {
    const value = column.value(row);
    if (value === null) return false;
    if (typeof value === 'number') return !Number.isNaN(number) && holds(value - number);
    return holds(value.localeCompare(wanted!, undefined, { sensitivity: 'accent' }));
  };
}

/** Sorted by a column, `-id` descending; rows without a value come last either way. Rows that are equal keep their order. */
export function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sort: string): readonly Row[] {
  const descending = sort.startsWith('-');
  const column = columns.find(({ id }) => id === (descending ? sort.slice(1) : sort));
  if (column === undefined) return rows;
  const direction = descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: column.value(row) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    return direction * compare(a.key, b.key);
  });
  return keyed.map(({ row }) => row);
}

const text = new Intl.Collator('en', { numeric: true });

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : text.compare(String(a), String(b));
}
