import { useMemo } from 'preact/hooks';
import type { Agreement, ApiIncident } from '../../../../serve/api.ts';
import { Card } from '../../components/card.tsx';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { pipeline } from '../../plant.ts';
import { currentRangeParams } from '../../range.ts';
import { hrefTo } from '../../router.ts';

interface Figures {
  readonly detector: string;
  readonly type: string;
  readonly flagged: number;
  readonly share: number | null;
  readonly incidents: number;
  readonly right: number;
  readonly wrong: number;
}

/** What each detector did in the range, in figures, and what people said of its incidents. */
export function DetectorTable({ agreement, incidents, more }: { agreement: Agreement; incidents: readonly ApiIncident[]; more: boolean }) {
  const types = new Map(pipeline.value?.detectors.map(({ name, type }) => [name, type]));
  const rows = useMemo(
    () =>
      agreement.detectors.map((detector, index): Figures => {
        const own = incidents.filter((incident) => incident.detector === detector);
        const flagged = agreement.flagged[index] ?? 0;
        return {
          detector,
          type: types.get(detector) ?? '',
          flagged,
          share: agreement.rows === 0 ? null : flagged / agreement.rows,
          incidents: own.length,
          right: own.filter(({ mark }) => mark?.alarm === 'true').length,
          wrong: own.filter(({ mark }) => mark?.alarm === 'false').length,
        };
      }),
    [agreement, incidents],
  );
  const count = (id: string, title: string, of: (row: Figures) => number): Column<Figures> => ({
    id,
    title,
    align: 'right',
    value: of,
    show: (row) => of(row).toLocaleString('en'),
  });
  const columns: Column<Figures>[] = [
    {
      id: 'detector',
      title: 'Detector',
      value: ({ detector }) => detector,
      show: ({ detector }) => <a href={hrefTo('/incidents', { ...currentRangeParams(), detector })}>{detector}</a>,
    },
    { id: 'type', title: 'Method', value: ({ type }) => type },
    count('flagged', 'Flagged rows', ({ flagged }) => flagged),
    { id: 'share', title: 'Share', align: 'right', value: ({ share }) => share, show: ({ share }) => (share === null ? '–' : `${(share * 100).toFixed(2)} %`) },
    count('incidents', 'Incidents', (row) => row.incidents),
    count('right', 'Marked true', ({ right }) => right),
    count('wrong', 'Marked false', ({ wrong }) => wrong),
    count('open', 'Not marked', (row) => row.incidents - row.right - row.wrong),
  ];
  const hint = `Of ${agreement.rows.toLocaleString('en')} rows.${more ? ' There are more incidents than could be asked for: only the newest are counted.' : ''}`;
  return (
    <Card title="In figures" hint={hint}>
      <DataTable label="Detectors in figures" name="figures." columns={columns} rows={rows} rowKey={({ detector }) => detector} tools={false} />
    </Card>
  );
}
