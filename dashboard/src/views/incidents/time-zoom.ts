import type { Span } from './lanes.ts';

/** Nothing shorter is zoomed into, ms. */
const least = 1_000;

/** A stretch scaled around a point of it (0 its beginning, 1 its end), and kept inside `whole`. Above 1 it grows. */
export function scaled(span: Span, factor: number, whole: Span, around = 0.5): Span {
  const length = Math.min(whole.to - whole.from, Math.max(least, (span.to - span.from) * factor));
  const from = span.from + (span.to - span.from - length) * around;
  return inside({ from, to: from + length }, whole);
}

/** A stretch moved by a share of its length, as far as `whole` goes. */
export function moved(span: Span, share: number, whole: Span): Span {
  const by = (span.to - span.from) * share;
  return inside({ from: span.from + by, to: span.to + by }, whole);
}

/** Moved, not shortened, until it lies in `whole`; `whole` when it is longer. */
function inside({ from, to }: Span, whole: Span): Span {
  const length = Math.min(to - from, whole.to - whole.from);
  const start = Math.min(Math.max(from, whole.from), whole.to - length);
  return { from: Math.round(start), to: Math.round(start + length) };
}
