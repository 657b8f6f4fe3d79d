import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../core/record.ts';
import { isFlagged, Status } from '../core/verdict.ts';
import { type IncidentChange, type IncidentRules, type IncidentState, IncidentTracker, incidentId } from './incidents.ts';

const second = 1_000_000_000n;
const rules: IncidentRules = { open: 5_000, close: 60_000, merge: 120_000, interval: 1_000 };
const noPeak = () => ({ causes: ['k-means'], contributions: new Float64Array([1]) });

interface Row {
  readonly at: number;
  readonly status: number;
  readonly score?: number;
}

/** Rows at the given seconds with one status. */
const stretch = (from: number, to: number, status: number, score = 1): Row[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ at: from + i, status, score }));

function play(rows: readonly Row[], tracker = new IncidentTracker('swat', 'combined', rules)): IncidentChange[] {
  for (const { at, status, score = 1 } of rows) tracker.row(BigInt(at) * second, status, score, 1, noPeak);
  return tracker.takeChanges();
}

const told = (changes: readonly IncidentChange[]): string[] =>
  changes.map(({ change, incident }) => `${change} ${incident.start / second}-${incident.end / second}${incident.open ? ' open' : ''}`);

describe('IncidentTracker', () => {
  it('opens when errors have lasted, from the first flagged row, and closes at the last', () => {
    const rows = [...stretch(0, 9, Status.ok), ...stretch(10, 30, Status.error), ...stretch(31, 100, Status.ok)];
    const changes = play(rows);
    expect(told(changes)).toEqual(['opened 10-15 open', 'closed 10-30']);
    expect(changes.at(-1)?.incident).toMatchObject({ id: incidentId('swat', 'combined', 10n * second), stream: 'swat', detector: 'combined', rows: 21 });
  });

  it('needs an error: warnings alone never open, but keep an open one going', () => {
    expect(play([...stretch(0, 300, Status.warning), ...stretch(301, 400, Status.ok)])).toEqual([]);
    const rows = [...stretch(0, 9, Status.warning), ...stretch(10, 11, Status.error), ...stretch(12, 200, Status.warning), ...stretch(201, 300, Status.ok)];
    expect(told(play(rows))).toEqual(['opened 0-10 open', 'closed 0-200']);
  });

  it('lets a short flicker pass, and a short pause not end it', () => {
    expect(play([...stretch(0, 3, Status.error), ...stretch(4, 60, Status.ok)])).toEqual([]);
    const rows = [...stretch(0, 20, Status.error), ...stretch(21, 79, Status.ok), ...stretch(80, 90, Status.error), ...stretch(91, 160, Status.ok)];
    expect(told(play(rows))).toEqual(['opened 0-5 open', 'closed 0-90']);
  });

  it('continues the last one when a new stretch begins inside the merge gap, otherwise begins anew', () => {
    const again = (start: number): Row[] => [
      ...stretch(0, 20, Status.error),
      ...stretch(21, start - 1, Status.ok),
      ...stretch(start, start + 20, Status.error),
    ];
    expect(told(play(again(140)))).toEqual(['opened 0-5 open', 'closed 0-20', 'updated 0-145 open', 'updated 0-160 open']);
    expect(told(play(again(141)))).toEqual(['opened 0-5 open', 'closed 0-20', 'opened 141-146 open', 'updated 141-161 open']);
  });

  it('opens on sparse rows that follow each other flagged, not on a lone one', () => {
    const sparse = (statuses: number[]): Row[] => statuses.map((status, i) => ({ at: i * 38, status }));
    expect(told(play(sparse([1, -1, -1, 1, 1, 1])))).toEqual(['opened 38-76 open', 'closed 38-76']);
    expect(play(sparse([1, -1, 1, 1, 1]))).toEqual([]);
  });

  it('lets undefined rows decide nothing', () => {
    const rows = [...stretch(0, 10, Status.error), ...stretch(11, 500, Status.undefined)];
    expect(told(play(rows))).toEqual(['opened 0-5 open', 'updated 0-10 open']);
  });

  it('takes flagged rows on both sides of a gap in the recording for two stretches', () => {
    const lone = [
      { at: 0, status: Status.error },
      { at: 200_000, status: Status.error },
    ];
    expect(play([...lone, ...stretch(200_001, 200_100, Status.ok)])).toEqual([]);
    const rows = [...stretch(0, 20, Status.error), ...stretch(5_000, 5_020, Status.error)];
    expect(told(play(rows))).toEqual(['opened 0-5 open', 'closed 0-20', 'opened 5000-5005 open', 'updated 5000-5020 open']);
  });

  it('knows a gap by what is usual: half-hourly rows belong together', () => {
    const tracker = new IncidentTracker('taxi', 'combined', { ...rules, interval: 1_800_000 });
    const hourly = Array.from({ length: 4 }, (_, i) => ({ at: i * 3600, status: Status.error }));
    expect(told(play(hourly, tracker))).toEqual(['opened 0-3600 open', 'updated 0-10800 open']);
  });

  it('opens at once when `open` is 0', () => {
    const tracker = new IncidentTracker('swat', 'combined', { ...rules, open: 0 });
    expect(told(play([{ at: 7, status: Status.error }], tracker))).toEqual(['opened 7-7 open']);
  });

  it('keeps the worst row as its peak, the first of equals, and asks for its reasons only then', () => {
    const tracker = new IncidentTracker('swat', 'combined', rules);
    const asked: number[] = [];
    const scores = [2, 5, 1, 9, 9, 3, 4];
    for (const [i, score] of scores.entries()) {
      tracker.row(BigInt(i) * second, Status.error, score, 1, () => {
        asked.push(i);
        return { causes: [`row ${i}`], contributions: new Float64Array([i]) };
      });
    }
    expect(asked).toEqual([0, 1, 3]);
    expect(tracker.takeChanges().at(-1)?.incident).toMatchObject({
      peakTime: 3n * second,
      peakScore: 9,
      causes: ['row 3'],
      contributions: new Float64Array([3]),
    });
  });

  it('tells two incidents that both lie between two askings', () => {
    const rows = [...stretch(0, 10, Status.error), ...stretch(11, 300, Status.ok), ...stretch(301, 320, Status.error), ...stretch(321, 400, Status.ok)];
    expect(told(play(rows))).toEqual(['opened 0-5 open', 'closed 0-10', 'opened 301-306 open', 'closed 301-320']);
  });

  it('goes on from what an earlier version saved', () => {
    const [rows, more] = [stretch(0, 20, Status.error), [...stretch(21, 30, Status.error), ...stretch(31, 100, Status.ok)]];
    const before = new IncidentTracker('swat', 'combined', rules);
    play(rows, before);
    const { turns: _, mark: __, actual: ___, expected: ____, ...current } = before.save().current as NonNullable<IncidentState['current']>;
    const turns: string[] = [];
    const after = new IncidentTracker('swat', 'combined', rules, ({ turn, number, actual }) => turns.push(`${number} ${turn} ${actual.length}`));
    after.load({ candidate: null, current });
    expect(told(play(more, after))).toEqual(['closed 0-30']);
    expect(turns).toEqual(['2 closed 0']);
  });

  const statuses = fc.array(
    fc.record({ gap: fc.integer({ min: 0, max: 50 }), status: fc.constantFrom(-1, -1, 0, 1, 1, 2), score: fc.integer({ min: 0, max: 9 }) }),
    { maxLength: 150 },
  );

  it('gives the same incidents whenever it is asked and saved', () => {
    fc.assert(
      fc.property(statuses, fc.array(fc.boolean(), { minLength: 1 }), (steps, cuts) => {
        const whole = new IncidentTracker('swat', 'combined', rules);
        let cut = new IncidentTracker('swat', 'combined', rules);
        const last = (changes: readonly IncidentChange[], into: Map<string, unknown>): void => {
          for (const { incident } of changes) into.set(incident.id, incident);
        };
        const [a, b] = [new Map<string, unknown>(), new Map<string, unknown>()];
        let at = 0;
        for (const [i, { gap, status, score }] of steps.entries()) {
          at += gap;
          for (const tracker of [whole, cut]) tracker.row(BigInt(at) * second, status, score, 1, noPeak);
          if (!cuts[i % cuts.length]) continue;
          last(cut.takeChanges(), b);
          const saved = decodeRecord(encodeRecord('test', cut.save()), 'test') as IncidentState;
          cut = new IncidentTracker('swat', 'combined', rules);
          cut.load(saved);
        }
        last(whole.takeChanges(), a);
        last(cut.takeChanges(), b);
        expect(b).toEqual(a);
      }),
    );
  });

  it('keeps its promises: apart by more than the merge gap, long enough, with an error, ends flagged', () => {
    fc.assert(
      fc.property(statuses, (steps) => {
        let at = 0;
        const rows = steps.map(({ gap, status, score }) => {
          at += gap;
          return { at, status, score };
        });
        const incidents = [...new Map(play(rows).map(({ incident }) => [incident.id, incident])).values()].sort((x, y) => (x.start < y.start ? -1 : 1));
        for (const [i, { start, end, rows: count }] of incidents.entries()) {
          const inside = rows.filter((row) => BigInt(row.at) * second >= start && BigInt(row.at) * second <= end);
          expect(end - start >= 5n * second).toBe(true);
          expect(inside.some(({ status }) => status === Status.error)).toBe(true);
          for (const bound of [start, end]) expect(inside.some((row) => BigInt(row.at) * second === bound && isFlagged(row.status))).toBe(true);
          expect(count).toBeLessThanOrEqual(inside.filter(({ status }) => isFlagged(status)).length);
          if (i > 0) expect(start - incidents[i - 1].end > 120n * second).toBe(true);
        }
      }),
    );
  });
});

describe('incidentId', () => {
  it('depends on stream, detector and start, each for itself', () => {
    const ids = [incidentId('a', 'bc', 1n), incidentId('ab', 'c', 1n), incidentId('a', 'bc', 2n), incidentId('a"', 'bc', 1n)];
    expect(new Set(ids).size).toBe(4);
    expect(incidentId('a', 'bc', 1n)).toBe(ids[0]);
  });
});
