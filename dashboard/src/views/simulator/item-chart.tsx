import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { getIncidents, getScores, getSeries, getStreams } from '../../api.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartRegion } from '../../charts/types.ts';
import { Meter } from '../../components/meter.tsx';
import { Skeleton } from '../../components/states.tsx';
import { status, useIncidentChanges, useLive } from '../../live-feed.ts';
import { formatCount } from '../../numbers.ts';
import { pipeline } from '../../plant.ts';
import { useResource } from '../../resource.ts';
import { iso, zone } from '../../time.ts';
import { LoadedRows } from '../live/loaded-rows.ts';

/** Time that is shown, ms. At the highest rate, no more rows than are asked for at once. */
const span = 45_000;
const most = 5_000;
const tag = 'value';
/** Rows come here as they are judged; so much later at most, ms, they can be asked for. */
const stored = 3_000;
/** The first rows of a new item are on their way, and a request may fail: it is asked for again after this time, ms. */
const again = 1_000;
/** So often at most for levels: not every detector has some. */
const patience = 20;

/** An item's last values as they come, and the scores below. */
export function ItemChart({ item }: { item: string }) {
  const detector = pipeline.value?.lead ?? '';
  const rows = useMemo(() => new LoadedRows([tag], [detector], 2 * most), [item, detector]);
  const [, setDrawn] = useState(0);
  const draw = () => setDrawn((count) => count + 1);
  const [attempt, setAttempt] = useState(0);
  const filling = useRef(false);

  const warmUp = status.value?.streams.find(({ stream }) => stream === item)?.warmUp;
  const learning = warmUp !== undefined && warmUp.stage !== 'ready' ? warmUp : undefined;
  // Levels come when it has learnt.
  const first = useResource(`tail ${item} ${detector} ${attempt} ${learning === undefined}`, async (abort) => {
    const streams = await getStreams(abort);
    if (!streams.some(({ stream, detectors }) => stream === item && detectors.includes(detector))) return null;
    const last = `${span}ms`;
    const [series, scores] = await Promise.all([
      getSeries(item, { last, tags: [tag], points: most }, abort),
      getScores(item, { last, detectors: [detector], points: most }, abort),
    ]);
    const newest = series.times.at(-1);
    if (newest !== undefined) rows.takeHistory(newest - span, newest, series, scores);
    return scores.thresholds;
  });
  const thresholds = first.data ?? undefined;
  const regions = useRegions(item, detector, thresholds !== undefined);
  // What is ready has levels, which are stored a little later.
  const lacksLevels = learning === undefined && thresholds?.length === 0 && attempt < patience;
  const waits = !first.reloading && (first.error !== undefined || first.data === null || lacksLevels);
  useEffect(() => {
    if (!waits) return;
    const timer = setTimeout(() => setAttempt((count) => count + 1), again);
    return () => clearTimeout(timer);
  }, [waits, attempt]);

  /** Rows that the feed did not bring, e.g. those between the first answer and its first frame. */
  const fill = async () => {
    const newest = rows.newest ?? 0;
    const [hole] = rows.coverage.missing(newest - span, newest - stored, 0);
    if (hole === undefined || filling.current) return;
    filling.current = true;
    const range = { from: iso(Math.floor(hole.from)), to: iso(Math.ceil(hole.to)) };
    try {
      const [series, scores] = await Promise.all([
        getSeries(item, { ...range, tags: [tag], points: most }),
        getScores(item, { ...range, detectors: [detector], points: most }),
      ]);
      rows.takeHistory(hole.from, hole.to, series, scores);
      draw();
    } catch {
      // The line keeps its gap; with the next frame it is asked for again.
    } finally {
      filling.current = false;
    }
  };
  useLive(
    thresholds === undefined ? null : { stream: item, tags: [tag], detectors: [detector], rate: 5 },
    (frame) => {
      rows.takeFrame(frame);
      void fill();
      draw();
    },
    () => rows.feedCut(),
  );

  if (thresholds === undefined) return <Skeleton height={340} />;
  const newest = rows.newest;
  const shared = {
    zone: zone.value,
    regions,
    group: `item ${item}`,
    ...(newest === null ? {} : { range: { from: newest - span, to: newest } }),
    onRange: () => {},
  };
  const verdicts = rows.verdicts(detector);
  const steps = (level: 'warn' | 'error') => thresholds.map((one) => ({ time: Date.parse(one.time), value: one[level] }));
  return (
    <div class="item-chart">
      <TimeChart
        {...shared}
        title={`Values of ${item}`}
        quietTitle
        height={160}
        timeAxis={learning !== undefined}
        series={[{ name: 'Value', times: rows.times, values: rows.tag(tag).value }]}
        empty="No values yet."
      />
      {learning === undefined ? (
        <TimeChart
          {...shared}
          title={`Score of ${item} by ${detector}`}
          quietTitle
          height={170}
          series={[{ name: 'Score', times: verdicts.times, values: verdicts.score, status: verdicts.status, color: 2 }]}
          levels={[
            { label: 'Warning', tone: 'warn', steps: steps('warn') },
            { label: 'Error', tone: 'error', steps: steps('error') },
          ]}
          empty="No scores yet."
        />
      ) : (
        <Meter
          label="Learning what is normal; scores come then"
          value={learning.have}
          of={learning.need}
          text={`${formatCount(learning.have)} of ${formatCount(learning.need)} rows`}
        />
      )}
    </div>
  );
}

/** The item's incidents as shaded stretches, kept up to date. Nothing is known of an item before its first verdict is `stored`. */
function useRegions(item: string, detector: string, stored: boolean): readonly ChartRegion[] {
  const [regions, setRegions] = useState<ReadonlyMap<string, ChartRegion>>(new Map());
  const { data } = useResource(stored ? `incidents of ${item} ${detector}` : null, (abort) => getIncidents({ stream: item, detector, limit: 20 }, abort));
  useEffect(() => {
    if (data) setRegions((known) => new Map([...data.incidents.map((one) => [one.id, regionOf(one)] as const), ...known]));
  }, [data]);
  useIncidentChanges(({ incident }) => {
    if (incident.stream === item && incident.detector === detector) setRegions((known) => new Map(known).set(incident.id, regionOf(incident)));
  });
  return [...regions.values()];
}

function regionOf({ id, start, end, open, peak }: { id: string; start: string; end: string; open: boolean; peak: { grade: number } }): ChartRegion {
  return { id, from: Date.parse(start), to: open ? null : Date.parse(end), label: 'Incident', tone: peak.grade >= 1 ? 'error' : 'warn' };
}
