import { status } from './live-feed.ts';
import { stream, streamName } from './plant.ts';

/** Times of the chosen stream's first and newest row, as far as is known: the newest one grows with the live feed. */
export function useNewest(): { first: number; newest: number } {
  const at = (time: string | null | undefined) => (time == null ? Number.NaN : Date.parse(time));
  const live = at(status.value?.streams.find((one) => one.stream === streamName.value)?.newest);
  const stored = at(stream.value?.last);
  const newest = Number.isNaN(live) ? stored : Number.isNaN(stored) ? live : Math.max(live, stored);
  const first = at(stream.value?.first);
  const end = Number.isNaN(newest) ? Date.now() : newest;
  return { first: Number.isNaN(first) ? end - 60_000 : first, newest: end };
}
