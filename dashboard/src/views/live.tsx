import './live/live.css';
import { useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Toggle } from '../components/field.tsx';
import { PageHead } from '../components/page-head.tsx';
import { EmptyState, ErrorState, Skeleton } from '../components/states.tsx';
import { UnknownStream } from '../components/unknown-stream.tsx';
import { joinedRegions, regionsOf, useIncidents } from '../incident-regions.ts';
import { useShortcut } from '../keyboard.ts';
import { status, useLive } from '../live-feed.ts';
import { detectorNames, pipeline, stream, streamName, streams } from '../plant.ts';
import { generation } from '../resource.ts';
import { useParam } from '../router.ts';
import { formatDateTime, instant, zone, zoneLabel } from '../time.ts';
import { Controls } from './live/controls.tsx';
import { LiveModel } from './live/live-model.ts';
import { LiveTable } from './live/live-table.tsx';
import { Pace } from './live/pace.tsx';
import { ScoreCharts } from './live/score-charts.tsx';
import { TagCharts } from './live/tag-charts.tsx';
import { useLiveAddress, useLivePlace, usualMinutes } from './live/use-live-address.ts';
import { tagPanels, usualTags } from './live/usual-tags.ts';

/** Frames a second at most, and where many charts would have to be drawn for each. */
const rates = { few: 10, many: 5 };
const manyCharts = 6;
/** Milliseconds between looks at the levels, which change while a pipeline learns. */
const levelsEvery = 15_000;
const minute = 60_000;

/** The newest rows as they come, or any stretch that was: tags and scores over time. */
export default function Live() {
  const tags = stream.value?.tags ?? [];
  const usual = useMemo(() => usualTags(tags), [tags]);
  const [chosen, setChosen] = useParam<readonly string[]>('tags', usual);
  const lead = pipeline.value?.lead ?? '';
  const firstDetectors = useMemo(() => (detectorNames.value.includes(lead) ? [lead] : detectorNames.value.slice(0, 1)), [lead, detectorNames.value.join()]);
  const [detectors, setDetectors] = useParam<readonly string[]>('detectors', firstDetectors);
  const [table, setTable] = useParam('table', false);
  const shown = chosen.filter((name) => tags.some((tag) => tag.name === name));
  const shownTags = tags.filter(({ name }) => shown.includes(name));
  const panels = tagPanels(shownTags);
  const judged = detectors.filter((name) => detectorNames.value.includes(name));
  const model = useLiveModel(stream.value?.stream ?? '', shown, judged, panels.length + judged.length > manyCharts ? rates.many : rates.few);
  useLiveAddress(model);

  // Read here, so that the view is drawn anew when rows came or it was moved.
  void model.version.value;
  const range = model.range();
  const held = model.view.value !== null;
  const { incidents } = useIncidents(streamName.value, range);
  const regions = useMemo(() => regionsOf(incidents), [incidents]);
  const joined = useMemo(() => joinedRegions(regions, judged), [regions, judged.join()]);
  const follow = (on: boolean) => (on ? model.follow() : model.hold());
  useShortcut(' ', 'Hold the view, or follow the newest rows', () => follow(held));
  useShortcut('r', 'Forget what was loaded and follow the newest rows', () => model.reset(usualMinutes * minute));

  const actions = (
    <>
      <Toggle label="Live" on={!held} onChange={follow} />
      <Button icon="reload" label="Forget what was loaded and follow the newest rows (r)" onClick={() => model.reset(usualMinutes * minute)}>
        Reset
      </Button>
      <Button icon="data" pressed={table} label="The rows in sight as a table" onClick={() => setTable(!table)}>
        Table
      </Button>
    </>
  );
  const hint =
    range === null ? (
      streamName.value
    ) : (
      <>
        {formatDateTime(range.from, zone.value)} to {formatDateTime(range.to, zone.value)} · {zoneLabel(range.to, zone.value)}
      </>
    );
  if (stream.value === null && (streams.value ?? []).length > 0) return <UnknownStream />;
  return (
    <>
      <PageHead title="Live" hint={hint} actions={actions} />
      <Controls model={model} tags={tags} chosen={shown} onTags={setChosen} detectors={detectorNames.value} judged={judged} onDetectors={setDetectors} />
      <Pace model={model} onFollow={() => model.follow()} />
      {model.error.value === null ? null : <ErrorState error={model.error.value} retry={() => model.retry()} />}
      {stream.value === null ? (
        <NoRows />
      ) : model.rows.newest === null && model.view.value === null && shown.length + judged.length > 0 ? (
        model.error.value !== null ? null : model.empty.value ? (
          <NoRows />
        ) : (
          <Skeleton height={420} />
        )
      ) : (
        <>
          <TagCharts model={model} panels={panels} regions={joined} />
          <ScoreCharts model={model} regions={regions} joined={joined} detectors={judged} />
          {table ? <LiveTable model={model} tags={shownTags} detector={judged[0] ?? null} /> : null}
        </>
      )}
    </>
  );
}

/** The model of a stream, its tags and detectors, fed by the live feed. Another choice keeps the stretch in sight. */
function useLiveModel(name: string, tags: readonly string[], detectors: readonly string[], rate: number): LiveModel {
  const { view, length } = useLivePlace();
  const key = JSON.stringify([name, tags, detectors, generation.value]);
  const current = useRef<{ key: string; model: LiveModel } | null>(null);
  if (current.current?.key !== key) {
    const last = current.current?.model;
    last?.close();
    const model = new LiveModel(name, tags, detectors, last?.length.peek() ?? length, last === undefined ? view : last.view.peek());
    current.current = { key, model };
  }
  const { model } = current.current;
  useLive(
    name === '' ? null : { stream: name, tags, detectors, rate },
    (rows) => model.take(rows),
    () => model.cut(),
  );
  useEffect(() => model.fill(), [model]);
  useEffect(() => () => current.current?.model.close(), []);
  useEffect(() => {
    const timer = setInterval(() => void model.refreshLevels(), levelsEvery);
    return () => clearInterval(timer);
  }, [model]);
  // Levels are set when the training ends.
  const stage = useRef<string | undefined>(undefined);
  useSignalEffect(() => {
    const own = status.value?.streams.find((one) => one.stream === name);
    if (own?.newest != null) model.reached(instant(own.newest));
    const now = own?.warmUp.stage;
    if (stage.current !== undefined && now !== stage.current) void model.refreshLevels();
    stage.current = now;
  });
  return model;
}

function NoRows() {
  const warmUp = status.value?.reason;
  return (
    <EmptyState title="No rows yet" icon="live">
      <p>The charts fill by themselves as soon as the first rows are stored.</p>
      {warmUp == null ? null : <p>{warmUp}</p>}
    </EmptyState>
  );
}
