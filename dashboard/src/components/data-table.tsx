import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { useParam } from '../router.ts';
import { Button } from './button.tsx';
import { ColumnChooser } from './column-chooser.tsx';
import { Input } from './field.tsx';
import { Icon } from './icon.tsx';
import { filterRows, type Column as Sortable, sortRows } from './table-rows.ts';

export interface Column<Row> extends Sortable<Row> {
  /** How it is shown; without it, its value. */
  readonly show?: (row: Row) => ComponentChildren;
  readonly align?: 'left' | 'right';
  /** Not shown until chosen. */
  readonly extra?: boolean;
}

interface DataTableProps<Row> {
  /** What the table is, for screen readers; also of its settings in the address when there are several on a view. */
  readonly label: string;
  readonly name?: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  /** Pixels at most; the rest is scrolled to. */
  readonly height?: number;
  /** Sorted by it at first, `-id` descending. */
  readonly sort?: string;
  readonly onOpen?: (row: Row) => void;
  /** Shown when there are no rows at all. */
  readonly empty?: ComponentChildren;
  /** Beside filter and columns, e.g. a download. */
  readonly actions?: ComponentChildren;
  /** Field that filters and button that chooses columns; false for small tables. */
  readonly tools?: boolean;
}

const rowHeight = 34;
/** Rows drawn above and below those in view. */
const beyond = 8;

/**
 * A table of any length: only rows in view are drawn. Sort, filter and columns are kept in the address. Keys, once it has the
 * focus: up, down, page up, page down, Home and End move; Enter opens. For screen readers the first column should link to what
 * `onOpen` opens.
 */
export function DataTable<Row>({
  label,
  name = '',
  columns,
  rows,
  rowKey,
  height = 520,
  sort: firstSort = '',
  onOpen,
  empty,
  actions,
  tools = true,
}: DataTableProps<Row>) {
  const usual = useMemo(() => columns.filter(({ extra }) => extra !== true).map(({ id }) => id), [columns]);
  const [sort, setSort] = useParam(`${name}sort`, firstSort);
  const [filter, setFilter] = useParam(`${name}filter`, '');
  const [visible, setVisible] = useParam<readonly string[]>(`${name}columns`, usual);
  const [choosing, setChoosing] = useState(false);
  const shown = useMemo(() => columns.filter(({ id }) => visible.includes(id)), [columns, visible.join()]);
  const found = useMemo(() => sortRows(filterRows(rows, shown, filter), columns, sort), [rows, columns, shown, filter, sort]);

  // Rows may come all the time; the example stays.
  const example = useMemo(() => exampleOf(shown, rows[0]), [shown, rows.length === 0]);

  if (rows.length === 0 && empty !== undefined) return <>{empty}</>;
  return (
    <div class="stack">
      {tools ? (
        <div class="table-tools">
          <Input label="Filter" type="search" filter value={filter} onInput={setFilter} placeholder={`Words${example}`} />
          <Button icon="columns" onClick={() => setChoosing(true)}>
            Columns
          </Button>
          {actions}
          <span class="table-count hint" role="status">
            {found.length === rows.length
              ? `${rows.length.toLocaleString('en')} rows`
              : `${found.length.toLocaleString('en')} of ${rows.length.toLocaleString('en')} rows`}
          </span>
        </div>
      ) : null}
      <Rows label={label} columns={shown} rows={found} rowKey={rowKey} height={height} sort={sort} onSort={setSort} onOpen={onOpen} />
      <ColumnChooser columns={columns} visible={visible} usual={usual} onChange={setVisible} open={choosing} onClose={() => setChoosing(false)} />
    </div>
  );
}

interface RowsProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  readonly height: number;
  readonly sort: string;
  readonly onSort: (sort: string) => void;
  readonly onOpen: ((row: Row) => void) | undefined;
}

function Rows<Row>({ label, columns, rows, rowKey, height, sort, onSort, onOpen }: RowsProps<Row>) {
  const scroller = useRef<HTMLElement>(null);
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(-1);
  const first = Math.max(0, Math.min(rows.length - 1, Math.floor(top / rowHeight)) - beyond);
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + beyond);

  const move = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setActive(next);
    const element = scroller.current!;
    const view = element.clientHeight - rowHeight;
    if (next * rowHeight < element.scrollTop) element.scrollTop = next * rowHeight;
    else if ((next + 1) * rowHeight > element.scrollTop + view) element.scrollTop = (next + 1) * rowHeight - view;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== scroller.current) return;
    const page = Math.floor(height / rowHeight) - 2;
    const steps: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) move(to);
    else if (event.key === 'Enter' && onOpen !== undefined && rows[active] !== undefined) onOpen(rows[active]);
    else return;
    event.preventDefault();
  };
  return (
    <section
      ref={scroller}
      class="table-scroll"
      style={{ maxHeight: `${height}px` }}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached and scrolled by keys
      tabIndex={0}
      aria-label={label}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
    >
      <table class="table" aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.id} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <Gap rows={first} columns={columns.length} />
        <tbody>
          {rows.slice(first, last).map((row, offset) => {
            const index = first + offset;
            return (
              <tr
                key={rowKey(row)}
                aria-rowindex={index + 2}
                data-active={index === active ? '' : undefined}
                data-opens={onOpen === undefined ? undefined : ''}
                onClick={(event) => {
                  setActive(index);
                  if (!(event.target as Element).closest('a, button')) onOpen?.(row);
                }}
              >
                {columns.map((column) => (
                  <td key={column.id} class={column.align === 'right' ? 'right' : undefined}>
                    {cell(column, row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
        <Gap rows={rows.length - last} columns={columns.length} />
      </table>
      {rows.length === 0 ? <p class="state">No row passes the filter.</p> : null}
    </section>
  );
}

function Head<Row>({ column: { id, title, unit, align }, sort, onSort }: { column: Column<Row>; sort: string; onSort: (sort: string) => void }) {
  const order = sort === id ? 'ascending' : sort === `-${id}` ? 'descending' : 'none';
  return (
    <th scope="col" aria-sort={order}>
      <button type="button" class={align === 'right' ? 'right' : undefined} onClick={() => onSort(order === 'ascending' ? `-${id}` : id)}>
        {title}
        {unit == null ? null : <span class="unit">{unit}</span>}
        {order === 'none' ? null : <Icon name={order === 'ascending' ? 'up' : 'down'} size={12} />}
      </button>
    </th>
  );
}

function cell<Row>(column: Column<Row>, row: Row): ComponentChildren {
  if (column.show !== undefined) return column.show(row);
  const value = column.value(row);
  return value ?? <span class="nothing">–</span>;
}

/** As high as the rows that are not drawn. */
function Gap({ rows, columns }: { rows: number; columns: number }) {
  if (rows <= 0) return null;
  return (
    <tbody class="gap" aria-hidden="true">
      <tr>
        <td colSpan={columns} style={{ height: `${rows * rowHeight}px` }} />
      </tr>
    </tbody>
  );
}

/** A comparison that can be made here, with the first row's value of the last column of numbers. */
function exampleOf<Row>(columns: readonly Column<Row>[], row: Row | undefined): string {
  if (row === undefined) return '';
  const numbers = columns.filter(({ title, value }) => !title.includes(' ') && typeof value(row) === 'number');
  const column = numbers.at(-1);
  return column === undefined ? '' : `, or ${column.title}>${Number(Number(column.value(row)).toPrecision(3))}`;
}
