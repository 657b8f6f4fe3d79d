import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from '../kernels/fixtures/metrics.json' with { type: 'json' };
import { rocAuc } from '../kernels/roc-auc.ts';
import { bestThreshold, coveredSeconds, eventsOf, figures, incidentsOf, unscoredLowest } from './figures.ts';

const everySecond = (rows: number) => Float64Array.from({ length: rows }, (_, row) => row);
const reaching = (scores: Float64Array, threshold: number) => Uint8Array.from(scores, (score) => (score >= threshold ? 1 : 0));
/** '0' normal, '1' anomalous or flagged, '?' unknown. */
const labelsOf = (text: string) => Int8Array.from(text.replace(/ /g, ''), (c) => (c === '?' ? -1 : Number(c)));
const flagsOf = (text: string) => Uint8Array.from(labelsOf(text));
const at = (flagged: string, labels: string, incidents: { from: number; to: number }[] = []) =>
  figures({ flagged: flagsOf(flagged), labels: labelsOf(labels), seconds: everySecond(labelsOf(labels).length), incidents });

const rows = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(-1, 0, 0, 1)), { minLength: 1, maxLength: 60 });

describe('eventsOf', () => {
  it('finds the runs of label 1', () => {
    expect(eventsOf(labelsOf('0110?1'))).toEqual([{ from: 1, to: 3 }, { from: 5, to: 6 }]); // biome-ignore format: one line
    expect(eventsOf(labelsOf('11'))).toEqual([{ from: 0, to: 2 }]);
    expect(eventsOf(labelsOf('0?'))).toEqual([]);
    expect(eventsOf(new Int8Array(0))).toEqual([]);
  });

  it('finds each row labelled 1 in one event, and a row that is not on both sides of each', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-1, 0, 1), { maxLength: 40 }), (drawn) => {
        const found = new Int8Array(drawn.length);
        for (const { from, to } of eventsOf(Int8Array.from(drawn))) {
          found.fill(1, from, to);
          expect([drawn[from - 1], drawn[to]]).not.toContain(1);
        }
        expect([...found]).toEqual(drawn.map((label) => (label === 1 ? 1 : 0)));
      }),
    );
  });
});

