import { quote } from '../core/errors.ts';
import type { Range } from '../core/store.ts';
import { formatTime, nanosPerMilli, parseDuration, parseTime } from '../core/time.ts';
import type { ServedStore } from './ports.ts';
import { Refusal } from './problem.ts';

export interface RangeParameters {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly last?: string | undefined;
  readonly rows?: number | undefined;
}

/** The range of a request; `last` and `rows` count from the stream's newest row, or from `to`. @throws Refusal 400 */
export async function askedRange(store: ServedStore, stream: string, { from, to, last, rows }: RangeParameters): Promise<Range> {
  const given = Object.entries({ from, last, rows }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const [[first], [second]] = given;
    throw new Refusal(400, 'BAD_REQUEST', `'${first}' and '${second}' both say where the range begins`, { place: second, fix: 'Give one of them.' });
  }
  const start = from === undefined ? undefined : timeOf('from', from);
  const end = to === undefined ? undefined : timeOf('to', to);
  if (start !== undefined && end !== undefined && start >= end) {
    throw new Refusal(400, 'BAD_REQUEST', `'from' ${quote(from)} is not before 'to' ${quote(to)}`, { place: 'from', fix: 'A range is [from, to).' });
  }
  const range = (begin: bigint | undefined, finish: bigint | undefined): Range => ({
    stream,
    ...(begin === undefined ? {} : { from: begin }),
    ...(finish === undefined ? {} : { to: finish }),
  });
  if (last !== undefined) {
    const until = end ?? (await behindNewest(store, stream));
    return range(until === undefined ? undefined : until - BigInt(parseDuration(last) as number) * nanosPerMilli, until);
  }
  if (rows !== undefined) {
    const { times } = await store.rows({ ...range(undefined, end), tags: [], limit: rows, last: true });
    return range(times.length === 0 ? undefined : times[0], end);
  }
  return range(start, end);
}

/** The first whole millisecond behind the stream's newest row. */
async function behindNewest(store: ServedStore, stream: string): Promise<bigint | undefined> {
  const { times } = await store.rows({ stream, tags: [], limit: 1, last: true });
  return times.length === 0 ? undefined : (times[0] / nanosPerMilli + 1n) * nanosPerMilli;
}

/** @throws Refusal 400 */
export function timeOf(place: string, text: string): bigint {
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new Refusal(400, 'BAD_REQUEST', `query parameter '${place}' is ${quote(text)}, which is no time`, {
    place,
    fix: 'ISO 8601 with zone, e.g. 2015-12-28T10:00:00Z.',
  });
}

/** Milliseconds since 1970, with fractions. */
export function milliseconds(time: bigint): number {
  return Number(time / 1000n) / 1000;
}

/** A bound as it is answered. */
export function shownTime(time: bigint | undefined): string | null {
  return time === undefined ? null : formatTime(time);
}
