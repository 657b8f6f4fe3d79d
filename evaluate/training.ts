import { resolve } from 'node:path';
import type { Batch } from '../core/batch.ts';
import type { Source } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import type { PipelineConfig, TrainConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import type { PipelineOptions } from '../processor/pipeline.ts';
import { collectRows } from '../producer/collect.ts';
import { openTrainingFile, type Reading } from './labelled-file.ts';
import { findNormalHead, type LabelOf, type NormalHead } from './normal-head.ts';

/** What the detectors learn from: the file's normal head, its own first rows, another file, or what the pipeline says. */
export type Training =
  | { readonly kind: 'head' }
  | { readonly kind: 'rows'; readonly rows: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'pipeline'; readonly learned: Pick<PipelineOptions, 'trainingRows' | 'model'> };

export interface PlanRequest {
  readonly training: Training;
  /** The file to evaluate. */
  readonly path: string;
  readonly source: Source;
  readonly reading: Reading;
  readonly labelOf: LabelOf;
  readonly config: PipelineConfig;
  readonly registry: Registry;
  /** Told while the file is looked through for where its normal head ends. */
  readonly onLooking?: (() => void) | undefined;
}

/** What a file is to be trained on. */
export interface TrainingPlan {
  readonly train: TrainConfig;
  /** For people: which rows, and why those. */
  readonly text: string;
  /** For a pipeline that does not learn from the file's own rows. */
  readonly learned: Pick<PipelineOptions, 'trainingRows' | 'model'>;
  /** Rows that trained, filled as they come. */
  readonly trained: TrainedRows;
  /** To be shown the rows of the file in order. */
  readonly count: (batch: Batch) => void;
  readonly head: NormalHead | undefined;
}

/** What is known of the rows that trained: nothing where a model was made elsewhere. */
export interface TrainedRows {
  rows: number;
  /** Labelled so. */
  anomalous: number;
  /** Without a label, though the file has labels. */
  unlabelled: number;
}

const shown = (n: number): string => n.toLocaleString('en-US');

/** Fewer are not learned from unasked: a quarter of them sets the thresholds. */
const leastRows = 100;

const otherRows = 'Train on a file of normal rows with --train FILE, or on the first so many rows, whatever their labels, with --train-rows N.';

/** Finds out what a file is to be trained on. @throws TRAINING_UNFIT where its normal head is too short, SOURCE_… */
export async function planTraining(request: PlanRequest): Promise<TrainingPlan> {
  const { training, path, source, labelOf, config, onLooking } = request;
  const head = training.kind === 'head' ? await normalHead(path, source, config.stream, labelOf, onLooking) : undefined;
  const train = trainConfig(training, config, head);
  const trained: TrainedRows = { rows: 0, anomalous: 0, unlabelled: 0 };
  return {
    train,
    text: head ? textOf(head) : trainingText(training, train, 'of the file'),
    learned: counting(learnedElsewhere(request), trained, training.kind === 'file' && resolve(training.path) === resolve(path) ? labelOf : (_, label) => label),
    trained,
    count: ownCounter(train, labelOf, trained),
    head,
  };
}

/**
 * For people: what training by explicit choice learns from.
 * @param whose `of the file` or `of each file`
 */
export function trainingText(training: Training, train: TrainConfig, whose: string): string {
  if (training.kind === 'head') return `the rows before the first labelled anomaly ${whose}, at most half of its rows`;
  if (training.kind === 'file') return `the file ${training.path}`;
  const rows = training.kind === 'rows' ? { from: 0, to: training.rows } : train.kind === 'rows' ? train : undefined;
  if (rows) return rows.from === 0 ? `the first ${shown(rows.to)} rows ${whose}` : `rows ${shown(rows.from)} to ${shown(rows.to - 1)} ${whose}`;
  return train.kind === 'model' ? `the model ${train.path}` : 'the training file of the pipeline';
}

/** Says of which file the training rows turned out to be unfit, and which rows they were where nobody had chosen them. */
export function unfitRows(error: unknown, path: string, { head, train }: TrainingPlan): unknown {
  if (!(error instanceof SluiceError) || error.code !== 'TRAINING_UNFIT') return error;
  const file = train.kind === 'file' ? String(train.source.options.path) : path;
  const place = error.place === undefined ? file : `${file}, ${error.place}`;
  if (head) return new SluiceError('TRAINING_UNFIT', `${error.what}; it was to learn from ${textOf(head)}`, { place, fix: otherRows, cause: error });
  return new SluiceError('TRAINING_UNFIT', error.what, { place, cause: error, ...(error.fix === undefined ? {} : { fix: error.fix }) });
}

async function normalHead(path: string, source: Source, stream: string, labelOf: LabelOf, onLooking?: () => void): Promise<NormalHead> {
  const head = await findNormalHead(source, stream, labelOf, onLooking);
  if (head.rows >= leastRows) return head;
  const least = `${leastRows} at least`;
  const { firstAnomaly, before, all } = head;
  if (all === 0) {
    throw new SluiceError('TRAINING_UNFIT', 'none of its rows can be read: there is nothing to learn from', {
      place: path,
      fix: 'A row has a cell for every column and a time that can be read: correct the file.',
    });
  }
  const what =
    firstAnomaly !== undefined && before === 0
      ? `its first row, data row ${shown(firstAnomaly)}, is labelled anomalous: there is no normal row before it to learn from`
      : firstAnomaly !== undefined && before < leastRows
        ? `its first labelled anomaly is data row ${shown(firstAnomaly)}: too few rows come before it to learn from (${least})`
        : `half of its ${shown(all)} rows are too few to learn from (${least})`;
  throw new SluiceError('TRAINING_UNFIT', what, { place: path, fix: otherRows });
}

function textOf({ rows, before, firstRow, lastRow, firstAnomaly }: NormalHead): string {
  const range = `rows ${shown(firstRow)} to ${shown(lastRow)}`;
  if (firstAnomaly === undefined) return `${range}, half of the file, as no row is labelled anomalous`;
  return rows === before
    ? `${range}, the rows before the first labelled anomaly`
    : `${range}, half of the file; the first labelled anomaly is row ${shown(firstAnomaly)}`;
}

function trainConfig(training: Training, { train, source }: PipelineConfig, head: NormalHead | undefined): TrainConfig {
  const { calibrate } = train;
  if (head) return { kind: 'rows', from: 0, to: head.rows, calibrate };
  if (training.kind === 'rows') return { kind: 'rows', from: 0, to: training.rows, calibrate };
  return training.kind === 'file' ? { kind: 'file', source: { ...source, options: { path: training.path } }, calibrate } : train;
}

function learnedElsewhere({ training, reading, config, registry }: PlanRequest): TrainingPlan['learned'] {
  if (training.kind === 'pipeline') return training.learned;
  return training.kind === 'file' ? { trainingRows: () => readTrainingFile(training.path, reading, config, registry) } : {};
}

async function readTrainingFile(path: string, reading: Reading, config: PipelineConfig, registry: Registry): Promise<Batch> {
  const { source } = await openTrainingFile(path, reading, config, registry);
  try {
    return await collectRows(source, config.stream);
  } finally {
    await source.close();
  }
}

/** Counts the rows of another file as they are asked for. */
function counting({ trainingRows, ...learned }: TrainingPlan['learned'], trained: TrainedRows, labelOf: LabelOf): TrainingPlan['learned'] {
  if (!trainingRows) return learned;
  return {
    ...learned,
    async trainingRows(stream) {
      const batch = await trainingRows(stream);
      for (let row = 0; row < batch.rows; row++) countRow(batch, row, labelOf, trained);
      return batch;
    },
  };
}

/** Counts the file's own rows that train; rows that came too late to be taken, which have no ordinal, are none. */
function ownCounter(train: TrainConfig, labelOf: LabelOf, trained: TrainedRows): (batch: Batch) => void {
  if (train.kind !== 'rows') return () => undefined;
  let taken = 0;
  return (batch) => {
    for (let row = 0; row < batch.rows && taken < train.to; row++) {
      if (batch.seqs[row] >= 0 && taken++ >= train.from) countRow(batch, row, labelOf, trained);
    }
  };
}

function countRow({ origins, labels }: Batch, row: number, labelOf: LabelOf, trained: TrainedRows): void {
  const label = labelOf(origins[row], labels?.[row] ?? -1);
  trained.rows++;
  if (label === 1) trained.anomalous++;
  else if (label < 0) trained.unlabelled++;
}
