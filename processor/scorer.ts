import { type Batch, matrixOf } from '../core/batch.ts';
import type { Matrix } from '../core/matrix.ts';
import { type Contributions, isFlagged, topContributions, type Verdicts } from '../core/verdict.ts';
import { BatchReasons, type Reasons } from './batch-reasons.ts';
import { gradeOf, judge, statusOf } from './calibration.ts';
import type { Peak } from './incidents.ts';
import type { CombinationPart, StreamModel } from './model.ts';
import { completeRows, joinParts, makeTrack, makeTracks, partTracks, rawScores, type Track } from './scoring.ts';
import { doTask, explainRow, normalise, type ScoringWork, tasksOf } from './scoring-work.ts';
import type { SharedScoring } from './scoring-workers.ts';
import type { ScoringState } from './train.ts';
import { applyViews, makeWorkspace, type Workspace } from './views.ts';

/**
 * A detector with memory is explained before it takes a row in, and asked only for rows from this grade on; what it could
 * say later would depend on the rows that were scored since. Its milder rows add nothing to a combination's reasons.
 */
const explainFromGrade = 0.25;

/** Batches of fewer rows, and fewer reasons, are done by the main thread alone. */
const [rowsToShare, reasonsToShare] = [128, 24];

/** A combiner of a combination, with its verdicts and those of the detectors it is over. */
interface JudgedPart extends CombinationPart {
  readonly track: Track;
  readonly tracks: readonly Track[];
}

/** Tells a model's threads that a scorer is gone. */
const gone = new FinalizationRegistry<SharedScoring>((shared) => shared.end());

/** Scores the rows of one stream, in order: views once, then detectors, then combinations, then why. */
export class Scorer {
  readonly model: StreamModel;
  readonly state: ScoringState;
  readonly #shared: SharedScoring | undefined;
  readonly #workspace: Workspace;
  readonly #tags: number;
  /** Of the last batch, as far as they were asked for: those of detectors with memory, and those that any thread can find. */
  readonly #learned: BatchReasons;
  #apart: BatchReasons;
  /** A thread that was given up may still write to the last batch's reasons. */
  #renew = false;
  /** Of one row, an entry a tag: memory for all calls. */
  readonly #sums: { readonly sum: Float64Array; readonly direction: Float64Array; readonly own: Float64Array };
  #detectors: Track[] = [];
  #combinations: { parts: readonly JudgedPart[]; joined: Track }[] = [];

  /** @param shared threads that help with large batches */
  constructor(model: StreamModel, state: ScoringState, shared?: SharedScoring) {
    this.model = model;
    this.state = state;
    this.#shared = shared;
    if (shared) gone.register(this, shared);
    this.#workspace = makeWorkspace(model.views);
    this.#tags = model.schema.tags.length;
    this.#sums = { sum: new Float64Array(this.#tags), direction: new Float64Array(this.#tags), own: new Float64Array(this.#tags) };
    this.#learned = this.#newReasons();
    this.#apart = this.#newReasons();
  }

