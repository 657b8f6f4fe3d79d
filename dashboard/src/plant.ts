import { computed, signal } from '@preact/signals';
import type { ApiStream, PipelineInfo } from '../../serve/api.ts';
import { getPipeline, getStreams } from './api.ts';
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

/** Keeps `pipeline` and `streams` up to date; called once, by the page's frame. */
export function usePlant(): Resource<{ pipeline: PipelineInfo; streams: ApiStream[] }> {
  return useResource('plant', async (abort) => {
    const [info, list] = await Promise.all([getPipeline(abort), getStreams(abort)]);
    pipeline.value = info;
    plantZone.value = info.timezone;
    streams.value = list;
    return { pipeline: info, streams: list };
  });
}

/** The chosen stream and how to choose another. */
export function useStream(): [string, (stream: string) => void] {
  const [, choose] = useParam('stream', '');
  return [streamName.value, choose];
}

/** Detectors of the pipeline in their order, or those of the stream when it has others. */
export const detectorNames = computed(() => stream.value?.detectors ?? pipeline.value?.detectors.map(({ name }) => name) ?? []);
