import { formatClock, formatDateTime, zoneLabel } from '../time.ts';
import { lowerBound } from './align.ts';
import { numberText } from './number-text.ts';
import type { ChartLevel, ChartRegion, ChartSeries, TimeRange } from './types.ts';

const most = 20;

/** A chart in words, for who doesn't see it: each series' newest, least and greatest value, the levels, the shaded stretches. */
export function linesSummary(
  series: readonly ChartSeries[],
  range: TimeRange,
  zone: string,
  levels: readonly ChartLevel[],
  regions: readonly ChartRegion[],
): string {
  const when = (ms: number) => formatDateTime(ms, zone);
  const parts = [`From ${when(range.from)} to ${when(range.to)}, ${zoneLabel(range.from, zone)}.`];
  for (const one of series.slice(0, most)) {
    const first = lowerBound(one.times, range.from);
    const end = lowerBound(one.times, range.to + 1);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    let newest: number | null = null;
    for (let i = first; i < end; i++) {
      const value = one.values[i];
      if (value === null || value === undefined || Number.isNaN(value)) continue;
      newest = value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    const unit = one.unit ? ` ${one.unit}` : '';
    parts.push(
      newest === null ? `${one.name}: no readings.` : `${one.name}: last ${numberText(newest)}${unit}, from ${numberText(min)} to ${numberText(max)}.`,
    );
  }
  for (const level of levels.slice(0, most)) {
    const last = level.steps.at(-1);
    if (last !== undefined) parts.push(`${level.label}: ${numberText(last.value)}.`);
  }
  const shown = regions.filter((region) => region.from < range.to && (region.to === null || region.to > range.from));
  for (const region of shown.slice(0, most)) {
    parts.push(`${region.label}: ${when(region.from)} to ${region.to === null ? 'now' : formatClock(region.to, zone)}.`);
  }
  if (shown.length > most) parts.push(`And ${shown.length - most} more.`);
  return parts.join(' ');
}