describe('figures', () => {
  for (const [name, { scores, labels, at: thresholds }] of Object.entries(fixture.cases)) {
    it(`agrees with scikit-learn: ${name}`, () => {
      for (const { threshold, ...expected } of thresholds) {
        const flagged = reaching(Float64Array.from(scores), threshold);
        const found = figures({ flagged, labels: Int8Array.from(labels), seconds: everySecond(labels.length), incidents: [] });
        for (const key of ['precision', 'recall', 'f1', 'far', 'mar'] as const) expect(found[key], key).toBeCloseTo(expected[key], 14);
      }
    });
  }

  it('by hand: two events of three, one found late', () => {
    // Events of 4, 2 and 2 rows; flagged: one false, the second and fourth row of the first, the first row of the third.
    const found = at('100 0101 00 00 00 10 00', '000 1111 00 11 00 11 0?', [
      { from: 0, to: 1 },
      { from: 4, to: 7 },
      { from: 11, to: 12 },
      { from: 13, to: 17 },
    ]);
    expect(found.precision).toBe(3 / 4);
    expect(found.recall).toBe(3 / 8);
    expect(found.f1).toBe(6 / 12);
    expect(found.far).toBe(1 / 9);
    expect(found.mar).toBe(5 / 8);
    expect(found.eventRecall).toBe(2 / 3);
    expect(found.delaySeconds).toBe((1 + 0) / 2);
    expect(found.falseIncidents).toBe(2);
    expect(found.falseIncidentsPerDay).toBeCloseTo((2 * 86_400) / 17, 9);
    expect(found.pointAdjusted).toEqual({ precision: 6 / 7, recall: 6 / 8, f1: 12 / 15 });
  });

  it('tells delays by the clock, not by rows', () => {
    const incidents = [{ from: 6, to: 7 }, { from: 2, to: 4 }]; // biome-ignore format: one line
    const found = figures({ flagged: flagsOf('0010001'), labels: labelsOf('0110011'), seconds: Float64Array.of(0, 1, 3, 4, 5, 6, 20), incidents });
    expect(found.delaySeconds).toBe((2 + 14) / 2);
  });

  it('an event is found by an incident that begins within it, by none that is going on already', () => {
    const recall = (...incidents: { from: number; to: number; earlier?: boolean }[]) => at('000000000', '001111000', incidents).eventRecall;
    expect(recall({ from: 2, to: 3 })).toBe(1);
    expect(recall({ from: 5, to: 9 })).toBe(1);
    expect(recall({ from: 1, to: 9 })).toBe(0);
    expect(recall({ from: 6, to: 9 })).toBe(0);
    expect(recall({ from: 1, to: 3 }, { from: 5, to: 9 })).toBe(1);
    // It began in rows before these, or among unlabelled rows inside the event.
    expect(recall({ from: 2, to: 9, earlier: true })).toBe(0);
    expect(recall({ from: 3, to: 9, earlier: true })).toBe(1);
    expect(at('000000000', '001111000', [{ from: 5, to: 9 }, { from: 4, to: 5 }]).delaySeconds).toBe(2); // biome-ignore format: one line
  });

  it('a method that flags everything finds no event but one at the beginning', () => {
    expect(at('11111111', '00110110', [{ from: 0, to: 8 }])).toMatchObject({ eventRecall: 0, delaySeconds: Number.NaN, recall: 1, falseIncidents: 0 });
    expect(at('11111111', '10110110', [{ from: 0, to: 8 }])).toMatchObject({ eventRecall: 1 / 3, delaySeconds: 0 });
  });

  it('an incident that touches an event by one row is not false', () => {
    const touching = [{ from: 0, to: 3 }, { from: 3, to: 9 }]; // biome-ignore format: one line
    expect(at('111111111', '001100000', touching).falseIncidents).toBe(0);
    expect(at('111111111', '001000000', touching).falseIncidents).toBe(1);
  });

  it('one flagged row is enough for a point-adjusted score of 1: what it is worth', () => {
    const found = at('0000010000', '0011111111');
    expect(found.pointAdjusted).toEqual({ precision: 1, recall: 1, f1: 1 });
    expect(found.recall).toBe(1 / 8);
  });

  it('has no answer where nothing can be divided', () => {
    const nothingFlagged = at('0000', '0110');
    expect(nothingFlagged).toMatchObject({ precision: Number.NaN, recall: 0, f1: 0, far: 0, mar: 1, eventRecall: 0, delaySeconds: Number.NaN });
    const noEvent = at('0100', '0000', [{ from: 1, to: 2 }]);
    expect(noEvent).toMatchObject({ precision: 0, recall: Number.NaN, f1: 0, far: 0.25, mar: Number.NaN, eventRecall: Number.NaN, falseIncidents: 1 });
    expect(at('00', '00').f1).toBeNaN();
    expect(at('11', '11').far).toBeNaN();
    expect(at('1', '1').falseIncidentsPerDay).toBeNaN();
    expect(at('', '')).toMatchObject({ precision: Number.NaN, far: Number.NaN, falseIncidents: 0 });
  });

  it('keeps its promises: complements, bounds, and events found as a loop finds them', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const flagged = Uint8Array.from(drawn, ([flag]) => flag);
        const labels = Int8Array.from(drawn, ([, label]) => label);
        const found = figures({ flagged, labels, seconds: everySecond(drawn.length), incidents: [] });
        const events = eventsOf(labels);
        if (events.length > 0) {
          expect(found.recall + found.mar).toBeCloseTo(1, 12);
          expect(found.f1).toBeCloseTo(found.recall === 0 ? 0 : 2 / (1 / found.precision + 1 / found.recall), 12);
          expect(found.pointAdjusted.recall).toBeGreaterThanOrEqual(found.recall);
          expect(found.pointAdjusted.f1).toBeGreaterThanOrEqual(found.f1 - 1e-12);
        }
        const adjusted = flagged.slice();
        for (const { from, to } of events) if (flagged.slice(from, to).includes(1)) adjusted.fill(1, from, to);
        const { precision, recall, f1 } = figures({ flagged: adjusted, labels, seconds: everySecond(drawn.length), incidents: [] });
        expect(found.pointAdjusted).toEqual({ precision, recall, f1 });
      }),
    );
  });
});

