import type { Command } from 'commander';
import type { Batch } from '../../core/batch.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import type { StreamModel } from '../../processor/model.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface TrainOptions {
  readonly set?: readonly string[];
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command('train')
    .summary('fit the detectors once and keep the model in a file')
    .description(
      'Fits views, detectors and thresholds on the training rows that the pipeline names and writes the model; `train: { model: FILE }` then begins with it, without a warm-up.',
    )
    .argument('<pipeline>', 'the pipeline file, YAML or JSON')
    .option('--set <path=value>', setHelp, collect)
    .option('-o, --out <file>', 'where to write the model; default: <stream>.model')
    .option('--force', 'overwrite the file')
    .option('--json', 'print JSON: {out, rows, fitRows, calibrationRows, detectors}')
    .addHelpText(
      'after',
      "\nExamples:\n  sluice train pipelines/swat.yaml --set train.rows=3500-8000 --out swat.model\n  sluice train plant.yaml --set train='{file: {type: csv, path: normal.csv}}'\n  sluice run pipelines/swat.yaml --fresh --set train='{model: swat.model}'",
    )
    .action(trainModel);
}

async function trainModel(file: string, options: TrainOptions): Promise<void> {
  const [{ loadPipeline }, { loadDefinitions, train }, { saveModel }, { requireFree, writeWhole }] = await Promise.all([
    import('../load-pipeline.ts'),
    import('../../processor/train.ts'),
    import('../../processor/model.ts'),
    import('../write-whole.ts'),
  ]);
  const { config, registry } = await loadPipeline(file, { set: options.set ?? [] });
  const out = options.out ?? `${config.stream}.model`;
  requireFree(out, options);
  const rows = await trainingRows(config, registry);
  const { model } = await train(rows, config, await loadDefinitions(config, registry));
  await writeWhole(out, saveModel(model).bytes);
  const levels = levelsOf(model);
  if (options.json) {
    const { fitRows, calibrationRows } = model;
    process.stdout.write(`${JSON.stringify({ out, rows: rows.rows, fitRows, calibrationRows, tags: model.schema.tags.length, detectors: levels })}\n`);
    return;
  }
  const { textTable } = await import('../text-table.ts');
  const { showScore } = await import('../../core/shown.ts');
  const count = (n: number): string => n.toLocaleString('en-US');
  process.stdout.write(`${out}: fitted on ${count(model.fitRows)} rows, thresholds calibrated on ${count(model.calibrationRows)}\n\n`);
  const table = Object.entries(levels).map(([name, { median, warn, error, method }]) => [
    name,
    ...[median, warn, error].map((level) => Number(showScore(level))),
    method,
  ]);
  process.stdout.write(textTable(['detector', 'median', 'warn', 'error', 'how'], table));
}

async function trainingRows(config: PipelineConfig, registry: Registry): Promise<Batch> {
  const [{ openSource, requirePast }, { collectRows }, { SluiceError }] = await Promise.all([
    import('../pipeline-input.ts'),
    import('../../producer/collect.ts'),
    import('../../core/errors.ts'),
  ]);
  const { train } = config;
  if (train.kind === 'model') {
    throw new SluiceError('CONFIG_INVALID', `the pipeline begins with the model '${train.path}': there is nothing to train`, {
      place: 'train.model',
      fix: "Name rows or a file, e.g. --set train='{rows: 3600}'.",
    });
  }
  if (train.kind !== 'file') requirePast(config.source, 'be trained on beforehand', "Name a file, e.g. --set train='{file: {type: csv, path: normal.csv}}'.");
  const source = await openSource(train.kind === 'file' ? train.source : config.source, config, registry, {
    warn: (message) => process.stderr.write(`${message}\n`),
  });
  try {
    await source.open();
    return train.kind === 'file' ? await collectRows(source, config.stream) : await collectRows(source, config.stream, train.from, train.to);
  } finally {
    await source.close();
  }
}

interface Levels {
  readonly type: string;
  readonly median: number;
  readonly warn: number;
  readonly error: number;
  readonly method: string;
}

function levelsOf(model: StreamModel): Record<string, Levels> {
  const detectors = model.detectors.map(({ name, definition, calibration }) => ({ name, type: definition.type, calibration }));
  const combinations = model.combinations.flatMap(({ name, parts }) =>
    parts.flatMap(({ definition, calibration }) => (calibration ? [{ name, type: definition.type, calibration }] : [])),
  );
  return Object.fromEntries(
    [...detectors, ...combinations].map(({ name, type, calibration: { median, warn, error, warnMethod, errorMethod } }) => [
      name,
      { type, median, warn, error, method: `warn: ${warnMethod}; error: ${errorMethod}` },
    ]),
  );
}
