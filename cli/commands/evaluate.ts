import type { Command } from 'commander';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import type { EvaluatedFile } from '../../evaluate/evaluate-file.ts';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import type { Training } from '../../evaluate/training.ts';
import type { Progress } from '../../producer/progress.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface EvaluateOptions {
  readonly train?: string;
  readonly trainRows?: string;
  readonly pipeline?: string;
  readonly detectors?: string;
  readonly label?: string;
  readonly labelFrom?: string;
  readonly period: string;
  readonly marks?: string;
  readonly out?: string;
  readonly scores?: string;
  readonly set?: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

export function register(program: Command): void {
  program
    .command('evaluate')
    .summary('how well the detectors find what labelled files say is anomalous')
    .description(
      'Runs labelled files through the very pipeline of `run`, row for row, and compares verdicts with labels: at the threshold learned without labels, at the best there is, and as a ranking, with the figures of two baselines beside. ' +
        'Labels are found by name and content: Normal/Attack, anomaly, label, ATT_FLAG. Each file is evaluated by itself; then the mean is taken.',
    )
    .argument('[file...]', 'labelled csv or xlsx files, or folders of them; none with --marks: the incidents that are stored')
    .option('--train <file>', 'train on this file; a folder: on the file there of the same name, or with train for test in it')
    .option(
      '--train-rows <n>',
      "train on each file's first so many rows; default: as the pipeline says, else the rows before the first labelled anomaly, at most half",
    )
    .option('--pipeline <file>', 'views, detectors, thresholds, combinations and incidents of this pipeline; default: a built-in one with every detector')
    .option('--detectors <types>', 'only these detectors of the built-in pipeline, e.g. mahalanobis,k-means')
    .option('--label <column>', 'the column that holds the labels')
    .option('--label-from <row>', 'whatever a column says: from this data row (0-based) on all is anomalous')
    .option('--period <span>', 'from row to row, for files without a time column', '1s')
    .option('--marks <pipeline>', 'hold incidents against what was marked as a true or false alarm on the page: in the store of this pipeline file')
    .option('--out <folder>', 'write evaluation.json, scores-<file>.csv and report.html there')
    .option('--scores <file>', "write one file's scores: row, then a column per method with its calibrated score")
    .option('--set <path=value>', setHelp, collect)
    .option('--json', 'print JSON: {pipeline, training, files, mean}')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice evaluate data/swat-sample.xlsx\n  sluice evaluate valve1 --train-rows 400 --detectors mahalanobis,k-means\n  sluice evaluate servers/test --train servers/train --out results\n  sluice evaluate plant.csv --train normal.csv --pipeline plant.yaml --json\n  sluice evaluate --marks plant.yaml\n  sluice evaluate plant.csv --pipeline plant.yaml --marks plant.yaml',
    )
    .action(run);
}

async function run(paths: readonly string[], options: EvaluateOptions): Promise<void> {
  const [{ evaluate }, { inputFiles }, { openDisplay }, { SluiceError }] = await Promise.all([
    import('../../evaluate/evaluate.ts'),
    import('../../evaluate/input-files.ts'),
    import('../display.ts'),
    import('../../core/errors.ts'),
  ]);
  const { openMarks, storedMarksText } = await import('../marked.ts');
  const marked = options.marks === undefined ? undefined : await openMarks(options.marks, options.set);
  if (paths.length === 0) {
    if (marked) return void process.stdout.write(await storedMarksText(marked, options));
    throw new SluiceError('USAGE', 'no file is named', { fix: 'Name labelled files or folders, or --marks PIPELINE for the incidents that are stored.' });
  }
  if (options.train !== undefined && options.trainRows !== undefined)
    throw new SluiceError('USAGE', 'both --train and --train-rows are given', { fix: 'Give one.' });
  const [period, trainRows, labelFrom] = await Promise.all([
    spanOption(options.period),
    countOption('--train-rows', options.trainRows, 2),
    countOption('--label-from', options.labelFrom, 0),
  ]);
  const { config, registry, name } = await pipelineOf(options);
  const files = await inputFiles(paths, options.train);
  if (options.scores !== undefined && files.length > 1) {
    throw new SluiceError('USAGE', `--scores is one file, and here are the scores of ${files.length}`, { fix: 'Take --out FOLDER, which gets one for each.' });
  }
  const scoreFiles = scoreFilesOf(
    files.map(({ path }) => path),
    options,
    await import('node:path'),
  );
  await prepareOutputs(options);
  (await import('../signals.ts')).endAtTheFirst();
  const { progress } = await openDisplay(options);
  let evaluation: Evaluation;
  let read = 0;
  try {
    evaluation = await evaluate({
      files,
      pipeline: name,
      config,
      registry,
      reading: { label: options.label, period },
      labelFrom,
      marks: marked?.marks,
      marksOf: marked?.name,
      training: await chosenTraining(trainRows, config, registry, options, progress),
      onLooking: (file) => progress.update({ read, stage: stageOf(files, file, 'looking for the first labelled anomaly') }),
      onProgress: (file, rows, share) =>
        progress.update({ read: read + rows, stage: stageOf(files, file), ...(share === undefined ? {} : { progress: (file + share) / files.length }) }),
      async onFile(evaluated, file) {
        read += evaluated.rowsRead;
        await writeScores(evaluated, scoreFiles[file]);
      },
    });
  } finally {
    progress.stop();
  }
  const { evaluationText } = await import('../evaluation-text.ts');
  const { terminalWidth } = await import('../text-table.ts');
  if (options.out !== undefined) await writeOut(evaluation, options.out);
  process.stdout.write(options.json ? `${JSON.stringify(evaluation)}\n` : evaluationText(evaluation, terminalWidth()));
  if (options.out !== undefined && !options.json) {
    const { join } = await import('node:path');
    process.stdout.write(`\nThe report: ${join(options.out, 'report.html')}\n`);
  }
}

