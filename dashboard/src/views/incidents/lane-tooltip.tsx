import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ApiIncident } from '../../../../serve/api.ts';
import { formatClock, formatDateTime, formatDuration } from '../../time.ts';
import { topTags } from './describe.ts';
import { spanOf } from './lanes.ts';

/** What a bar stands for, while it is pointed at. Its link says the same to screen readers. */
export function LaneTooltip({ incident, now, x, y, right }: { incident: ApiIncident; now: number; x: number; y: number; right: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => setSize({ width: box.current!.offsetWidth, height: box.current!.offsetHeight }), [incident.id]);
  const { from, to } = spanOf(incident, now);
  const left = Math.min(Math.max(0, x - size.width / 2), Math.max(0, right - size.width));
  return (
    <div class="lane-tooltip" ref={box} aria-hidden="true" style={{ transform: `translate(${Math.round(left)}px, ${Math.round(y - size.height - 8)}px)` }}>
      <strong>{incident.detector}</strong>
      <span>
        {formatDateTime(from)} to {incident.open ? 'now' : formatClock(to)} · {formatDuration(to - from)}
      </span>
      <span>
        grade {incident.peak.grade.toFixed(2)}
        {incident.tags.length > 0 ? ` · ${topTags(incident)}` : ''}
      </span>
    </div>
  );
}
