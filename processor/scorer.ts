import { type Batch, matrixOf } from '../core/batch.ts';
import type { Matrix } from '../core/matrix.ts';
import { type Contributions, isFlagged, topContributions, type Verdicts } from '../core/verdict.ts';
import { gradeOf, judge, statusOf } from './calibration.ts';
import type { Peak } from './incidents.ts';
import type { CombinationPart, StreamModel } from './model.ts';
import { completeRows, joinParts, makeTrack, partTracks, rawScores, type Track } from './scoring.ts';
import type { ScoringState } from './train.ts';
import { applyViews, columnsOf, contributionsOf, explainBack, makeWorkspace, type Workspace } from './views.ts';

/**
 * A detector with memory is explained before it takes a row in, and asked only for rows from this grade on; what it could
 * say later would depend on the rows that were scored since. Its milder rows add nothing to a combination's reasons.
 */
const explainFromGrade = 0.25;

/** Why a detector scored a row as it did, of all tags. */
interface Reasons {
  /** Signed; empty where no tag stands out. */
  readonly shares: Float64Array;
  /** What was judged, and what was expected, in the tags' own units. */
  readonly actual: Float64Array;
  readonly expected: Float64Array;
}

/** Scores the rows of one stream, in order: views once, then detectors, then combinations, then why. */
export class Scorer {
  readonly model: StreamModel;
  readonly state: ScoringState;
  readonly #workspace: Workspace;
  readonly #tags: number;
  /** Per detector and row of the last batch, as far as it was asked for. */
  #reasons: Map<number, Reasons>[] = [];
  #views: ReadonlyMap<string, Matrix> = new Map();
  #detectors: Track[] = [];
  /** Per combination: its parts, and all joined. */
  #combinations: { parts: Track[]; joined: Track }[] = [];

  constructor(model: StreamModel, state: ScoringState) {
    this.model = model;
    this.state = state;
    this.#workspace = makeWorkspace(model.views);
    this.#tags = model.schema.tags.length;
  }

