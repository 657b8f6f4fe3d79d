import { formatClock, formatDateTime, type Instant, instant, zone, zoneLabel } from '../time.ts';

/** A time in the chosen zone. The zone is named beside it, or (`quiet`, where a heading names it already) in its tooltip. */
export function Time({ at, clock = false, quiet = false }: { at: Instant; clock?: boolean; quiet?: boolean }) {
  const label = zoneLabel(at, zone.value);
  return (
    <time dateTime={new Date(instant(at)).toISOString()} title={`${formatDateTime(at)} ${label}`}>
      {clock ? formatClock(at) : formatDateTime(at)}
      {quiet ? null : <span class="zone"> {label}</span>}
    </time>
  );
}
