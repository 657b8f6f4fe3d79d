import { StatusStrip } from '../../charts/status-strip.tsx';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartRegion, ChartSeries } from '../../charts/types.ts';
import { Card } from '../../components/card.tsx';
import { ScoreScale } from '../../components/score-scale.tsx';
import { EmptyState } from '../../components/states.tsx';
import { status } from '../../live-feed.ts';
import { streamName } from '../../plant.ts';
import { useParam } from '../../router.ts';
import { scoreLevels, usualLevels } from '../../score-levels.ts';
import { zone } from '../../time.ts';
import type { LiveModel } from './live-model.ts';
import { cursorGroup } from './tag-charts.tsx';

interface ScoreChartsProps {
  readonly model: LiveModel;
  /** Of each detector. */
  readonly regions: ReadonlyMap<string, readonly ChartRegion[]>;
  /** Of all of them. */
  readonly joined: readonly ChartRegion[];
  readonly detectors: readonly string[];
}

/** What the chosen detectors say of the rows: scores with their levels, and below them the verdicts. */
export function ScoreCharts({ model, regions, joined, detectors }: ScoreChartsProps) {
  const [scale, setScale] = useParam('scale', 'score');
  const { rows, history } = model;
  const warmUp = status.value?.streams.find((one) => one.stream === streamName.value)?.warmUp;
  const learns = warmUp !== undefined && warmUp.stage !== 'ready';
  const empty = learns
    ? `Still learning: ${warmUp.have.toLocaleString('en')} of ${warmUp.need.toLocaleString('en')} rows.`
    : 'No verdicts in this stretch of time.';
  const series = (detector: string, index: number): ChartSeries => {
    const { times, score, grade, status } = rows.verdicts(detector);
    return { name: detector, times, values: scale === 'grade' ? grade : score, status, color: index };
  };
  const common = {
    range: model.range() ?? undefined,
    zone: zone.value,
    group: cursorGroup,
    onRange: (range: { from: number; to: number }) => model.look(range),
    onReset: () => model.follow(),
  };
  const scales = <ScoreScale value={scale} onChange={setScale} />;
  if (detectors.length === 0) {
    return (
      <Card title="Scores">
        <EmptyState title="No detector is chosen" icon="compare">
          Choose one above to see its scores and levels.
        </EmptyState>
      </Card>
    );
  }
  return (
    <Card title="Scores" actions={scales}>
      <div class="live-charts">
        {scale === 'grade' ? (
          <TimeChart
            title="Grades"
            quietTitle
            {...common}
            series={detectors.map(series)}
            regions={joined}
            levels={usualLevels}
            height={190}
            timeAxis={false}
            empty={empty}
          />
        ) : (
          detectors.map((detector, index) => (
            <TimeChart
              key={detector}
              title={`Score of ${detector}`}
              quietTitle
              {...common}
              series={[series(detector, index)]}
              regions={regions.get(detector) ?? []}
              levels={scoreLevels(history.levels, detector)}
              log={scale === 'log'}
              height={detectors.length === 1 ? 170 : 120}
              timeAxis={false}
              empty={empty}
            />
          ))
        )}
        <StatusStrip
          title="Verdicts"
          quietTitle
          lanes={detectors.map((detector) => ({ name: detector, ...rows.verdicts(detector) }))}
          range={common.range ?? { from: 0, to: 1 }}
          zone={zone.value}
          group={cursorGroup}
          onRange={common.onRange}
          onReset={common.onReset}
        />
      </div>
    </Card>
  );
}