  /** Verdicts of every detector and combination, as long as the batch. The arrays are the caller's. */
  score(batch: Batch): Verdicts[] {
    this.#views = applyViews(this.model.views, this.state.views, matrixOf(batch), batch.times, this.#workspace);
    this.#reasons = this.model.detectors.map(() => new Map());
    const complete = new Map<string, Int32Array | undefined>();
    this.#detectors = this.model.detectors.map((detector, d) => {
      const matrix = this.#views.get(detector.view) as Matrix;
      if (!complete.has(detector.view)) complete.set(detector.view, completeRows(matrix));
      const track = makeTrack(detector.name, batch.rows);
      rawScores(detector, this.state.detectors[d], matrix, complete.get(detector.view), track.score, (row, score) => this.#gate(d, row, score));
      judge(track.score, batch.rows, detector.calibration, track);
      return track;
    });
    this.#combinations = this.model.combinations.map((combination, c) => {
      const parts = partTracks(combination.parts, this.state.combinations[c], this.#detectors, batch.rows);
      const joined = makeTrack(combination.name, batch.rows);
      joinParts(combination, parts, joined);
      return { parts, joined };
    });
    return [...this.#detectors, ...this.#combinations.map(({ joined }) => joined)].map((track, v) => ({
      detector: track.name,
      score: track.score,
      grade: track.grade,
      status: track.status,
      contributions: this.#topContributions(track, v),
    }));
  }

  /** Why verdict `v` is what it is at a row of the last batch. */
  peak(v: number, row: number): Peak {
    const detectors = this.model.detectors.length;
    if (v < detectors) {
      const { shares = new Float64Array(0), ...values } = this.#detectorReasons(v, row) ?? {};
      return { causes: [this.#detectors[v].name], contributions: shares, ...values };
    }
    const causes = new Set<string>();
    for (const [part, track] of this.#tellingParts(v - detectors, row)) {
      const members = part.members.map((m) => this.#detectors[m]);
      const flagged = members.filter((member) => isFlagged(member.status[row]));
      const telling = flagged.length > 0 || !isFlagged(track.status[row]) ? flagged : members.filter((_, m) => part.definition.weight(members, row, m) > 0);
      for (const member of telling) causes.add(member.name);
    }
    const shares = this.#combinedShares(v - detectors, row);
    if (!shares) return { causes: [...causes], contributions: new Float64Array(0) };
    return { causes: [...causes], contributions: shares, ...this.#combinedValues(v - detectors, row, shares) };
  }

  /** Called before a row is learned; true = learn from it. Only rows below the warn level are. */
  #gate(d: number, row: number, score: number): boolean {
    const { calibration } = this.model.detectors[d];
    if (gradeOf(score, calibration) >= explainFromGrade) this.#explain(d, row);
    return !isFlagged(statusOf(score, calibration));
  }

  #topContributions(track: Track, v: number): Contributions {
    const out: Contributions = { rows: [], tags: [], shares: [], rest: [] };
    const detectors = this.model.detectors.length;
    for (let row = 0; row < track.status.length; row++) {
      if (!isFlagged(track.status[row])) continue;
      const shares = v < detectors ? this.#detectorReasons(v, row)?.shares : this.#combinedShares(v - detectors, row);
      out.rows.push(row);
      pushTop(shares ?? new Float64Array(this.#tags), out);
    }
    return out;
  }

  /** Parts that flag the row, or all when none does. */
  #tellingParts(c: number, row: number): [CombinationPart, Track][] {
    const all = this.model.combinations[c].parts.map((part, p): [CombinationPart, Track] => [part, this.#combinations[c].parts[p]]);
    const flagged = all.filter(([, track]) => isFlagged(track.status[row]));
    return flagged.length > 0 ? flagged : all;
  }

  /** Undefined when none of the telling members can explain itself. */
  #combinedShares(c: number, row: number): Float64Array | undefined {
    const sum = new Float64Array(this.#tags);
    const direction = new Float64Array(this.#tags);
    for (const [part] of this.#tellingParts(c, row)) {
      const members = part.members.map((m) => this.#detectors[m]);
      const own = new Float64Array(this.#tags);
      for (const [m, detector] of part.members.entries()) {
        const weight = part.definition.weight(members, row, m);
        if (!(weight > 0)) continue;
        const shares = this.#detectorReasons(detector, row)?.shares;
        if (!shares) continue;
        // Members may see one tag from different sides: what they say of it adds up all the same.
        for (let t = 0; t < own.length; t++) {
          own[t] += weight * Math.abs(shares[t]);
          direction[t] += weight * shares[t];
        }
      }
      normalise(own);
      for (let t = 0; t < sum.length; t++) sum[t] += own[t];
    }
    if (!normalise(sum)) return undefined;
    for (let t = 0; t < sum.length; t++) if (direction[t] < 0) sum[t] = -sum[t];
    return sum;
  }

  /** Of each tag what the member says of it that speaks loudest for it, among those that see it on the side on which all together do. */
  #combinedValues(c: number, row: number, told: Float64Array): { actual: Float64Array; expected: Float64Array } {
    const actual = new Float64Array(this.#tags).fill(Number.NaN);
    const expected = new Float64Array(this.#tags).fill(Number.NaN);
    const loudest = new Float64Array(this.#tags);
    for (const [part] of this.#tellingParts(c, row)) {
      const members = part.members.map((m) => this.#detectors[m]);
      for (const [m, detector] of part.members.entries()) {
        const weight = part.definition.weight(members, row, m);
        const reasons = weight > 0 ? this.#detectorReasons(detector, row) : undefined;
        if (!reasons) continue;
        for (let t = 0; t < told.length; t++) {
          const loud = weight * reasons.shares[t] * Math.sign(told[t]);
          if (!(loud > loudest[t])) continue;
          loudest[t] = loud;
          actual[t] = reasons.actual[t];
          expected[t] = reasons.expected[t];
        }
      }
    }
    return { actual, expected };
  }

  /** Undefined for a row that a detector with memory has taken in unexplained, and where no tag stands out. */
  #detectorReasons(d: number, row: number): Reasons | undefined {
    const known = this.#reasons[d].get(row);
    if (!known && this.model.detectors[d].definition.step) return undefined;
    const reasons = known ?? this.#explain(d, row);
    return reasons.shares.length > 0 ? reasons : undefined;
  }

  /** Kept for the batch. */
  #explain(d: number, row: number): Reasons {
    const { definition, model, view } = this.model.detectors[d];
    const matrix = this.#views.get(view) as Matrix;
    const values = matrix.values.slice(row * matrix.cols, (row + 1) * matrix.cols);
    const columns = columnsOf(this.model.views, view).length;
    const explanation = { reference: new Float64Array(columns), weight: new Float64Array(columns) };
    definition.explain(model, this.state.detectors[d], values, explanation);
    const explained = explainBack(this.model.views, view, explanation, this.#workspace, row);
    const shares = contributionsOf(explained);
    for (let t = 0; t < shares.length; t++) {
      if (!(shares[t] > 0)) shares[t] = 0;
      else if (explained.value[t] < explained.reference[t]) shares[t] = -shares[t];
    }
    const reasons = { shares: normalise(shares) ? shares : new Float64Array(0), actual: explained.value, expected: explained.reference };
    this.#reasons[d].set(row, reasons);
    return reasons;
  }
}

/** Scales magnitudes to a sum of 1; false, and all zero, where that cannot be. */
function normalise(shares: Float64Array): boolean {
  let sum = 0;
  for (let t = 0; t < shares.length; t++) sum += Math.abs(shares[t]);
  const possible = sum > 0 && Number.isFinite(sum);
  if (possible) for (let t = 0; t < shares.length; t++) shares[t] /= sum;
  else shares.fill(0);
  return possible;
}

function pushTop(shares: Float64Array, out: Contributions): void {
  let rest = 1;
  let [last, lastAt] = [Number.POSITIVE_INFINITY, -1];
  for (let rank = 0; rank < topContributions; rank++) {
    let best = -1;
    for (let t = 0; t < shares.length; t++) {
      const size = Math.abs(shares[t]);
      if (size > last || (size === last && t <= lastAt)) continue;
      if (best < 0 || size > Math.abs(shares[best])) best = t;
    }
    const size = best < 0 ? 0 : Math.abs(shares[best]);
    out.tags.push(size > 0 ? best : -1);
    out.shares.push(size > 0 ? shares[best] : 0);
    rest -= size;
    [last, lastAt] = [size, best];
  }
  out.rest.push(Math.max(0, rest));
}
