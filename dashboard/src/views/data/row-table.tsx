import { useMemo } from 'preact/hooks';
import type { Rows } from '../../../../serve/api.ts';
import { csvUrl, getRows, getStatistics, type RangeQuery } from '../../api.ts';
import { numberText } from '../../charts/number-text.ts';
import { ButtonLink } from '../../components/button.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { Select } from '../../components/field.tsx';
import { EmptyState, Loaded, Skeleton } from '../../components/states.tsx';
import { StatusMark, statusOf } from '../../components/status-mark.tsx';
import { Time } from '../../components/time.tsx';
import { formatBytes, formatCount } from '../../numbers.ts';
import { stream, streamName } from '../../plant.ts';
import { useResource } from '../../resource.ts';
import { useParam } from '../../router.ts';
import { zone, zoneLabel } from '../../time.ts';
import { csvSize } from './csv-size.ts';
import { useDetector } from './use-detector.tsx';

/** Tags shown before any were chosen. */
const firstTags = 8;
const limits = ['100', '1000', '5000', '10000'];
const besideTags = ['time', 'status', 'score'];

/** Rows of a range beside what a detector made of them. */
export function RowTable({ range, rangeKey }: { range: RangeQuery; rangeKey: string }) {
  const name = streamName.value;
  const tags = stream.value?.tags ?? [];
  const [limit, setLimit] = useParam('limit', '1000');
  const { detector, query: ofDetector, field } = useDetector();
  const usual = [...besideTags, ...tags.slice(0, firstTags).map((tag) => tag.name)];
  const [visible] = useParam<readonly string[]>('columns', usual);
  const shown = tags.filter((tag) => visible.includes(tag.name)).map((tag) => tag.name);
  const count = limits.includes(limit) ? Number(limit) : 1000;
  const resource = useResource(name === '' ? null : `rows ${name} ${rangeKey} ${shown} ${count} ${detector}`, (abort) =>
    getRows(name, { ...range, ...ofDetector, tags: shown, limit: count }, abort),
  );
  const first = tags[0]?.name;
  const total = useResource(first === undefined ? null : `count ${name} ${rangeKey} ${first}`, async (abort) => {
    const [one] = await getStatistics(name, { ...range, tags: [first!] }, abort);
    return one === undefined ? 0 : one.count + one.missing;
  });
  const columns = useMemo(() => (resource.data === undefined ? [] : columnsOf(resource.data, usual)), [resource.data, usual.join(), zone.value]);
  const rows = useMemo(() => Array.from({ length: resource.data?.times.length ?? 0 }, (_, row) => row), [resource.data]);

  return (
    <Loaded resource={resource} skeleton={<Skeleton height={520} />}>
      {(found) => (
        <div class="card rows-card" aria-busy={resource.reloading}>
          <DataTable
            label="Rows"
            columns={columns}
            rows={rows}
            rowKey={(row) => row}
            sort="-time"
            height={600}
            empty={
              <EmptyState title="No rows in this range" icon="data">
                Choose a longer one, or All.
              </EmptyState>
            }
            actions={
              <>
                {field}
                <Select
                  label="Newest rows"
                  value={String(count)}
                  options={limits.map((value) => ({ value, label: formatCount(Number(value)) }))}
                  onChange={setLimit}
                />
                <ButtonLink icon="download" href={csvUrl(name, { ...range, tags: shown })} download={`${name}.csv`}>
                  {csvText(found, total.data)}
                </ButtonLink>
              </>
            }
          />
          {found.more ? (
            <p class="hint">
              These are the newest {formatCount(rows.length)} rows{total.data === undefined ? '' : ` of ${formatCount(total.data)}`} in the range; sort and
              filter see only them. The download has all.
            </p>
          ) : null}
        </div>
      )}
    </Loaded>
  );
}

function csvText(rows: Rows, total: number | undefined): string {
  const size = total === undefined ? undefined : csvSize(total, rows);
  return size === undefined ? 'CSV' : `CSV · ${formatCount(total!)} rows, about ${formatBytes(size)}`;
}

const labels: Readonly<Record<number, string>> = { 0: 'normal', 1: 'attack' };
const statuses = { ok: 'ok', warning: 'warning', error: 'error', undefined: 'no verdict' } as const;

/** Columns over the indexes of rows: those of the verdict, then the tags. */
function columnsOf(rows: Rows, usual: readonly string[]): Column<number>[] {
  const places = new Map(rows.tags.map((tag, t) => [tag, t]));
  const all: Column<number>[] = [
    {
      id: 'time',
      title: 'Time',
      unit: zoneLabel(rows.times[0] ?? 0, zone.value),
      value: (row) => rows.times[row]!,
      show: (row) => <Time at={rows.times[row]!} quiet />,
    },
    {
      id: 'status',
      title: 'Status',
      value: (row) => statuses[statusOf(rows.status[row])],
      show: (row) => <StatusMark status={statusOf(rows.status[row])} label={true} />,
    },
    { id: 'score', title: 'Score', align: 'right', value: (row) => rows.score[row] ?? null, show: (row) => numberText(rows.score[row]) },
    { id: 'label', title: 'Label', value: (row) => labels[rows.labels[row]!] ?? null },
    ...(stream.value?.tags ?? []).map(({ name, unit }): Column<number> => {
      const column = rows.columns[places.get(name) ?? -1];
      return { id: name, title: name, unit, align: 'right', value: (row) => column?.[row] ?? null };
    }),
  ];
  return all.map((column) => ({ ...column, extra: !usual.includes(column.id) }));
}
