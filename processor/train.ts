import { type Batch, matrixOf } from '../core/batch.ts';
import type { Column, CombinerDefinition, DetectorDefinition, ThresholdDefinition } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import type { PipelineConfig, ThresholdConfig } from '../core/pipeline-config.ts';
import { makeRandom } from '../core/random.ts';
import type { Plain } from '../core/record.ts';
import type { Registry } from '../core/registry.ts';
import { quantile } from '../kernels/quantile.ts';
import { type Calibration, fitCalibration, judge, type ThresholdChoice } from './calibration.ts';
import { type CombinationPart, type FittedCombination, type FittedDetector, modelConfiguration, type StreamModel } from './model.ts';
import { completeRows, makeTrack, partTracks, pick, rawScores, type Track } from './scoring.ts';
import type { ScoringWorkers } from './scoring-workers.ts';
import { applyViews, columnsOf, fitViews, loadSteps, makeWorkspace, type StepDefinitions, startViews, type Views, type ViewsState } from './views.ts';

/** The definitions a pipeline names, loaded once. */
export interface Definitions {
  readonly steps: StepDefinitions;
  readonly detectors: ReadonlyMap<string, DetectorDefinition>;
  readonly thresholds: ReadonlyMap<string, ThresholdDefinition>;
  readonly combiners: ReadonlyMap<string, CombinerDefinition>;
}

export async function loadDefinitions(config: PipelineConfig, registry: Registry): Promise<Definitions> {
  const thresholds = [config.threshold, ...[...config.detectors.values(), ...config.combine.values()].flatMap((c) => (c.threshold ? [c.threshold] : []))];
  const load = async <D>(types: Iterable<string>, one: (type: string) => Promise<D>): Promise<Map<string, D>> =>
    new Map(await Promise.all([...new Set(types)].map(async (type) => [type, await one(type)] as const)));
  return {
    steps: await loadSteps(
      config.views,
      [...config.detectors.values()].map((detector) => detector.view),
      registry,
    ),
    detectors: await load(
      [...config.detectors.values()].map((detector) => detector.type),
      (type) => registry.load('detector', type),
    ),
    thresholds: await load(
      thresholds.flatMap(({ warn, error }) => [warn.type, error.type]),
      (type) => registry.load('threshold', type),
    ),
    combiners: await load(
      [...config.combine.values()].flatMap((c) => c.parts.map((part) => part.type)),
      (type) => registry.load('combiner', type),
    ),
  };
}

/** What a stream goes on from: the state that the training rows left behind. */
export interface ScoringState {
  readonly views: ViewsState;
  readonly detectors: Plain[];
  /** Per combination, per part. */
  readonly combinations: Plain[][];
}

export interface Split {
  /** Detectors and steps learn from rows [0, fit). */
  readonly fit: number;
  /** Thresholds are calibrated on rows [calibration, n). */
  readonly calibration: number;
}

/**
 * 70 % to fit, 5 % as a gap so that neighbours in time do not stand on both sides, the rest to calibrate; `none`: all rows for both.
 * @example
 * splitTraining(3600, 'split'); // { fit: 2520, calibration: 2700 }
 */
export function splitTraining(rows: number, calibrate: 'split' | 'none'): Split {
  if (calibrate === 'none') return { fit: rows, calibration: 0 };
  const fit = Math.floor(rows * 0.7);
  return { fit, calibration: fit + Math.floor(rows * 0.05) };
}

export interface TrainingHelp {
  /** Told the stage of training, again and again; it goes on once the answer has come. */
  readonly watch?: (stage: 'fitting' | 'calibrating') => Promise<void>;
  /** Threads that take some of the detectors. */
  readonly workers?: ScoringWorkers | undefined;
}

/**
 * Fits views and detectors on the training rows' first part and thresholds on the last, then leaves the state as if the
 * rows had streamed through, so that the row after the last one is scored as in any replay.
 *
 * @param batch the training rows, in order, NaN = missing
 * @throws TRAINING_UNFIT when nothing can be learned, and from whom
 */
