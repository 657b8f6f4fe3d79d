import { useEffect, useState } from 'preact/hooks';
import type { ApiIncident } from '../../../../serve/api.ts';
import { getScores, getSeries } from '../../api.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartRegion, TimeRange } from '../../charts/types.ts';
import { ErrorState, Skeleton } from '../../components/states.tsx';
import { streams } from '../../plant.ts';
import { useResource } from '../../resource.ts';
import { iso, zone } from '../../time.ts';
import { spanOf } from './lanes.ts';

/** Tags drawn: those that carry most of the peak. */
const tagCount = 4;
/** Time shown before and after, as a share of the incident's length; ms at least and at most. */
const around = { share: 0.6, least: 60_000, most: 3_600_000 };

/** The stretch of time that an incident is shown in. */
export function windowOf(incident: ApiIncident, now: number): TimeRange {
  const { from, to } = spanOf(incident, now);
  const pad = Math.min(around.most, Math.max(around.least, (to - from) * around.share));
  return { from: from - pad, to: incident.open ? to : to + pad };
}

/** The score that made the incident and the tags behind it, before, during and after it. */
export function IncidentCharts({ incident, now }: { incident: ApiIncident; now: number }) {
  const { id, stream, detector, open } = incident;
  const whole = windowOf(incident, now);
  const [range, setRange] = useState<TimeRange | undefined>();
  useEffect(() => setRange(undefined), [id]);
  const shown = range ?? whole;
  const tags = incident.tags.slice(0, tagCount).map(({ tag }) => tag);
  // While it is open it is asked for again every ten seconds of event time; in between, nothing moves.
  const query = { from: iso(shown.from), to: iso(shown.to + 1) };
  const key = `${id} ${range === undefined ? Math.floor(whole.to / 10_000) : `${query.from} ${query.to}`}`;
  const series = useResource(tags.length === 0 ? null : `series ${key} ${tags}`, (abort) => getSeries(stream, { ...query, tags, points: 1500 }, abort));
  const scores = useResource(`scores ${key}`, (abort) => getScores(stream, { ...query, detectors: [detector], points: 1500 }, abort));
  const units = new Map(streams.value?.find((one) => one.stream === stream)?.tags.map((tag) => [tag.name, tag]));

  const error = scores.error ?? series.error;
  if (error !== undefined && scores.data === undefined) return <ErrorState error={error} retry={scores.error ? scores.reload : series.reload} />;
  if (scores.data === undefined) return <Skeleton height={420} />;

  const { from, to } = spanOf(incident, now);
  const region: ChartRegion = { id, from, to: open ? null : to, label: 'This incident', tone: incident.peak.grade >= 1 ? 'error' : 'warn' };
  const shared = {
    zone: zone.value,
    range: shown,
    regions: [region],
    group: `incident ${id}`,
    onRange: setRange,
    onReset: () => setRange(undefined),
  };
  const [score] = scores.data.detectors;
  const steps = (level: 'warn' | 'error') =>
    scores.data!.thresholds.filter((one) => one.detector === detector).map((one) => ({ time: Date.parse(one.time), value: one[level] }));
  return (
    <div class="incident-charts">
      <TimeChart
        {...shared}
        title={`Score of ${detector}`}
        quietTitle
        height={tags.length === 0 ? 220 : 150}
        timeAxis={tags.length === 0}
        loading={scores.reloading}
        series={score === undefined ? [] : [{ name: `Score of ${detector}`, times: score.times, values: score.score, status: score.status }]}
        levels={[
          { label: 'Warning', tone: 'warn', steps: steps('warn') },
          { label: 'Error', tone: 'error', steps: steps('error') },
        ]}
      />
      {tags.map((tag, place) => {
        const found = series.data?.tags.find((one) => one.tag === tag);
        const known = units.get(tag);
        return (
          <TimeChart
            {...shared}
            regions={[{ ...region, label: '' }]}
            key={tag}
            title={`Readings of ${tag}`}
            quietTitle
            height={place === tags.length - 1 ? 150 : 110}
            timeAxis={place === tags.length - 1}
            loading={series.reloading}
            series={
              found === undefined || series.data === undefined
                ? []
                : [
                    {
                      name: tag,
                      times: series.data.times,
                      values: found.value,
                      min: found.min,
                      max: found.max,
                      unit: known?.unit,
                      step: known?.kind === 'discrete',
                      color: place + 1,
                    },
                  ]
            }
            empty={series.error === undefined ? 'No rows in this stretch of time.' : series.error.message}
          />
        );
      })}
    </div>
  );
}
