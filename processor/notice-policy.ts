import type { Notice, NoticeRules, NoticeTag } from '../core/notice.ts';
import type { Schema } from '../core/schema.ts';
import { nanosPerMilli } from '../core/time.ts';
import { topContributions } from '../core/verdict.ts';
import type { IncidentTurn } from './incidents.ts';

/** What an output knows of a detector's incidents in one stream. Plain data: saved with the notices that wait. */
export type DetectorNotices = {
  /** The last incident, and whether people know of it. */
  incident: string;
  standing: 'told' | 'held' | 'ignored';
  /** The turn with which it began or went on. */
  turn: 'opened' | 'continued';
  number: number;
  /** Time of the last notice, and of which incident. */
  toldAt: bigint | null;
  toldOf: string;
  /** Incidents held back since. */
  heldBack: number;
};

/** What becomes of a turn: a notice, or why there is none; undefined where there is nothing new to decide. */
export type Decision = { readonly notice: Notice } | { readonly outcome: 'ignored' | 'held' } | undefined;

/**
 * Decides by rules and the incident's own course alone. One that was held back or ignored is told after all, as its opening,
 * when it still goes on after the cool-down or has become so bad that no rule covers it. Its end is told where it was told
 * itself. Changes what is known.
 */
export function decide(turn: IncidentTurn, schema: Schema, rules: NoticeRules, known: Map<string, DetectorNotices>): Decision {
  const { incident } = turn;
  if (rules.detectors && !rules.detectors.includes(incident.detector)) return undefined;
  const before = known.get(incident.detector);
  if (turn.turn === 'closed' || turn.turn === 'grown') {
    // Of what began before it was watched nobody was told.
    if (before?.incident !== incident.id) return undefined;
    if (turn.turn === 'closed') return before.standing === 'told' ? tell(turn, 'closed', turn.number, schema, before) : undefined;
    if (before.standing === 'told' || reasonAgainst(turn, schema, rules, before)) return undefined;
    if (before.standing === 'held') before.heldBack--;
    return tell(turn, before.turn, before.number, schema, before);
  }
  const standing = before?.incident === incident.id ? before.standing : undefined;
  const now: DetectorNotices = {
    incident: incident.id,
    standing: standing ?? 'told',
    turn: turn.turn,
    number: turn.number,
    toldAt: before?.toldAt ?? null,
    toldOf: before?.toldOf ?? '',
    heldBack: before?.heldBack ?? 0,
  };
  known.set(incident.detector, now);
  const against = standing === 'told' ? undefined : reasonAgainst(turn, schema, rules, now);
  if (against === undefined) {
    if (standing === 'held') now.heldBack--;
    return tell(turn, turn.turn, turn.number, schema, now);
  }
  // Once held back it counts as that.
  if (standing === 'held' || standing === against) return undefined;
  now.standing = against;
  if (against === 'held') now.heldBack++;
  return { outcome: against };
}

type Judged = Pick<IncidentTurn, 'incident' | 'at' | 'actual' | 'expected'>;

function reasonAgainst(turn: Judged, schema: Schema, rules: NoticeRules, known: DetectorNotices): 'ignored' | 'held' | undefined {
  const { incident, at } = turn;
  const [main] = topTags(turn, schema);
  if (main && rules.ignore.some((rule) => covers(rule, main))) return 'ignored';
  // A late row may lie before the last notice.
  const cooling =
    rules.cooldown > 0 && known.toldAt !== null && known.toldOf !== incident.id && at - known.toldAt < BigInt(Math.round(rules.cooldown)) * nanosPerMilli;
  return cooling ? 'held' : undefined;
}

/** Where nothing is known to be expected no rule covers it. */
function covers({ tag, direction, within }: NoticeRules['ignore'][number], main: NoticeTag): boolean {
  const { actual, expected } = main;
  if (main.tag !== tag || (main.share > 0 ? 'above' : 'below') !== direction || actual === undefined || expected === undefined) return false;
  return Math.abs(actual - expected) <= (within / 100) * Math.abs(expected);
}

function tell(turn: IncidentTurn, change: Notice['change'], number: number, schema: Schema, known: DetectorNotices): Decision {
  const { id, stream, detector, start, end, rows, peakTime, peakScore, peakGrade, causes } = turn.incident;
  const { heldBack } = known;
  known.standing = 'told';
  known.toldAt = turn.at;
  known.toldOf = id;
  known.heldBack = 0;
  const times = { start, end, peakTime };
  const key = `${id}/${number}/${change}`;
  return { notice: { key, change, incident: id, stream, detector, ...times, rows, peakScore, peakGrade, causes, tags: topTags(turn, schema), heldBack } };
}

/** The tags that carry most, ties by schema order; none where contributions are unknown. */
function topTags({ incident: { contributions }, actual, expected }: Judged, { tags }: Schema): NoticeTag[] {
  return [...contributions]
    .map((share, t): NoticeTag => {
      const { name, unit } = tags[t];
      const known = Number.isFinite(actual[t]) && Number.isFinite(expected[t]);
      return {
        tag: name,
        ...(unit === undefined ? {} : { unit }),
        share,
        ...(known ? { actual: plain(actual[t], expected[t]), expected: plain(expected[t], actual[t]) } : {}),
      };
    })
    .filter(({ share }) => Math.abs(share) > 0)
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share))
    .slice(0, topContributions);
}

/** Without what rounding leaves on the way back from a view: twelve digits of the larger of the two values. */
function plain(value: number, other: number): number {
  const size = Math.max(Math.abs(value), Math.abs(other));
  if (size === 0) return 0;
  const digits = 11 - Math.floor(Math.log10(size));
  return digits < 0 || digits > 100 ? value : Number(value.toFixed(digits)) + 0;
}
