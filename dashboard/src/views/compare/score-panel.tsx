import type { Scores } from '../../../../serve/api.ts';
import { StatusStrip } from '../../charts/status-strip.tsx';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartRegion, TimeRange } from '../../charts/types.ts';
import { Card } from '../../components/card.tsx';
import { ScoreScale } from '../../components/score-scale.tsx';
import { useParam } from '../../router.ts';
import { scoreLevels, usualLevels } from '../../score-levels.ts';
import { formatDuration, zone } from '../../time.ts';

interface ScorePanelProps {
  readonly scores: Scores;
  readonly detectors: readonly string[];
  readonly regions: ReadonlyMap<string, readonly ChartRegion[]>;
  readonly range: TimeRange;
  readonly loading: boolean;
  readonly onRange: (range: TimeRange) => void;
  readonly onReset: () => void;
}

const group = 'compare';

/** The verdicts of all, strip by strip, and the score of each with its levels, on a common axis of time. */
export function ScorePanel({ scores, detectors, regions, range, loading, onRange, onReset }: ScorePanelProps) {
  const [scale, setScale] = useParam('scale', 'score');
  const common = { range, zone: zone.value, group, onRange, onReset };
  const each = detectors.flatMap((name) => scores.detectors.filter(({ detector }) => detector === name));
  const folded = scores.level === 0 ? undefined : `Each point is the worst of ${formatDuration(scores.level)}; a shorter range shows every row.`;
  return (
    <>
      <Card title="Verdicts" hint={folded}>
        <StatusStrip
          title="Verdicts of each detector"
          quietTitle
          {...common}
          loading={loading}
          lanes={each.map(({ detector, times, status }) => ({ name: detector, times, status, regions: regions.get(detector) ?? [] }))}
        />
      </Card>
      <Card title="Scores" actions={<ScoreScale value={scale} onChange={setScale} />}>
        <div class="compare-charts">
          {each.map(({ detector, times, score, grade, status }, index) => (
            <TimeChart
              key={detector}
              title={`${scale === 'grade' ? 'Grade' : 'Score'} of ${detector}`}
              quietTitle
              {...common}
              series={[{ name: detector, times, values: scale === 'grade' ? grade : score, status, color: index }]}
              levels={scale === 'grade' ? usualLevels : scoreLevels(scores.thresholds, detector)}
              regions={regions.get(detector) ?? []}
              log={scale === 'log'}
              height={index === each.length - 1 ? 140 : 108}
              timeAxis={index === each.length - 1}
              empty="No verdicts in this stretch of time."
            />
          ))}
        </div>
      </Card>
    </>
  );
}
