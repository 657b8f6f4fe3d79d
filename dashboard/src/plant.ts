import { computed, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ApiStream, PipelineInfo } from '../../serve/api.ts';
import { getPipeline, getStatus, getStreams } from './api.ts';
import { status } from './live-feed.ts';
import { type Resource, useResource } from './resource.ts';
import { place, useParam } from './router.ts';
import { plantZone } from './time.ts';

/** What the whole page needs to know of the running pipeline; null until the first answer. */
export const pipeline = signal<PipelineInfo | null>(null);
export const streams = signal<readonly ApiStream[] | null>(null);

/** The stream in the address, or the pipeline's own, or the first that has rows. */
export const streamName = computed(() => {
  const asked = place.value.query.get('stream');
  if (asked !== null) return asked;
  const known = streams.value ?? [];
  const own = known.find(({ stream }) => stream === pipeline.value?.stream);
  return (own ?? known[0])?.stream ?? pipeline.value?.stream ?? '';
});
export const stream = computed(() => streams.value?.find((one) => one.stream === streamName.value) ?? null);

/** The list is not asked for again sooner than this, ms; twice as long each time that it did not help. */
const patience = 3_000;

/** Keeps `pipeline` and `streams` up to date; called once, by the page's frame. */
export function usePlant(): Resource<{ pipeline: PipelineInfo; streams: ApiStream[] }> {
  const plant = useResource('plant', async (abort) => {
    const [info, list, now] = await Promise.all([getPipeline(abort), getStreams(abort), getStatus(abort)]);
    // The live feed has newer ones.
    status.value ??= now;
    pipeline.value = info;
    plantZone.value = info.timezone;
    streams.value = list;
    return { pipeline: info, streams: list };
  });
  const asked = useRef({ at: performance.now(), wait: patience });
  const outdated = isOutdated.value;
  const now = status.value?.time;
  useEffect(() => {
    const { at, wait } = asked.current;
    if (!outdated) asked.current = { at, wait: patience };
    if (!outdated || plant.reloading || performance.now() - at < wait) return;
    asked.current = { at: performance.now(), wait: wait * 2 };
    plant.reload();
  }, [outdated, now]);
  return plant;
}

/** Whether rows have come of a stream that the list does not hold, or the first verdicts of one that it does. */
const isOutdated = computed(() => {
  const known = new Map((streams.value ?? []).map((one) => [one.stream, one]));
  return (status.value?.streams ?? []).some(({ stream: name, newest, warmUp }) => {
    const listed = known.get(name);
    return newest !== null && (listed === undefined || (warmUp.stage === 'ready' && listed.detectors.length === 0));
  });
});

/** The chosen stream and how to choose another. */
export function useStream(): [string, (stream: string) => void] {
  const [, choose] = useParam('stream', '');
  return [streamName.value, choose];
}

/**
 * Detectors that can be asked about: of the pipeline's own stream those that are configured, in their order, and any that have
 * verdicts from before; of other streams those with verdicts, none while they learn.
 */
export const detectorNames = computed(() => {
  const stored = stream.value?.detectors ?? [];
  const configured = pipeline.value?.detectors.map(({ name }) => name) ?? [];
  const asked = streamName.value === pipeline.value?.stream ? configured : configured.filter((name) => stored.includes(name));
  return [...new Set([...asked, ...stored])];
});
