import { useEffect, useMemo, useState } from 'preact/hooks';
import { lowerBound } from '../../charts/align.ts';
import { numberText } from '../../charts/number-text.ts';
import { Card } from '../../components/card.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { EmptyState } from '../../components/states.tsx';
import { StatusMark, statusOf } from '../../components/status-mark.tsx';
import type { Tag } from '../../components/tag-groups.ts';
import { formatClock, formatDay, zone, zoneLabel } from '../../time.ts';
import type { LiveModel } from './live-model.ts';

/** Milliseconds between two looks while rows come: the table is to be read. */
const every = 1000;
/** Rows at most, the newest in sight. */
const most = 10_000;

interface Row {
  readonly time: number;
  readonly values: readonly number[];
  readonly score: number;
  readonly status: number;
}

/** The newest rows in sight first: time, chosen tags, and what the first chosen detector said. */
function rowsInSight(model: LiveModel, tags: readonly Tag[], detector: string | null): Row[] {
  const range = model.range();
  if (range === null) return [];
  const { rows } = model;
  const { times } = rows;
  const columns = tags.map(({ name }) => rows.tag(name).value);
  const verdicts = detector === null ? null : rows.verdicts(detector);
  const first = lowerBound(times, range.from);
  const found: Row[] = [];
  for (let row = lowerBound(times, range.to + 1e-3) - 1; row >= first && found.length < most; row--) {
    const time = times[row];
    let score = Number.NaN;
    let status = 2;
    if (verdicts !== null) {
      const at = lowerBound(verdicts.times, time);
      if (verdicts.times[at] === time) {
        score = verdicts.score[at];
        status = verdicts.status[at];
      }
    }
    found.push({ time, values: columns.map((column) => column[row]), score, status });
  }
  return found;
}

export function LiveTable({ model, tags, detector }: { model: LiveModel; tags: readonly Tag[]; detector: string | null }) {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const key = tags.map(({ name }) => name).join();
  const view = model.view.value;
  useEffect(() => {
    const look = () => setRows(rowsInSight(model, tags, detector));
    look();
    if (document.hidden) return;
    const timer = setInterval(look, every);
    return () => clearInterval(timer);
  }, [model, key, detector, view?.from, view?.to]);

  const at = rows[0]?.time ?? 0;
  const columns = useMemo((): Column<Row>[] => {
    const number = (id: string, title: string, unit: string | null, of: (row: Row) => number): Column<Row> => ({
      id,
      title,
      unit,
      align: 'right',
      value: (row) => (Number.isNaN(of(row)) ? null : of(row)),
      show: (row) => numberText(of(row)),
    });
    return [
      {
        id: 'time',
        title: `Time · ${zoneLabel(at, zone.value)}`,
        value: ({ time }) => time,
        show: ({ time }) => `${formatDay(time)} ${formatClock(time, zone.value, { milliseconds: time % 1000 !== 0 })}`,
      },
      ...tags.map(({ name, unit }, index) => number(name, name, unit, ({ values }) => values[index])),
      ...(detector === null
        ? []
        : [
            number('score', `Score of ${detector}`, null, ({ score }) => score),
            {
              id: 'status',
              title: 'Verdict',
              value: ({ status }: Row) => statusOf(status),
              show: ({ status }: Row) => <StatusMark status={statusOf(status)} label={true} size={13} />,
            },
          ]),
    ];
  }, [key, detector, zone.value, at === 0]);
  return (
    <Card title="Rows in sight" hint={model.rows.folded ? 'Where a point stands for many rows, their mean is shown.' : undefined}>
      <DataTable
        label="Rows in sight, the newest first"
        name="rows."
        columns={columns}
        rows={rows}
        rowKey={({ time }) => time}
        height={420}
        empty={<EmptyState title="No rows in this stretch of time" icon="data" />}
      />
    </Card>
  );
}
