import './overview.css';
import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import type { ApiIncident, ApiStatus } from '../../../serve/api.ts';
import { getIncidents, getScores } from '../api.ts';
import { PageHead } from '../components/page-head.tsx';
import { EmptyState, Loaded, Skeleton } from '../components/states.tsx';
import { feedState, status, useIncidentChanges, useLive, withChange } from '../live-feed.ts';
import { detectorNames, pipeline, stream, streamName, useStream } from '../plant.ts';
import { useResource } from '../resource.ts';
import { formatDuration, instant } from '../time.ts';
import { AlertBox } from './overview/alert-box.tsx';
import { DetectorList } from './overview/detector-list.tsx';
import { Figures } from './overview/figures.tsx';
import { follow, kept, tracksOf } from './overview/grade-track.ts';
import { IncidentList } from './overview/incident-list.tsx';
import { stageStates } from './overview/stage-state.ts';
import { Stages } from './overview/stages.tsx';
import { StreamList } from './overview/stream-list.tsx';

/** What is wrong, since when and where; and whether Sluice itself is at work. */
export default function Overview() {
  const [name, choose] = useStream();
  const now = status.value;
  const many = (now?.streamCount ?? 0) > 1;
  return (
    <>
      <PageHead title="Overview" hint={<Subject />} />
      {many && now !== null ? (
        <div class="overview-many">
          <ManyStreams status={now} chosen={name} onChoose={choose} />
          <Stream key={name} name={name} />
        </div>
      ) : (
        <Stream key={name} name={name} />
      )}
    </>
  );
}

function Subject() {
  const info = pipeline.value;
  const tags = stream.value?.tags.length ?? 0;
  if (info === null) return null;
  return (
    <>
      {streamName.value} · {counted(tags, 'tag')} · {counted(detectorNames.value.length, 'detector')} · an incident opens{' '}
      {info.incidents.open === 0 ? 'with the first flagged row' : `after ${formatDuration(info.incidents.open)} of flagged rows`}
    </>
  );
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

function ManyStreams({ status: now, chosen, onChoose }: { status: ApiStatus; chosen: string; onChoose: (stream: string) => void }) {
  const { data } = useIncidents('open of all', undefined, (signal) => getIncidents({ open: true, limit: most }, signal));
  return <StreamList status={now} open={data?.incidents.filter(({ open }) => open) ?? []} chosen={chosen} onChoose={onChoose} />;
}

/** So many open ones can be asked for at once. */
const most = 1000;
/** So many of those that are over. */
const newestOver = 50;

interface Incidents {
  readonly incidents: readonly ApiIncident[];
  /** There are older ones. */
  readonly more: boolean;
}

/** Incidents of a stream, or of all, that keep up with the live feed. */
function useIncidents(key: string, stream: string | undefined, load: (signal: AbortSignal) => Promise<Incidents>) {
  const resource = useResource(key, load);
  const [data, setData] = useState(resource.data);
  useEffect(() => setData(resource.data), [resource.data]);
  useIncidentChanges((change) => {
    if (stream === undefined || stream === change.incident.stream) setData((old) => old && { ...old, incidents: withChange(old.incidents, change) });
  });
  return { ...resource, data };
}

async function openAndNewest(stream: string, signal: AbortSignal): Promise<Incidents> {
  const [open, over] = await Promise.all([
    getIncidents({ stream, open: true, limit: most }, signal),
    getIncidents({ stream, open: false, limit: newestOver }, signal),
  ]);
  return { incidents: [...open.incidents, ...over.incidents], more: over.more };
}

function Stream({ name }: { name: string }) {
  const detectors = detectorNames.value;
  const { data, ...loading } = useIncidents(`incidents ${name}`, name, (signal) => openAndNewest(name, signal));
  const stored = useResource(detectors.length === 0 ? null : `grades ${name} ${detectors.join()}`, (signal) =>
    getScores(name, { last: `${kept / 60_000}m`, points: 240, detectors }, signal),
  );
  const [tracks, setTracks] = useState(() => tracksOf({ from: null, to: null, level: 0, detectors: [], thresholds: [] }));
  useEffect(() => {
    if (stored.data !== undefined) setTracks(tracksOf(stored.data));
  }, [stored.data]);
  useLive(detectors.length === 0 ? null : { stream: name, detectors, rate: 1 }, (rows) => setTracks((old) => follow(old, rows)), stored.reload);
  const mine = useComputed(() => status.value?.streams.find((one) => one.stream === streamName.value));
  const newest = mine.value?.newest ?? stream.value?.last ?? null;
  const tags = stream.value?.tags ?? [];
  const warmUp = mine.value?.warmUp;
  const info = pipeline.value;

  if (loading.state === 'error' && data === undefined)
    return <Loaded resource={{ ...loading, state: 'error', error: loading.error, data: undefined }}>{() => null}</Loaded>;
  if (info === null || data === undefined) return <Skeleton height={360} />;
  if (tags.length === 0 && newest === null) {
    return (
      <EmptyState icon="live" title="No row has come yet" command="./sluice doctor">
        The pipeline runs, and its source has not given a row so far. If it should have, this says what is missing:
      </EmptyState>
    );
  }
  const { incidents, more } = data;
  const open = incidents.filter((incident) => incident.open);
  const hasVerdicts = [...tracks.values()].some(({ now }) => now !== 'undefined') || warmUp?.stage === 'ready';
  const stages = stageStates(tags, open, hasVerdicts);
  return (
    <div class="stack">
      <AlertBox
        open={open}
        last={incidents.filter((incident) => !incident.open).toSorted((a, b) => instant(b.end) - instant(a.end))[0]}
        newest={newest}
        waiting={feedState.value === 'offline' ? 'Sluice does not answer.' : hasVerdicts ? undefined : waitingFor(warmUp)}
        ended={status.value?.ended === true}
        elsewhere={(status.value?.streamCount ?? 1) > 1 ? Math.max(0, status.value!.openIncidents - open.length) : 0}
      />
      <Stages stages={stages} tagsOf={(stage) => tags.filter((tag) => tag.stage === stage).map((tag) => tag.name)} />
      {status.value === null ? <Skeleton height={80} /> : <Figures status={status.value} newest={newest} />}
      <div class="overview-columns">
        <DetectorList names={detectors.length > 0 ? detectors : info.detectors.map((one) => one.name)} info={info} warmUp={warmUp} tracks={tracks} />
        <IncidentList incidents={incidents} more={more} />
      </div>
    </div>
  );
}

function waitingFor(warmUp: ApiStatus['streams'][number]['warmUp'] | undefined): string {
  if (warmUp === undefined || warmUp.stage === 'waiting') return 'The first row has not come yet.';
  return `The detectors are learning what is normal: ${warmUp.have.toLocaleString('en')} of ${warmUp.need.toLocaleString('en')} rows.`;
}
