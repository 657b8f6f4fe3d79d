import { makeRandom } from '../../core/random.ts';
import type { Evaluation, EventOutcome, Figures, FileEvaluation, LabelledEvent, MethodEvaluation } from '../../evaluate/evaluation.ts';

/** What an evaluation that was never run is to look like. */
export interface MadeUp {
  readonly files?: number;
  readonly methods?: number;
  readonly rows?: number;
  readonly events?: number;
  /** Points of each course at most. */
  readonly points?: number;
  /** Every text that comes from outside, by what it would say. */
  readonly text?: (usual: string) => string;
}

const names = ['one-class-svm', 'isolation-forest', 'k-means', 'lof', 'mahalanobis', 'var', 'k-nn', 'dbscan', 'pca-reconstruction'];
const start = Date.UTC(2015, 11, 28, 3, 10);

/** An evaluation with invented figures, seeded: the report's tests need its form, not its content. */
export function madeUpEvaluation({ files = 1, methods = 6, rows = 10_200, events = 9, points = 2000, text = (usual) => usual }: MadeUp = {}): Evaluation {
  const random = makeRandom(files * 1000 + methods, 'made-up evaluation');
  const made = Array.from({ length: files }, (_, f): FileEvaluation => {
    const attacks = Array.from({ length: events }, (_, e): LabelledEvent => {
      const from = Math.floor(((e + 0.3) * rows) / events);
      const to = from + 1 + Math.floor((rows / events) * 0.3);
      const [first, last] = [new Date(start + from * 1000).toISOString(), new Date(start + to * 1000).toISOString()];
      const tags = [text(`LIT${101 + e}`), text('P102')].slice(0, 1 + (e % 2));
      return { from, to, start: first, end: last, description: text(`LIT${101 + e} drifts up by 1 mm/s: inflow stops, the tank runs low`), tags };
    });
    const method = (name: string, kind: MethodEvaluation['kind'], m: number): MethodEvaluation => {
      const skill = kind === 'baseline' ? 0 : 0.4 + 0.6 * random.next();
      const step = Math.ceil(rows / points);
      const largest = Array.from({ length: Math.ceil(rows / step) }, (_, point) => {
        const inside = attacks.some(({ from, to }) => point * step >= from && point * step < to);
        if (point < 4 && m === 1) return Number.NaN;
        return Math.max(-1, 0.35 * random.normal() + (inside ? skill * 4 * (1 + Math.sin(point / 9)) : 0));
      });
      const outcomes = attacks.map(({ from, tags }, e): EventOutcome => {
        const flagged = random.next() < skill ? 40 + e : 0;
        const topTags = [text(`FIT${101 + m}`), tags?.[0] ?? '', text('AIT202')];
        return {
          found: flagged > 0,
          flagged,
          delaySeconds: flagged > 0 ? 3 + 40 * random.next() : Number.NaN,
          peakScore: 3 * skill,
          peakRow: from + 3,
          topTags,
        };
      });
      const own = madeUpFigures(skill, outcomes.filter(({ flagged }) => flagged > 0).length / Math.max(1, events));
      const oracle = { ...madeUpFigures(Math.min(1, skill + 0.1), 1), threshold: 0.8 };
      return { name, kind, own, oracle, aucPr: 0.18 + 0.7 * skill, aucRoc: 0.5 + 0.45 * skill, unscoredRows: 0, events: outcomes, course: { step, largest } };
    };
    return {
      file: text(`plant-${f + 1}.xlsx`),
      labels: text("column 'Normal/Attack'"),
      training: text('rows 0 to 4,199, the rows before the first labelled anomaly'),
      rows,
      anomalousRows: attacks.reduce((sum, { from, to }) => sum + to - from, 0),
      from: new Date(start).toISOString(),
      to: new Date(start + (rows - 1) * 1000).toISOString(),
      intervalSeconds: 1,
      notes: f === 0 ? [text('no time column: rows are taken as one second apart')] : [],
      events: attacks,
      methods: [
        ...names.slice(0, methods - 1).map((name, m) => method(text(name), 'detector', m)),
        method(text('combined'), 'combination', methods),
        method(text('random'), 'baseline', methods + 1),
        method(text('always positive'), 'baseline', methods + 2),
      ],
    };
  });
  const mean = made[0].methods.map(({ name, kind, aucPr, aucRoc, own, oracle }) => ({ name, kind, aucPr, aucRoc, own, oracle }));
  return { pipeline: text('pipelines/swat.yaml'), training: text('the first 4,200 rows of each file'), files: made, mean };
}

function madeUpFigures(skill: number, eventRecall: number): Figures {
  return {
    precision: skill === 0 ? Number.NaN : 0.3 + 0.6 * skill,
    recall: 0.7 * skill,
    f1: 0.5 * skill,
    far: 0.004 * (2 - skill),
    mar: 1 - 0.7 * skill,
    eventRecall,
    delaySeconds: eventRecall > 0 ? 31.5 : Number.NaN,
    falseIncidents: 2,
    falseIncidentsPerDay: 16.9 * (1 - skill),
    pointAdjusted: { precision: 0.9, recall: 0.95, f1: 0.92 },
  };
}
