import type { StreamsWarmth } from '../processor/streams.ts';

const count = (n: number): string => n.toLocaleString('en-US');

/** How far the warm-up is, as long as no stream is judged. */
export function warmUpText({ ready, next }: StreamsWarmth): string | undefined {
  return ready === 0 && next ? `warm-up ${next.stage} ${count(next.have)} of ${count(next.need)}` : undefined;
}

/** How many streams are judged, where others are still warming up: ` 3 streams, 2 in warm-up`. */
export function streamsText({ ready, warming }: StreamsWarmth): string {
  return warming === 0 ? '' : ` ${count(ready)} ${ready === 1 ? 'stream' : 'streams'}, ${count(warming)} in warm-up`;
}

/** Of several pipelines together. */
export function joinedWarmth(parts: readonly StreamsWarmth[]): StreamsWarmth {
  const sum = (of: (part: StreamsWarmth) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return { ready: sum(({ ready }) => ready), warming: sum(({ warming }) => warming), next: parts.find(({ next }) => next)?.next };
}
