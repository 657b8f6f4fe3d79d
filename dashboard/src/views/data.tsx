import './data.css';
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Toggle } from '../components/field.tsx';
import { PageHead } from '../components/page-head.tsx';
import { RangePicker } from '../components/range-picker.tsx';
import { Segments } from '../components/segments.tsx';
import { EmptyState } from '../components/states.tsx';
import { useShortcut } from '../keyboard.ts';
import { useNewest } from '../newest.ts';
import { stream, streamName } from '../plant.ts';
import { useRange } from '../range.ts';
import { useParam } from '../router.ts';
import { RowTable } from './data/row-table.tsx';
import { StatisticsTable } from './data/statistics-table.tsx';
import { TagDistribution } from './data/tag-distribution.tsx';
import { TagSeries } from './data/tag-series.tsx';

/** Time between two requests while the newest rows are followed, ms. */
const followEvery = 5_000;

const parts = [
  { value: 'rows', label: 'Rows' },
  { value: 'statistics', label: 'Statistics' },
  { value: 'distribution', label: 'Distribution' },
  { value: 'series', label: 'Time series' },
];

/** The readings themselves, as a table, in figures, by how often they occur, and over time. */
export default function Data() {
  const { range, query, setRange } = useRange('15m');
  const { first, newest } = useNewest();
  const [show, setShow] = useParam('show', 'rows');
  const [follow, setFollow] = useParam('follow', false);
  const [times, setTimes] = useState(0);
  const ends = range.to !== '';
  useEffect(() => {
    if (!follow || ends) return;
    const timer = setInterval(() => setTimes((count) => count + 1), followEvery);
    return () => clearInterval(timer);
  }, [follow, ends]);
  const reload = () => setTimes((count) => count + 1);
  useShortcut('r', 'Ask for the rows again', reload);

  const rangeKey = `${range.last} ${range.from} ${range.to} ${times}`;
  const shown = { range: query, rangeKey };
  return (
    <div class="view">
      <PageHead
        title="Data"
        hint="The readings as they are stored."
        actions={<RangePicker range={range} onChange={setRange} first={first} newest={newest} />}
      />
      <div class="row spread">
        <Segments label="Show" value={show} options={parts} onChange={setShow} />
        <div class="row">
          <Toggle label="Follow the newest rows" on={follow && !ends} disabled={ends} onChange={setFollow} />
          <Button icon="reload" label="Ask for the rows again (r)" onClick={reload} />
        </div>
      </div>
      {stream.value === null || stream.value.rows === 0 ? (
        <div class="card">
          <EmptyState title={`No rows of ${streamName.value || 'any stream'} yet`} icon="data">
            They appear here once the pipeline has stored the first.
          </EmptyState>
        </div>
      ) : show === 'statistics' ? (
        <StatisticsTable {...shown} />
      ) : show === 'distribution' ? (
        <TagDistribution {...shown} />
      ) : show === 'series' ? (
        <TagSeries {...shown} />
      ) : (
        <RowTable {...shown} />
      )}
    </div>
  );
}