  /** Verdicts of every detector and combination, as long as the batch. The arrays are the caller's. */
  score(batch: Batch): Verdicts[] {
    const { model } = this;
    applyViews(model.views, this.state.views, matrixOf(batch), batch.times, this.#workspace);
    this.#judgeRows(batch.rows);
    this.#combinations = model.combinations.map((combination, c) => {
      const tracks = partTracks(combination.parts, this.state.combinations[c], this.#detectors, batch.rows);
      const joined = makeTrack(combination.name, batch.rows);
      joinParts(combination, tracks, joined);
      const parts = combination.parts.map((part, p) => ({ ...part, track: tracks[p], tracks: part.members.map((d) => this.#detectors[d]) }));
      return { parts, joined };
    });
    this.#explainFlagged(batch.rows);
    return [...this.#detectors, ...this.#combinations.map(({ joined }) => joined)].map((track, v) => ({
      detector: track.name,
      score: track.score,
      grade: track.grade,
      status: track.status,
      contributions: this.#topContributions(track, v),
    }));
  }

  #judgeRows(rows: number): void {
    const { detectors } = this.model;
    const names = detectors.map(({ name }) => name);
    this.#detectors = rows >= rowsToShare ? makeTracks(names, rows) : names.map((name) => makeTrack(name, rows));
    const shared = rows >= rowsToShare && this.#shared?.ready() ? this.#shared : undefined;
    this.#learned.begin(rows);
    if (this.#renew) this.#beginAnew(rows);
    this.#apart.begin(rows);
    const apart = [...detectors.keys()].filter((d) => !detectors[d].definition.step);
    const work: ScoringWork = { kind: 'verdicts', rows, detectors: apart, tracks: apart.map((d) => this.#detectors[d]), table: this.#apart.table };
    const isClean = this.#do(work, shared, () => this.#judgeInOrder());
    // Nothing that a thread has a hold of which was given up.
    if (isClean) this.#apart.settle();
    else this.#beginAnew(rows);
  }

  /** Detectors with memory see one row after the other. */
  #judgeInOrder(): void {
    for (const [d, detector] of this.model.detectors.entries()) {
      if (!detector.definition.step) continue;
      const matrix = this.#workspace.out.get(detector.view) as Matrix;
      const track = this.#detectors[d];
      rawScores(detector, this.state.detectors[d], matrix, completeRows(matrix), track.score, (row, score) => this.#gate(d, row, score));
      judge(track.score, matrix.rows, detector.calibration, track);
    }
  }

  /** Finds the further reasons that the contributions of flagged rows are made of, all together. */
  #explainFlagged(rows: number): void {
    const { detectors } = this.model;
    const ask = (d: number, row: number): void => {
      if (!detectors[d].definition.step) this.#apart.ask(d, row);
    };
    for (const [d, { status }] of this.#detectors.entries()) for (let row = 0; row < rows; row++) if (isFlagged(status[row])) ask(d, row);
    for (const [c, { joined }] of this.#combinations.entries()) {
      for (let row = 0; row < rows; row++) {
        if (!isFlagged(joined.status[row])) continue;
        for (const { definition, members, tracks } of this.#tellingParts(c, row))
          for (let m = 0; m < members.length; m++) if (definition.weight(tracks, row, m) > 0) ask(members[m], row);
      }
    }
    const work: ScoringWork = { kind: 'reasons', ...this.#apart.takeOpen() };
    const shared = work.to - work.from >= reasonsToShare && this.#shared?.ready() ? this.#shared : undefined;
    this.#renew = !this.#do(work, shared, () => undefined);
  }

  /** @param meanwhile is done by this thread, beside others where there are any */
  #do(work: ScoringWork, shared: SharedScoring | undefined, meanwhile: () => void): boolean {
    if (shared) return shared.run(work, this.#workspace, this.model, meanwhile);
    meanwhile();
    for (let task = 0; task < tasksOf(work); task++) doTask(work, task, this.model, this.#workspace);
    return true;
  }

  #beginAnew(rows: number): void {
    this.#apart = this.#newReasons();
    this.#apart.begin(rows);
    this.#renew = false;
  }

  #newReasons(): BatchReasons {
    return new BatchReasons(this.model.detectors.length, this.#tags);
  }

  /** Why verdict `v` is what it is at a row of the last batch. */
  peak(v: number, row: number): Peak {
    const detectors = this.model.detectors.length;
    if (v < detectors) {
      const reasons = this.#detectorReasons(v, row);
      const causes = [this.#detectors[v].name];
      if (!reasons) return { causes, contributions: new Float64Array(0) };
      // The next batch takes their place.
      return { causes, contributions: reasons.shares.slice(), actual: reasons.actual.slice(), expected: reasons.expected.slice() };
    }
    const causes = new Set<string>();
    for (const { definition, track, tracks } of this.#tellingParts(v - detectors, row)) {
      const flagged = tracks.filter(({ status }) => isFlagged(status[row]));
      const telling = flagged.length > 0 || !isFlagged(track.status[row]) ? flagged : tracks.filter((_, m) => definition.weight(tracks, row, m) > 0);
      for (const member of telling) causes.add(member.name);
    }
    const shares = this.#combinedShares(v - detectors, row)?.slice();
    if (!shares) return { causes: [...causes], contributions: new Float64Array(0) };
    return { causes: [...causes], contributions: shares, ...this.#combinedValues(v - detectors, row, shares) };
  }

  /** Called before a row is learned; true = learn from it. Only rows below the warn level are. */
  #gate(d: number, row: number, score: number): boolean {
    const { calibration } = this.model.detectors[d];
    if (gradeOf(score, calibration) >= explainFromGrade) this.#explain(this.#learned, d, row);
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
  #tellingParts(c: number, row: number): readonly JudgedPart[] {
    const { parts } = this.#combinations[c];
    if (parts.length === 1) return parts;
    const flagged = parts.filter(({ track }) => isFlagged(track.status[row]));
    return flagged.length > 0 ? flagged : parts;
  }

  /** Until the next call; undefined when none of the telling members can explain itself. */
  #combinedShares(c: number, row: number): Float64Array | undefined {
    const { sum, direction, own } = this.#sums;
    sum.fill(0);
    direction.fill(0);
    for (const { definition, members, tracks } of this.#tellingParts(c, row)) {
      own.fill(0);
      for (let m = 0; m < members.length; m++) {
        const weight = definition.weight(tracks, row, m);
        const shares = weight > 0 ? this.#detectorReasons(members[m], row)?.shares : undefined;
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
    for (const { definition, members, tracks } of this.#tellingParts(c, row)) {
      for (let m = 0; m < members.length; m++) {
        const weight = definition.weight(tracks, row, m);
        const reasons = weight > 0 ? this.#detectorReasons(members[m], row) : undefined;
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
    if (this.model.detectors[d].definition.step) return this.#learned.get(d, row);
    if (!this.#apart.has(d, row)) this.#explain(this.#apart, d, row);
    return this.#apart.get(d, row);
  }

  #explain(reasons: BatchReasons, d: number, row: number): void {
    reasons.find(d, row, (out) => explainRow(this.model, this.state.detectors[d], d, row, this.#workspace, out));
  }
}

/** The largest of one row: memory for all calls. */
const top = { tag: new Int32Array(topContributions), size: new Float64Array(topContributions) };

/** The largest magnitudes first; of equal ones the first tag's. */
function pushTop(shares: Float64Array, out: Contributions): void {
  let count = 0;
  for (let t = 0; t < shares.length; t++) {
    const size = Math.abs(shares[t]);
    if (!(size > 0) || (count === topContributions && !(size > top.size[count - 1]))) continue;
    let at = count < topContributions ? count++ : count - 1;
    for (; at > 0 && size > top.size[at - 1]; at--) {
      top.tag[at] = top.tag[at - 1];
      top.size[at] = top.size[at - 1];
    }
    top.tag[at] = t;
    top.size[at] = size;
  }
  let rest = 1;
  for (let rank = 0; rank < topContributions; rank++) {
    out.tags.push(rank < count ? top.tag[rank] : -1);
    out.shares.push(rank < count ? shares[top.tag[rank]] : 0);
    if (rank < count) rest -= top.size[rank];
  }
  out.rest.push(Math.max(0, rest));
}
