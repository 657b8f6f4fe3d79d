import type { ApiIncident } from '../../../../serve/api.ts';

export type LaneKind = 'stage' | 'detector';

/** A stretch on the time axis, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Bar extends Span {
  readonly incident: ApiIncident;
  /** 0 is the uppermost of its lane. */
  readonly row: number;
}

export interface Lane {
  readonly name: string;
  /** Rows that lie on top of each other. */
  readonly depth: number;
  /** In time order. */
  readonly bars: readonly Bar[];
}

/** The lane of incidents whose tags belong to no stage. */
export const noStage = 'No stage';

/** An incident lies in the stage that carries most of its peak, or in the lane of its detector. */
function laneOf(incident: ApiIncident, kind: LaneKind): string {
  return kind === 'detector' ? incident.detector : (incident.stages[0]?.stage ?? noStage);
}

/** From start to end; an open one runs on to `now`, the newest row's time. */
export function spanOf(incident: ApiIncident, now: number): Span {
  const from = Date.parse(incident.start);
  const end = Date.parse(incident.end);
  return { from, to: Math.max(from, incident.open ? Math.max(end, now) : end) };
}

/**
 * Incidents by lane. Within a lane, those that would touch lie in rows below each other: each takes the uppermost row that is free
 * when it starts.
 *
 * @param names lanes that are shown even when they are empty, in their order; others follow by name
 * @param shortest span that a bar is drawn with at least, in milliseconds: shorter ones would not be seen
 */
export function layLanes(
  incidents: readonly ApiIncident[],
  { kind, names, now, shortest }: { kind: LaneKind; names: readonly string[]; now: number; shortest: number },
): Lane[] {
  const byLane = new Map<string, { incident: ApiIncident; span: Span }[]>(names.map((name) => [name, []]));
  for (const incident of incidents) {
    const name = laneOf(incident, kind);
    const members = byLane.get(name) ?? [];
    members.push({ incident, span: spanOf(incident, now) });
    byLane.set(name, members);
  }
  const known = new Set(names);
  const others = [...byLane.keys()].filter((name) => !known.has(name)).sort((a, b) => Number(a === noStage) - Number(b === noStage) || a.localeCompare(b));
  return [...known, ...others].map((name) => layLane(name, byLane.get(name) ?? [], shortest));
}

function layLane(name: string, members: { incident: ApiIncident; span: Span }[], shortest: number): Lane {
  const freeFrom: number[] = [];
  const bars = members
    .sort((a, b) => a.span.from - b.span.from || b.span.to - a.span.to)
    .map(({ incident, span }) => {
      const to = Math.max(span.to, span.from + shortest);
      const free = freeFrom.findIndex((end) => end < span.from);
      const row = free === -1 ? freeFrom.length : free;
      freeFrom[row] = to;
      return { incident, from: span.from, to, row };
    });
  return { name, depth: Math.max(1, freeFrom.length), bars };
}

export type Direction = 'earlier' | 'later' | 'up' | 'down';

/** The bar that an arrow key leads to from one of them: its neighbour in time within the lane, or the nearest in time of the next lane that has any. */
export function neighbour(lanes: readonly Lane[], id: string, direction: Direction): Bar | undefined {
  const at = lanes.findIndex(({ bars }) => bars.some(({ incident }) => incident.id === id));
  if (at === -1) return undefined;
  const position = lanes[at].bars.findIndex(({ incident }) => incident.id === id);
  const from = lanes[at].bars[position];
  if (direction === 'earlier') return lanes[at].bars[position - 1];
  if (direction === 'later') return lanes[at].bars[position + 1];
  const further = direction === 'up' ? lanes.slice(0, at).reverse() : lanes.slice(at + 1);
  const lane = further.find(({ bars }) => bars.length > 0);
  return lane?.bars.reduce((best, bar) => (Math.abs(bar.from - from.from) < Math.abs(best.from - from.from) ? bar : best));
}