export async function train(
  batch: Batch,
  config: PipelineConfig,
  definitions: Definitions,
  { watch, workers }: TrainingHelp = {},
): Promise<{ model: StreamModel; state: ScoringState }> {
  const rows = batch.rows;
  const split = splitTraining(rows, config.train.calibrate);
  if (split.fit < 2 || split.calibration >= rows) {
    throw new SluiceError('TRAINING_UNFIT', `${rows} training rows are too few to fit on one part and calibrate on another`, { fix: 'Raise train.rows.' });
  }
  await watch?.('fitting');
  const needed = new Set([...config.detectors.values()].map((detector) => detector.view));
  const views = fitViews({
    views: config.views,
    steps: definitions.steps,
    needed,
    schema: batch.schema,
    rows: matrixOf(batch),
    times: batch.times,
    fitRows: split.fit,
  });
  const { matrices, state: viewsState } = streamThrough(views, needed, batch);

  const trainings = [...config.detectors].map(([name, { type, options, view, threshold = config.threshold }]): DetectorTraining => {
    const columns = columnsOf(views, view).map(({ name, kind }) => ({ name, kind }));
    return { name, type, options, threshold, columns, matrix: matrices.get(view) as Matrix, seed: config.seed, split };
  });
  const alone = async (n: number): Promise<TrainedDetector> => {
    const trained = trainDetector(trainings[n], definitions);
    // Whoever asks something of the process meanwhile gets the answer now.
    await watch?.('fitting');
    return trained;
  };
  const trained = workers ? await workers.train(trainings, alone) : await inTurn(trainings.length, alone);
  await watch?.('calibrating');
  const tracks = trained.map(({ score, calibration }, n) => {
    const track = { ...makeTrack(trainings[n].name, rows), score };
    judge(score, rows, calibration, track);
    return track;
  });
  const detectors = [...config.detectors].map(
    ([name, { type, view }], n): FittedDetector => ({
      ...{ name, view, definition: definitions.detectors.get(type) as DetectorDefinition },
      ...{ model: trained[n].model, calibration: trained[n].calibration },
    }),
  );

  const calibrationTracks = tracks.map((track) => tailOf(track, split.calibration));
  const combinations: FittedCombination[] = [];
  const combinationStates: Plain[][] = [];
  for (const [name, { parts: partConfigs, threshold }] of config.combine) {
    const parts: CombinationPart[] = [];
    const states: Plain[] = [];
    for (const { type, options, of } of partConfigs) {
      const definition = definitions.combiners.get(type) as CombinerDefinition;
      const part = { definition, options, members: of.map((member) => detectors.findIndex((detector) => detector.name === member)), calibration: undefined };
      const state = definition.start?.(options, part.members.length) ?? null;
      const [track] = partTracks([part], [state], calibrationTracks, rows - split.calibration);
      parts.push(definition.scoring === 'fused' ? { ...part, calibration: calibrate(name, track.score, threshold ?? config.threshold, definitions) } : part);
      states.push(state);
    }
    combinations.push({ name, parts });
    combinationStates.push(states);
  }
  return {
    model: {
      schema: batch.schema,
      views,
      detectors,
      combinations,
      configuration: modelConfiguration(config),
      fitRows: split.fit,
      calibrationRows: rows - split.calibration,
      interval: medianInterval(batch.times),
    },
    state: { views: viewsState, detectors: trained.map(({ state }) => state), combinations: combinationStates },
  };
}

/** Median of the steps forward in time, milliseconds; 0 when time stands still. */
function medianInterval(times: BigInt64Array): number {
  const steps = new Float64Array(times.length - 1);
  for (let row = 1; row < times.length; row++) steps[row - 1] = Number(times[row] - times[row - 1]) / 1e6;
  const forward = steps.filter((step) => step > 0).sort();
  return forward.length === 0 ? 0 : quantile(forward, 0.5);
}

/** The state of a stream that begins with a model made elsewhere. */
export function startScoring(model: StreamModel): ScoringState {
  return {
    views: startViews(model.views),
    detectors: model.detectors.map(({ definition, model: learned }) => definition.start?.(learned) ?? null),
    combinations: model.combinations.map(({ parts }) => parts.map(({ definition, options, members }) => definition.start?.(options, members.length) ?? null)),
  };
}

