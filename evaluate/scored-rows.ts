import type { Batch } from '../core/batch.ts';
import { isFlagged, type Verdicts } from '../core/verdict.ts';
import { type Calibration, calibratedScoreOf } from '../processor/calibration.ts';
import type { StreamModel } from '../processor/model.ts';
import type { Scorer } from '../processor/scorer.ts';

/** The worst row of an event as one method sees it. */
export interface EventPeak {
  readonly score: number;
  /** Among the scored rows that have a label. */
  readonly row: number;
  /** Signed shares of all tags; empty where the method says nothing of the row. */
  readonly shares: Float64Array;
}

/** What one method says of the rows. */
export interface MethodTrack {
  readonly name: string;
  readonly kind: 'detector' | 'combination';
  /** Calibrated score; NaN where it has none. */
  readonly score: Float64Array;
  readonly flagged: Uint8Array;
  readonly status: Int8Array;
  /** Per event, in order; undefined where no row of it has a score. */
  readonly peaks: readonly (EventPeak | undefined)[];
}

/** Rows behind the training rows, as columns. */
export interface Scored {
  /** 0-based data row of the file. */
  readonly origins: Float64Array;
  readonly times: BigInt64Array;
  /** 1 anomalous, 0 normal, -1 unknown. */
  readonly labels: Int8Array;
  readonly methods: readonly MethodTrack[];
}

interface Gathered {
  readonly score: Float64Array[];
  readonly status: Int8Array[];
  readonly peaks: (EventPeak | undefined)[];
}

/**
 * Gathers what a pipeline says of its rows, as they are scored. Peaks are looked for meanwhile: a detector with memory can say
 * why of a row only before it goes on.
 */
export class ScoredRows {
  readonly #labelOf: (origin: number, label: number) => number;
  readonly #origins: Float64Array[] = [];
  readonly #times: BigInt64Array[] = [];
  readonly #labels: Int8Array[] = [];
  readonly #methods = new Map<string, Gathered>();
  #model: StreamModel | undefined;
  #calibrations: (Pick<Calibration, 'logFloor' | 'logMedian' | 'logScale'> | undefined)[] = [];
  /** Rows with a label so far, events so far, and whether the last row with a label belongs to one. */
  #labelled = 0;
  #events = 0;
  #inEvent = false;

  /** @param labelOf what counts as the row's label */
  constructor(labelOf: (origin: number, label: number) => number = (_, label) => label) {
    this.#labelOf = labelOf;
  }

  /** Of the stream, once a row was scored. */
  get model(): StreamModel | undefined {
    return this.#model;
  }

  /** For `PipelineObserver.scored`. */
  readonly take = (scorer: Scorer, batch: Batch, verdicts: readonly Verdicts[]): void => {
    if (!this.#model) this.#begin(scorer.model);
    const labels = Int8Array.from({ length: batch.rows }, (_, row) => this.#labelOf(batch.origins[row], batch.labels?.[row] ?? -1));
    const scores = verdicts.map(({ score }, v) => {
      const calibration = this.#calibrations[v];
      // A logical combination's score is its grade: 0 at the medians and 1 at the error levels already.
      return calibration ? Float64Array.from(score, (raw) => calibratedScoreOf(raw, calibration)) : score.slice();
    });
    this.#origins.push(batch.origins.slice());
    this.#times.push(batch.times.slice());
    this.#labels.push(labels);
    for (const [v, { detector, status }] of verdicts.entries()) {
      const gathered = this.#methods.get(detector) as Gathered;
      gathered.score.push(scores[v]);
      gathered.status.push(status.slice());
    }
    this.#findPeaks(scorer, labels, verdicts, scores);
  };

  result(): Scored {
    const detectors = this.#model?.detectors.length ?? 0;
    return {
      origins: joined(this.#origins, (n) => new Float64Array(n)),
      times: joined(this.#times, (n) => new BigInt64Array(n)),
      labels: joined(this.#labels, (n) => new Int8Array(n)),
      methods: [...this.#methods].map(([name, { score, status, peaks }], v) => {
        const statuses = joined(status, (n) => new Int8Array(n));
        return {
          name,
          kind: v < detectors ? 'detector' : 'combination',
          score: joined(score, (n) => new Float64Array(n)),
          status: statuses,
          flagged: Uint8Array.from(statuses, (one) => Number(isFlagged(one))),
          peaks: Array.from({ length: this.#events }, (_, event) => peaks[event]),
        };
      }),
    };
  }

  #begin(model: StreamModel): void {
    this.#model = model;
    this.#calibrations = [
      ...model.detectors.map(({ calibration }) => calibration),
      ...model.combinations.map(({ parts }) => parts.find(({ calibration }) => calibration)?.calibration),
    ];
    for (const { name } of [...model.detectors, ...model.combinations]) this.#methods.set(name, { score: [], status: [], peaks: [] });
  }

  /** Per event and method the row of this batch with the largest score, where that is the largest of the event so far. */
  #findPeaks(scorer: Scorer, labels: Int8Array, verdicts: readonly Verdicts[], scores: readonly Float64Array[]): void {
    const before = Int32Array.from(labels, (label) => (label < 0 ? this.#labelled : this.#labelled++));
    for (let from = 0; from < labels.length; ) {
      if (labels[from] !== 1) {
        if (labels[from] === 0) this.#inEvent = false;
        from++;
        continue;
      }
      let to = from;
      while (to < labels.length && labels[to] !== 0) to++;
      if (!this.#inEvent) this.#events++;
      this.#inEvent = true;
      for (const [v, { detector }] of verdicts.entries()) {
        const { peaks } = this.#methods.get(detector) as Gathered;
        const row = largestLabelled(scores[v], labels, from, to);
        const event = this.#events - 1;
        if (row < 0 || scores[v][row] <= (peaks[event]?.score ?? Number.NEGATIVE_INFINITY)) continue;
        peaks[event] = { score: scores[v][row], row: before[row], shares: scorer.peak(v, row).contributions };
      }
      from = to;
    }
  }
}

/** The anomalous row with the largest score in [from, to), the first of equals; -1 where none has a score. */
function largestLabelled(score: Float64Array, labels: Int8Array, from: number, to: number): number {
  let best = -1;
  for (let row = from; row < to; row++) if (labels[row] === 1 && (best < 0 ? !Number.isNaN(score[row]) : score[row] > score[best])) best = row;
  return best;
}

function joined<T extends Float64Array | BigInt64Array | Int8Array>(pieces: readonly T[], make: (length: number) => T): T {
  const out = make(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece as never, at);
    at += piece.length;
  }
  return out;
}