describe('event recall', () => {
  it('keeps its promises: as many events as an incident begins in, delays never below zero', () => {
    const seconds = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(rows, seconds, (drawn, steps) => {
        const flagged = Uint8Array.from(drawn, ([flag]) => flag);
        const labels = Int8Array.from(drawn, ([, label]) => label);
        let time = 0;
        const clock = Float64Array.from(drawn, (_, row) => {
          time += steps[row];
          return time;
        });
        const incidents = incidentsOf(flagged, clock, { open: 1000, close: 2000, merge: 2000 });
        const { eventRecall, delaySeconds } = figures({ flagged, labels, seconds: clock, incidents });
        const begins = new Set(incidents.map(({ from }) => from));
        const delays = eventsOf(labels).map(({ from, to }) => {
          for (let row = from; row < to; row++) if (begins.has(row)) return clock[row] - clock[from];
          return undefined;
        });
        const found = delays.filter((delay) => delay !== undefined);
        expect(eventRecall).toBe(found.length / delays.length);
        expect(delaySeconds).toBe(found.reduce((sum, delay) => sum + delay, 0) / found.length);
        expect(delaySeconds < 0).toBe(false);
      }),
    );
  });
});

describe('coveredSeconds', () => {
  it('is rows times interval where rows come regularly', () => {
    expect(coveredSeconds(Float64Array.from({ length: 100 }, (_, row) => 1e9 + 38 * row))).toBe(3800);
  });

  it('counts an irregular interval as long as it is, a gap in the recording as a usual one', () => {
    expect(coveredSeconds(Float64Array.of(0, 1, 2, 7, 8))).toBe(9);
    expect(coveredSeconds(Float64Array.of(0, 1, 2, 13, 14))).toBe(5);
  });

  it('does not take rows of one time for its interval, as a clock gives them that shows minutes', () => {
    expect(coveredSeconds(Float64Array.from({ length: 240 }, (_, row) => 60 * Math.floor(row / 60)))).toBe(240);
    expect(coveredSeconds(Float64Array.of(5, 5, 5))).toBeNaN();
  });

  it('is unknown of less than two rows', () => {
    expect(coveredSeconds(Float64Array.of(3))).toBeNaN();
    expect(coveredSeconds(new Float64Array(0))).toBeNaN();
  });
});

describe('bestThreshold', () => {
  for (const [name, { scores, labels, best }] of Object.entries(fixture.cases)) {
    it(`is the best of all scores by scikit-learn's f1_score: ${name}`, () => {
      const threshold = bestThreshold(Float64Array.from(scores), Int8Array.from(labels));
      expect(threshold).toBe(best.threshold);
      const flagged = reaching(Float64Array.from(scores), threshold);
      expect(figures({ flagged, labels: Int8Array.from(labels), seconds: everySecond(labels.length), incidents: [] }).f1).toBeCloseTo(best.f1, 14);
    });
  }

  it('flags the fewest rows of equally good ones', () => {
    // One row: F1 2 / (1 + 2); all four: 4 / (4 + 2), the same.
    expect(bestThreshold(Float64Array.of(9, 8, 7, 6), labelsOf('1001'))).toBe(9);
  });

  it('flags rows that tie together', () => {
    // From 3 on: 4 / (3 + 2).
    expect(bestThreshold(Float64Array.of(9, 3, 3, 1), labelsOf('1010'))).toBe(3);
  });

  it('never flags a row without a score', () => {
    expect(bestThreshold(Float64Array.of(Number.NaN, 2, 1, Number.NaN), labelsOf('1101'))).toBe(2);
  });

  it('has no answer where no row with a score is anomalous', () => {
    expect(bestThreshold(Float64Array.of(1, 2), labelsOf('00'))).toBeNaN();
    expect(bestThreshold(Float64Array.of(1, Number.NaN), labelsOf('01'))).toBeNaN();
  });
});

