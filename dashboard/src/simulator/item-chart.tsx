import { useEffect, useState } from 'preact/hooks';
import { getIncidents, getScores, getSeries } from '../api.ts';
import { TimeChart } from '../charts/time-chart.tsx';
import type { ChartRegion } from '../charts/types.ts';
import { Skeleton } from '../components/states.tsx';
import { incidentChange, useLive } from '../live-feed.ts';
import { pipeline } from '../plant.ts';
import { useResource } from '../resource.ts';
import { zone } from '../time.ts';
import { emptyTail, type Tail, tailOf, withRows } from './tail.ts';

/** Time that is shown, ms. */
const span = 60_000;
const tag = 'value';
/** Rows asked for at first; more than this in a minute come with a level of detail. */
const most = 5_000;
/** A new item is not stored yet: it is asked for again after this time, ms. */
const again = 1_000;

/** An item's last minute as it comes, and its score below. */
export function ItemChart({ item }: { item: string }) {
  const detector = pipeline.value?.lead ?? '';
  const [attempt, setAttempt] = useState(0);
  const stored = useResource(`tail ${item} ${detector} ${attempt}`, async (abort) => {
    const [series, scores, found] = await Promise.all([
      getSeries(item, { last: '1m', tags: [tag], points: most }, abort),
      getScores(item, { last: '1m', detectors: [detector], points: most }, abort),
      getIncidents({ stream: item, detector, limit: 20 }, abort),
    ]);
    return { item, tail: tailOf(series, scores), thresholds: scores.thresholds, incidents: found.incidents };
  });
  const [tail, setTail] = useState<Tail>(emptyTail);
  const [incidents, setIncidents] = useState<ReadonlyMap<string, ChartRegion>>(new Map());
  const known = stored.data?.item === item;
  useEffect(() => {
    if (stored.data?.item !== item) return;
    setTail(stored.data.tail);
    setIncidents(new Map(stored.data.incidents.map((incident) => [incident.id, regionOf(incident)])));
  }, [stored.data, item]);
  useEffect(() => {
    if (stored.error === undefined || known) return;
    const timer = setTimeout(() => setAttempt((count) => count + 1), again);
    return () => clearTimeout(timer);
  }, [stored.error, known, attempt]);
  useLive(
    known ? { stream: item, tags: [tag], detectors: [detector], rate: 5 } : null,
    (rows) => setTail((old) => withRows(old, rows, span)),
    () => setAttempt((count) => count + 1),
  );
  const changed = incidentChange.value?.incident;
  useEffect(() => {
    if (changed?.stream === item && changed.detector === detector) setIncidents((old) => new Map(old).set(changed.id, regionOf(changed)));
  }, [changed, item, detector]);

  if (!known) return <Skeleton height={300} />;
  const newest = tail.times.at(-1);
  const shared = {
    zone: zone.value,
    regions: [...incidents.values()],
    group: `item ${item}`,
    ...(newest === undefined ? {} : { range: { from: newest - span, to: newest } }),
    onRange: () => {},
  };
  const steps = (level: 'warn' | 'error') => stored.data!.thresholds.map((one) => ({ time: Date.parse(one.time), value: one[level] }));
  return (
    <div class="item-chart">
      <TimeChart
        {...shared}
        title={`Values of ${item}`}
        quietTitle
        height={160}
        timeAxis={false}
        series={[{ name: 'Value', times: tail.times, values: tail.values, status: tail.status }]}
        empty="No values yet."
      />
      <TimeChart
        {...shared}
        title={`Score of ${item} by ${detector}`}
        quietTitle
        height={150}
        series={[{ name: 'Score', times: tail.times, values: tail.scores, color: 2 }]}
        levels={[
          { label: 'Warning', tone: 'warn', steps: steps('warn') },
          { label: 'Error', tone: 'error', steps: steps('error') },
        ]}
        empty={tail.times.length === 0 ? 'No scores yet.' : `Scores come once ${detector} has learnt what is normal.`}
      />
    </div>
  );
}

function regionOf({ id, start, end, open, peak }: { id: string; start: string; end: string; open: boolean; peak: { grade: number } }): ChartRegion {
  return { id, from: Date.parse(start), to: open ? null : Date.parse(end), label: 'Incident', tone: peak.grade >= 1 ? 'error' : 'warn' };
}
