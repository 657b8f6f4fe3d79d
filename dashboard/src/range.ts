import type { RangeQuery } from './api.ts';
import { place, setParams, useParam } from './router.ts';

/** Which rows a view is about: a span before the newest row (`last`, empty for all), or from and to (ISO 8601). */
export interface Range {
  readonly last: string;
  readonly from: string;
  readonly to: string;
}

/** The view's range, kept in the address as `last` or `from` and `to`; and what it is in a request. */
export function useRange(fallback = '15m'): { range: Range; query: RangeQuery; setRange: (range: Partial<Range>) => void } {
  const [last] = useParam('last', fallback);
  const [from] = useParam('from', '');
  const [to] = useParam('to', '');
  const range = from === '' && to === '' ? { last, from, to } : { last: '', from, to };
  const setRange = (next: Partial<Range>) => {
    const fixed = (next.from ?? '') !== '' || (next.to ?? '') !== '';
    setParams({ last: [fixed ? fallback : (next.last ?? ''), fallback], from: [next.from ?? '', ''], to: [next.to ?? '', ''] });
  };
  return { range, query: rangeQuery(range), setRange };
}

function rangeQuery({ last, from, to }: Range): RangeQuery {
  return { ...(last === '' ? {} : { last }), ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) };
}

/** `5m`, `12h` in words; empty is everything. */
export function spanText(last: string): string {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(last) ?? [];
  if (count === undefined) return 'everything';
  const words: Record<string, string> = { ms: 'ms', s: 's', m: 'min', h: 'h', d: count === '1' ? 'day' : 'days' };
  return `${count} ${words[unit!]}`;
}

/** The address of another view about the same rows. */
export function currentRangeParams(): Record<string, string> {
  return Object.fromEntries(['last', 'from', 'to'].flatMap((name) => (place.value.query.get(name) === null ? [] : [[name, place.value.query.get(name)!]])));
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a span such as `15m`; 0 when it is none. */
export function spanLength(span: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(span) ?? [];
  return count === undefined ? 0 : Number(count) * units[unit!]!;
}
