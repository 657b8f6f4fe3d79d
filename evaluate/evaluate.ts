import type { PipelineConfig } from '../core/pipeline-config.ts';
import { type EvaluatedFile, evaluateFile, type FileRequest, type Training } from './evaluate-file.ts';
import type { Evaluation, FileEvaluation } from './evaluation.ts';
import type { InputFile } from './input-files.ts';
import { meanOf } from './mean.ts';

export interface EvaluationRequest extends Omit<FileRequest, 'path' | 'training' | 'onProgress'> {
  readonly files: readonly InputFile[];
  /** The pipeline for people. */
  readonly pipeline: string;
  /** For files without a training file of their own. */
  readonly training: Training;
  readonly onProgress?: (file: number, rows: number, share: number | undefined) => void;
  /** Takes a file's scores before the next is evaluated. */
  readonly onFile?: (evaluated: EvaluatedFile, file: number) => Promise<void>;
}

/** Evaluates each file by itself, with a pipeline of its own, and takes the mean over them. */
export async function evaluate({ files, pipeline, training, onProgress, onFile, ...common }: EvaluationRequest): Promise<Evaluation> {
  const evaluations: FileEvaluation[] = [];
  for (const [n, { path, train }] of files.entries()) {
    const evaluated = await evaluateFile({
      ...common,
      path,
      training: train === undefined ? training : { kind: 'file', path: train },
      ...(onProgress ? { onProgress: (rows, share) => onProgress(n, rows, share) } : {}),
    });
    await onFile?.(evaluated, n);
    evaluations.push(evaluated.evaluation);
  }
  return { pipeline, training: trainingText(files, training, common.config), files: evaluations, mean: meanOf(evaluations) };
}

function trainingText(files: readonly InputFile[], training: Training, { train }: PipelineConfig): string {
  const own = new Set(files.flatMap((file) => (file.train === undefined ? [] : [file.train])));
  if (own.size > 0) return own.size === 1 ? `the file ${[...own][0]}` : `${own.size} training files, one for each file`;
  const rows = training.kind === 'rows' ? { from: 0, to: training.rows } : train.kind === 'rows' ? train : undefined;
  const count = (n: number): string => n.toLocaleString('en-US');
  const each = files.length === 1 ? 'of the file' : 'of each file';
  if (rows) return rows.from === 0 ? `the first ${count(rows.to)} rows ${each}` : `rows ${count(rows.from)} to ${count(rows.to)} ${each}`;
  if (training.kind === 'file') return `the file ${training.path}`;
  return train.kind === 'model' ? `the model ${train.path}` : `the training file of the pipeline`;
}
