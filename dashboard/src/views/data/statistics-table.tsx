import { useMemo } from 'preact/hooks';
import type { ApiTagStatistics } from '../../../../serve/api.ts';
import { getStatistics, type RangeQuery } from '../../api.ts';
import { numberText } from '../../charts/number-text.ts';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState, Loaded, Skeleton } from '../../components/states.tsx';
import { formatCount } from '../../numbers.ts';
import { stream, streamName } from '../../plant.ts';
import { useResource } from '../../resource.ts';
import { setParams } from '../../router.ts';

interface TagRow extends ApiTagStatistics {
  readonly stage: string | null;
  readonly unit: string | null;
  readonly description: string | null;
}

const figure = (id: 'min' | 'max' | 'mean' | 'deviation', title: string): Column<TagRow> => ({
  id,
  title,
  align: 'right',
  value: (row) => row[id],
  show: (row) => numberText(row[id]),
});
const count = (id: 'count' | 'missing', title: string): Column<TagRow> => ({
  id,
  title,
  align: 'right',
  value: (row) => row[id],
  show: (row) => formatCount(row[id]),
});

const columns: readonly Column<TagRow>[] = [
  { id: 'tag', title: 'Tag', value: ({ tag }) => tag },
  { id: 'stage', title: 'Stage', value: ({ stage }) => stage },
  { id: 'description', title: 'Description', value: ({ description }) => description, extra: true },
  { id: 'unit', title: 'Unit', value: ({ unit }) => unit },
  count('count', 'Count'),
  count('missing', 'Missing'),
  figure('min', 'Min'),
  figure('max', 'Max'),
  figure('mean', 'Mean'),
  figure('deviation', 'Deviation'),
];

/** What each tag's readings were like in a range; a row opens the tag's distribution. */
export function StatisticsTable({ range, rangeKey }: { range: RangeQuery; rangeKey: string }) {
  const name = streamName.value;
  const tags = stream.value?.tags;
  const resource = useResource(name === '' ? null : `statistics ${name} ${rangeKey}`, (abort) => getStatistics(name, range, abort));
  const rows = useMemo(() => {
    const known = new Map(tags?.map((tag) => [tag.name, tag]));
    return (resource.data ?? []).map((one): TagRow => {
      const { stage = null, unit = null, description = null } = known.get(one.tag) ?? {};
      return { ...one, stage, unit, description };
    });
  }, [resource.data, tags]);
  return (
    <Loaded resource={resource} skeleton={<Skeleton height={520} />}>
      {() => (
        <div class="card rows-card" aria-busy={resource.reloading}>
          <DataTable
            label="Statistics"
            name="statistics-"
            columns={columns}
            rows={rows}
            rowKey={({ tag }) => tag}
            height={640}
            onOpen={({ tag }) => setParams({ show: ['distribution', 'rows'], tag: [tag, ''] })}
            empty={<EmptyState title="No tags in this stream" icon="data" />}
          />
          <p class="hint">The deviation is that of a sample. A row opens the distribution of its tag.</p>
        </div>
      )}
    </Loaded>
  );
}