describe('unscoredLowest', () => {
  it('ranks rows without a score below all others in the area under the ROC curve', () => {
    const scores = unscoredLowest(Float64Array.of(Number.NaN, 5, 2, Number.NaN));
    // Of the four pairs the one of 5 and 2 and that of 5 and nothing are in order, that of nothing and nothing ties.
    expect(rocAuc(scores, labelsOf('1100'))).toBe(2.5 / 4);
  });

  it('leaves other scores, and what it was given, alone', () => {
    const scores = Float64Array.of(0, Number.NaN, 1e308);
    expect([...unscoredLowest(scores)]).toEqual([0, Number.NEGATIVE_INFINITY, 1e308]);
    expect(scores[1]).toBeNaN();
  });
});

describe('incidentsOf', () => {
  const rules = { open: 2_000, close: 3_000, merge: 4_000 };
  const of = (text: string, seconds = everySecond(flagsOf(text).length)) => incidentsOf(flagsOf(text), seconds, rules);

  it('opens after flagged rows for long enough, ends at the last flagged row', () => {
    expect(of('0 111 0000000')).toEqual([{ from: 1, to: 4 }]);
    expect(of('0 11 00000000')).toEqual([]);
    expect(of('0 101 0000')).toEqual([{ from: 1, to: 4 }]);
  });

  it('is one while it is not quiet for long enough, and what follows soon is merged', () => {
    expect(of('111 00 1 0000 111')).toEqual([{ from: 0, to: 6 }, { from: 10, to: 13 }]); // biome-ignore format: one line
    expect(of('111 000 111')).toEqual([{ from: 0, to: 9 }]);
  });

  it('knows the last one though it has not ended', () => {
    expect(of('000 1111')).toEqual([{ from: 3, to: 7 }]);
  });

  it('goes by the clock, fractions of a second included, and ends at a gap in the recording', () => {
    expect(of('11111', Float64Array.of(0, 0.4, 0.8, 1.2, 1.6))).toEqual([]);
    expect(of('111111', Float64Array.of(1e9, 1e9 + 0.5, 1e9 + 1, 1e9 + 1.5, 1e9 + 2, 1e9 + 2.5))).toEqual([{ from: 0, to: 6 }]);
    expect(of('111 111', Float64Array.of(0, 1, 2, 500, 501, 502))).toEqual([{ from: 0, to: 3 }, { from: 3, to: 6 }]); // biome-ignore format: one line
  });

  it('keeps its promises: begins and ends flagged, in order, apart by more than the merge gap', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 0, 1), { maxLength: 80 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 80, maxLength: 80 }),
        (drawn, steps) => {
          let time = 0;
          const seconds = Float64Array.from(drawn, (_, row) => {
            time += steps[row];
            return time;
          });
          let last = Number.NEGATIVE_INFINITY;
          for (const { from, to } of incidentsOf(Uint8Array.from(drawn), seconds, rules)) {
            expect([drawn[from], drawn[to - 1]]).toEqual([1, 1]);
            expect(seconds[from] - last).toBeGreaterThan(rules.merge / 1000);
            expect(seconds[to - 1] - seconds[from]).toBeGreaterThanOrEqual(rules.open / 1000);
            last = seconds[to - 1];
          }
        },
      ),
    );
  });
});
