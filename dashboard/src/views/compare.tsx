import './compare/compare.css';
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { getAgreement, getIncidents, getScores } from '../api.ts';
import type { TimeRange } from '../charts/types.ts';
import { Card } from '../components/card.tsx';
import { DetectorChips } from '../components/detector-chips.tsx';
import { PageHead } from '../components/page-head.tsx';
import { RangePicker } from '../components/range-picker.tsx';
import { EmptyState, ErrorState, Skeleton } from '../components/states.tsx';
import { UnknownStream } from '../components/unknown-stream.tsx';
import { regionsOf } from '../incident-regions.ts';
import { feedState, status, useIncidentChanges } from '../live-feed.ts';
import { detectorNames, stream, streamName, streams } from '../plant.ts';
import { spanText, useRange } from '../range.ts';
import { useResource } from '../resource.ts';
import { useParam } from '../router.ts';
import { formatDateTime, instant, iso, zone, zoneLabel } from '../time.ts';
import { AgreementMatrix } from './compare/agreement-matrix.tsx';
import { DetectorTable } from './compare/detector-table.tsx';
import { ScorePanel } from './compare/score-panel.tsx';
import { Together } from './compare/together.tsx';

/** Points of a chart at most. */
const points = 2000;
const usualSpan = '1h';
/** Milliseconds between two looks at a range that ends with the newest row. */
const every = 5000;
/** Milliseconds after the last move of a chart until its range is asked for. */
const rests = 350;
const mostIncidents = 1000;

/** Detectors side by side over a range: their scores, verdicts and incidents, and how far they agree. */
export default function Compare() {
  const name = streamName.value;
  const all = detectorNames.value;
  const { range, query, setRange } = useRange(usualSpan);
  const [chosen, setChosen] = useParam<readonly string[]>('detectors', all);
  const detectors = all.filter((one) => chosen.includes(one));
  const follows = range.to === '';
  const tick = useTick(follows);
  const key = detectors.length === 0 ? null : JSON.stringify([name, query, detectors, tick]);
  const answer = useResource(key, async (abort) => {
    const scores = await getScores(name, { ...query, detectors, points }, abort);
    // The same rows for all, while the stream goes on.
    const bounds = { ...(scores.from === null ? {} : { from: scores.from }), ...(scores.to === null ? {} : { to: scores.to }) };
    const [agreement, { incidents, more }] = await Promise.all([
      getAgreement(name, { ...bounds, detectors }, abort),
      getIncidents({ stream: name, ...bounds, limit: mostIncidents }, abort),
    ]);
    return { scores, agreement, incidents, more };
  });

  const moved = useSignal<TimeRange | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const preset = useRef(range.last === '' ? usualSpan : range.last);
  if (range.from === '' && range.to === '') preset.current = range.last;
  useEffect(() => () => clearTimeout(timer.current), []);
  const data = answer.data;
  // What was moved to stays in sight until its rows are there.
  useEffect(() => {
    if (timer.current === undefined) moved.value = null;
  }, [data]);
  const look = (next: TimeRange) => {
    moved.value = next;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = undefined;
      setRange({ from: iso(Math.floor(next.from)), to: iso(Math.ceil(next.to)) });
    }, rests);
  };

  const bounds: TimeRange | null =
    data?.scores.from == null || data.scores.to === null
      ? null
      : { from: instant(data.scores.from), to: Math.max(instant(data.scores.to), instant(data.scores.from) + 1000) };
  const shown = moved.value ?? bounds;
  const regions = useMemo(() => regionsOf(data?.incidents ?? []), [data]);
  const first = stream.value?.first ?? null;
  const newest = status.value?.streams.find((one) => one.stream === name)?.newest ?? stream.value?.last ?? null;
  if (stream.value === null && (streams.value ?? []).length > 0) return <UnknownStream />;
  return (
    <>
      <PageHead
        title="Compare"
        hint={
          shown === null ? (
            spanText(range.last)
          ) : (
            <>
              {formatDateTime(shown.from)} to {formatDateTime(shown.to)} · {zoneLabel(shown.from, zone.value)}
            </>
          )
        }
      />
      <Card class="compare-controls">
        <RangePicker range={range} onChange={setRange} first={first} newest={newest} />
        <DetectorChips detectors={all} selected={detectors} onChange={setChosen} />
      </Card>
      {answer.state === 'error' ? <ErrorState error={answer.error} retry={answer.reload} /> : null}
      {detectors.length === 0 ? (
        <EmptyState title="No detector is chosen" icon="compare">
          Choose two or more to see where they agree.
        </EmptyState>
      ) : data === undefined ? (
        answer.state === 'error' ? null : (
          <Skeleton height={480} />
        )
      ) : bounds === null || shown === null ? (
        <EmptyState title="No rows in this stretch of time" icon="compare">
          Choose another range. The stream's rows {first === null ? 'are still to come.' : `begin ${formatDateTime(first)}.`}
        </EmptyState>
      ) : (
        <>
          <ScorePanel
            scores={data.scores}
            detectors={detectors}
            regions={regions}
            range={shown}
            loading={answer.reloading && moved.value !== null}
            onRange={look}
            onReset={() => {
              clearTimeout(timer.current);
              timer.current = undefined;
              moved.value = null;
              setRange({ last: preset.current });
            }}
          />
          <DetectorTable agreement={data.agreement} incidents={data.incidents} more={data.more} />
          <div class="compare-pair">
            <AgreementMatrix agreement={data.agreement} />
            <Together scores={data.scores} />
          </div>
        </>
      )}
    </>
  );
}

/** Grows every few seconds while rows come, or an incident was marked; it rests while the page is hidden. */
function useTick(follows: boolean): number {
  const tick = useSignal(0);
  useEffect(() => {
    if (!follows) return;
    const timer = setInterval(() => {
      if (!document.hidden && feedState.peek() === 'live' && status.peek()?.ended !== true) tick.value += 1;
    }, every);
    return () => clearInterval(timer);
  }, [follows]);
  useIncidentChanges(({ change }) => {
    if (change === 'marked') tick.value += 1;
  });
  return tick.value;
}