/** The pipeline that is named, or the built-in one. */
async function pipelineOf({ pipeline, detectors, set = [] }: EvaluateOptions): Promise<{ config: PipelineConfig; registry: Registry; name: string }> {
  const [{ builtInRegistry, loadPipeline }, { parseConfig }, { standardName, standardPipeline }, { SluiceError }] = await Promise.all([
    import('../load-pipeline.ts'),
    import('../../core/config/load.ts'),
    import('../../evaluate/standard-pipeline.ts'),
    import('../../core/errors.ts'),
  ]);
  if (pipeline !== undefined) {
    if (detectors !== undefined)
      throw new SluiceError('USAGE', '--detectors chooses from the built-in pipeline, and --pipeline names another', { fix: 'Give one of them.' });
    return { ...(await loadPipeline(pipeline, { set })), name: pipeline };
  }
  const registry = await builtInRegistry();
  const text = await standardPipeline(
    registry,
    detectors?.split(',').map((type) => type.trim()),
  );
  return { config: await parseConfig(text, standardName, registry, { set, environment: {} }), registry, name: standardName };
}

/** What to learn from where a file has no training file: what is asked for, else what the pipeline says, else the normal head. */
async function chosenTraining(
  trainRows: number | undefined,
  config: PipelineConfig,
  registry: Registry,
  { train }: EvaluateOptions,
  progress: Progress,
): Promise<Training> {
  if (trainRows !== undefined) return { kind: 'rows', rows: trainRows };
  if (train !== undefined || (config.train.kind === 'rows' && config.train.assumed)) return { kind: 'head' };
  const { trainingOf } = await import('../pipeline-input.ts');
  return { kind: 'pipeline', learned: await trainingOf({ config, registry, watch: { warn: progress.line } }) };
}

function stageOf(files: readonly { readonly path: string }[], file: number, doing?: string): string {
  if (files.length === 1) return doing ?? 'evaluating';
  return [`file ${file + 1} of ${files.length}`, ...(doing === undefined ? [] : [doing])].join(', ');
}

async function spanOption(text: string): Promise<number> {
  const [{ parseDuration }, { quote, SluiceError }] = await Promise.all([import('../../core/time.ts'), import('../../core/errors.ts')]);
  const span = parseDuration(text);
  if (span !== undefined && span > 0) return span;
  throw new SluiceError('USAGE', `--period ${quote(text)} is no span of time`, { fix: 'Write a number and a unit, e.g. --period 1s.' });
}

async function countOption(option: string, text: string | undefined, least: number): Promise<number | undefined> {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) >= least) return Number(text);
  const { quote, SluiceError } = await import('../../core/errors.ts');
  throw new SluiceError('USAGE', `${option} ${quote(text)} is no whole number from ${least} on`, { fix: `Write a number of rows, e.g. ${option} 3600.` });
}

/** Where the scores of each file go; undefined: nowhere. Files of the same name in several folders are told apart by a number. */
function scoreFilesOf(paths: readonly string[], { out, scores }: EvaluateOptions, { basename, join }: typeof import('node:path')): (string | undefined)[][] {
  const taken = new Map<string, number>();
  return paths.map((path) => {
    const stem = basename(path).replace(/(\.csv|\.xls[xm]|\.jsonl|\.ndjson)?(\.gz)?$/i, '');
    const times = (taken.get(stem) ?? 0) + 1;
    taken.set(stem, times);
    return [scores, out === undefined ? undefined : join(out, `scores-${stem}${times > 1 ? `-${times}` : ''}.csv`)];
  });
}

async function prepareOutputs({ out, scores }: EvaluateOptions): Promise<void> {
  const [{ mkdir }, { requireFree }, { quote, SluiceError }] = await Promise.all([
    import('node:fs/promises'),
    import('../write-whole.ts'),
    import('../../core/errors.ts'),
  ]);
  if (scores !== undefined) requireFree(scores, { force: true });
  if (out === undefined) return;
  try {
    await mkdir(out, { recursive: true });
  } catch (cause) {
    throw new SluiceError('USAGE', `cannot make the folder ${quote(out)}: ${(cause as Error).message}`, { fix: 'Name a folder that can be written.', cause });
  }
}

async function writeScores({ scored }: EvaluatedFile, paths: readonly (string | undefined)[]): Promise<void> {
  const [{ writeWhole }, { scoresText }] = await Promise.all([import('../write-whole.ts'), import('../../evaluate/scores-file.ts')]);
  for (const path of paths) if (path !== undefined) await writeWhole(path, scoresText(scored));
}

async function writeOut(evaluation: Evaluation, folder: string): Promise<void> {
  const [{ writeWhole }, { reportHtml }, { join }] = await Promise.all([
    import('../write-whole.ts'),
    import('../../evaluate/report/report.ts'),
    import('node:path'),
  ]);
  await writeWhole(join(folder, 'evaluation.json'), [`${JSON.stringify(evaluation, undefined, 1)}\n`]);
  await writeWhole(join(folder, 'report.html'), [reportHtml(evaluation)]);
}
