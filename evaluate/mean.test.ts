import { describe, expect, it } from 'vitest';
import type { Figures, FileEvaluation } from './evaluation.ts';
import { meanOf } from './mean.ts';

const figures = (value: number, precision = value): Figures => ({
  precision,
  recall: value,
  f1: value,
  far: value,
  mar: value,
  eventRecall: value,
  delaySeconds: value,
  falseIncidents: value,
  falseIncidentsPerDay: value,
  pointAdjusted: { precision, recall: value, f1: value },
});

const file = (value: number, precision?: number): FileEvaluation => ({
  ...{ file: `${value}`, labels: '', training: '', rows: 100 * value, anomalousRows: 1, from: '', to: '', intervalSeconds: 1, notes: [], events: [] },
  methods: [
    {
      ...{ name: 'lof', kind: 'detector', aucPr: value, aucRoc: value / 2, unscoredRows: 0, events: [], course: { step: 1, largest: [] } },
      own: figures(value, precision),
      oracle: { ...figures(2 * value), threshold: 7 },
    },
  ],
});

describe('the mean over files', () => {
  it('counts each file alike, whatever its rows', () => {
    expect(meanOf([file(1), file(2), file(6)])).toEqual([{ name: 'lof', kind: 'detector', aucPr: 3, aucRoc: 1.5, own: figures(3), oracle: figures(6) }]);
  });

  it('leaves out what cannot be said of a file, and is NaN where it can be said of none', () => {
    const [some] = meanOf([file(1), file(3, Number.NaN)]);
    expect([some.own.precision, some.own.recall, some.own.pointAdjusted.precision]).toEqual([1, 2, 1]);
    expect(meanOf([file(1, Number.NaN)])[0].own.precision).toBeNaN();
  });
});