function streamThrough(views: Views, names: ReadonlySet<string>, batch: Batch): { matrices: Map<string, Matrix>; state: ViewsState } {
  const state = startViews(views);
  const workspace = makeWorkspace(views);
  const whole = matrixOf(batch);
  const matrices = new Map(
    [...names].map((name): [string, Matrix] => {
      const { length } = columnsOf(views, name);
      return [name, makeMatrix(batch.rows, length, new Float64Array(new SharedArrayBuffer(batch.rows * length * 8)))];
    }),
  );
  for (let from = 0; from < batch.rows; from += 1024) {
    const to = Math.min(batch.rows, from + 1024);
    const results = applyViews(views, state, rowsOf(whole, from, to), batch.times.subarray(from, to), workspace);
    for (const [name, { values, cols }] of matrices) values.set((results.get(name) as Matrix).values.subarray(0, (to - from) * cols), from * cols);
  }
  return { matrices, state };
}

/** What it takes to train one detector; nothing that a thread could not be told. */
export interface DetectorTraining {
  readonly name: string;
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly threshold: ThresholdConfig;
  /** The view's, and its training rows. */
  readonly columns: readonly Column[];
  readonly matrix: Matrix;
  readonly split: Split;
  readonly seed: number;
}

export interface TrainedDetector {
  readonly model: Plain;
  /** After the training rows. */
  readonly state: Plain;
  /** Of every training row, NaN where there is none. */
  readonly score: Float64Array;
  readonly calibration: Calibration;
}

/** Fits a detector, scores the training rows in order and calibrates its thresholds. @throws TRAINING_UNFIT */
export function trainDetector(training: DetectorTraining, definitions: Pick<Definitions, 'detectors' | 'thresholds'>): TrainedDetector {
  const { name, type, threshold, matrix, split } = training;
  const definition = definitions.detectors.get(type) as DetectorDefinition;
  const model = fitDetector(definition, training);
  const state = definition.start?.(model) ?? null;
  const score = new Float64Array(matrix.rows);
  const learned = split.fit < matrix.rows && definition.startsFitted?.(model) ? split.fit : 0;
  const rest = rowsOf(matrix, learned, matrix.rows);
  score.fill(Number.NaN, 0, learned);
  rawScores({ definition, model }, state, rest, completeRows(rest), score.subarray(learned), () => true);
  return { model, state, score, calibration: calibrate(name, score.subarray(split.calibration), threshold, definitions) };
}

function fitDetector(definition: DetectorDefinition, { name, options, columns, matrix, split, seed }: DetectorTraining): Plain {
  const fitPart = rowsOf(matrix, 0, split.fit);
  const fitComplete = completeRows(fitPart);
  const part = definition.calibrate === false ? matrix : fitPart;
  const rows = pick(part, completeRows(part));
  const completeFitRows = fitComplete?.length ?? split.fit;
  if (completeFitRows === 0) {
    throw new SluiceError('TRAINING_UNFIT', `detector '${name}' has no complete row among the ${split.fit} it is fitted on: ${mostMissing(fitPart, columns)}`, {
      fix: 'Let `impute` hold values for longer, or leave the empty tags out with source.ignore.',
    });
  }
  return definition.fit(rows, columns, options, { random: makeRandom(seed, name), fitRows: completeFitRows });
}

async function inTurn<T>(count: number, one: (n: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let n = 0; n < count; n++) all.push(await one(n));
  return all;
}

function mostMissing(matrix: Matrix, columns: readonly { readonly name: string }[]): string {
  const missing = columns.map(({ name }, c) => {
    let count = 0;
    for (let row = 0; row < matrix.rows; row++) if (Number.isNaN(matrix.values[row * matrix.cols + c])) count++;
    return { name, count };
  });
  return missing
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ name, count }) => `${name} is missing in ${count}`)
    .join(', ');
}

function calibrate(name: string, scores: Float64Array, threshold: ThresholdConfig, definitions: Pick<Definitions, 'thresholds'>): Calibration {
  if (scores.every(Number.isNaN)) {
    throw new SluiceError('TRAINING_UNFIT', `'${name}' could score none of the ${scores.length} rows its thresholds are calibrated on`, {
      fix: 'Give more training rows, or let `impute` hold values for longer.',
    });
  }
  const choice = ({ type, options }: ThresholdConfig['warn']): ThresholdChoice => ({
    definition: definitions.thresholds.get(type) as ThresholdDefinition,
    options,
  });
  return fitCalibration(scores, choice(threshold.warn), choice(threshold.error));
}

function tailOf({ name, score, grade, status, logScore }: Track, from: number): Track {
  return { name, score: score.subarray(from), grade: grade.subarray(from), status: status.subarray(from), logScore: logScore.subarray(from) };
}
