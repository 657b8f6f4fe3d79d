import type { PipelineConfig } from '../core/pipeline-config.ts';
import { type EvaluatedFile, evaluateFile, type FileRequest } from './evaluate-file.ts';
import type { Evaluation, FileEvaluation } from './evaluation.ts';
import type { InputFile } from './input-files.ts';
import { requireLabelledFile } from './labelled-file.ts';
import { meanOf } from './mean.ts';
import { type Training, trainingText } from './training.ts';

export interface EvaluationRequest extends Omit<FileRequest, 'path' | 'training' | 'onProgress' | 'onLooking'> {
  readonly files: readonly InputFile[];
  /** The pipeline for people. */
  readonly pipeline: string;
  /** For files without a training file of their own. */
  readonly training: Training;
  /** Whose marks `marks` are, for people. */
  readonly marksOf?: string | undefined;
  readonly onProgress?: (file: number, rows: number, share: number | undefined) => void;
  readonly onLooking?: (file: number) => void;
  /** Takes a file's scores before the next is evaluated. */
  readonly onFile?: (evaluated: EvaluatedFile, file: number) => Promise<void>;
}

/** Evaluates each file by itself, with a pipeline of its own, and takes the mean over them. */
export async function evaluate({ files, pipeline, training, marksOf, onProgress, onLooking, onFile, ...common }: EvaluationRequest): Promise<Evaluation> {
  const evaluations: FileEvaluation[] = [];
  // Whoever waited for many files is not to learn from the last one that it has no labels.
  if (files.length > 1 && common.labelFrom === undefined) {
    for (const { path } of files) await requireLabelledFile(path, common.reading, common.config, common.registry);
  }
  for (const [n, { path, train }] of files.entries()) {
    const evaluated = await evaluateFile({
      ...common,
      path,
      training: train === undefined ? training : { kind: 'file', path: train },
      ...(onProgress ? { onProgress: (rows, share) => onProgress(n, rows, share) } : {}),
      ...(onLooking ? { onLooking: () => onLooking(n) } : {}),
    });
    await onFile?.(evaluated, n);
    evaluations.push(evaluated.evaluation);
  }
  return {
    pipeline,
    training: trainingOfAll(files, training, common.config, evaluations),
    files: evaluations,
    mean: meanOf(evaluations),
    ...(marksOf === undefined ? {} : { marks: marksOf }),
  };
}

/** Files that share what they are trained on say so at once; where each has its own, it stands beside the file. */
function trainingOfAll(files: readonly InputFile[], training: Training, { train }: PipelineConfig, evaluations: readonly FileEvaluation[]): string {
  if (evaluations.length === 1) return evaluations[0].training;
  const own = new Set(files.flatMap((file) => file.train ?? []));
  if (own.size > 1) return `${own.size} training files, one for each file`;
  if (own.size === 1) return evaluations[0].training;
  const [first, ...others] = new Set(evaluations.map((evaluation) => evaluation.training));
  return training.kind === 'head' && others.length === 0 ? `${first}, in each file` : trainingText(training, train, 'of each file');
}
