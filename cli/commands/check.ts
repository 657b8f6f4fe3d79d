import type { Command } from 'commander';
import type { SourceInfo } from '../../core/component.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface CheckOptions {
  readonly set?: readonly string[];
  readonly open: boolean;
  readonly json?: true;
}

interface Found extends SourceInfo {
  readonly id: string;
  readonly first: bigint | undefined;
  readonly warnings: readonly string[];
}

export function register(program: Command): void {
  program
    .command('check')
    .summary('what is wrong with a pipeline file, and what its source holds')
    .description('Checks a pipeline file, all mistakes at once, then opens its source and says what was found. Changes nothing.')
    .argument('<pipeline>', 'the pipeline file, YAML or JSON')
    .option('--set <path=value>', setHelp, collect)
    .option('--no-open', 'check the file only, do not open the source')
    .option('--json', 'print JSON: {file, stream, source, views, detectors, combinations}')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice check pipelines/swat.yaml\n  sluice check pipelines/swat.yaml --set source.path=data/SWaT_Dataset_Attack_v0.xlsx\n  sluice check plant.yaml --no-open --json',
    )
    .action(check);
}

async function check(file: string, { set = [], open, json }: CheckOptions): Promise<void> {
  const { loadPipeline } = await import('../load-pipeline.ts');
  const { config, registry } = await loadPipeline(file, { set });
  const found = open ? await openSource(config, registry) : undefined;
  process.stdout.write(json ? `${JSON.stringify(asJson(config, found), undefined, 2)}\n` : await asText(config, found));
}

/** What the source says of itself and the time of its first row; the rest is not read. */
async function openSource({ source, stream, lateness, seed }: PipelineConfig, registry: Registry): Promise<Found> {
  const definition = await registry.load('source', source.type);
  const warnings: string[] = [];
  const opened = definition.create(source.options, { stream, lateness, seed, warn: (message) => warnings.push(message) });
  try {
    const info = await opened.open();
    let first: bigint | undefined;
    for await (const { batches } of opened.read(0)) {
      if (batches.length === 0) continue;
      first = batches[0].times[0];
      break;
    }
    return { ...info, id: source.id ?? opened.id, first, warnings };
  } finally {
    await opened.close();
  }
}

function asJson(config: PipelineConfig, found: Found | undefined): object {
  return {
    file: config.file,
    stream: config.stream,
    source: {
      ...config.source,
      ...(found && {
        id: found.id,
        description: found.description,
        labelled: found.labelled,
        rows: found.rows ?? null,
        first: found.first === undefined ? null : new Date(Number(found.first / 1_000_000n)).toISOString(),
        tags: found.schema.tags,
        warnings: found.warnings,
      }),
    },
    bus: config.bus,
    store: config.store,
    outputs: config.outputs,
    train: config.train,
    views: Object.fromEntries(config.views),
    detectors: Object.fromEntries(config.detectors),
    combinations: Object.fromEntries(config.combine),
  };
}

async function asText(config: PipelineConfig, found: Found | undefined): Promise<string> {
  const { formatTime } = await import('../../core/time.ts');
  const facts: [string, string][] = [
    ['pipeline', `${config.file}: no mistakes`],
    ['stream', `${config.stream} on topic ${config.topic} (bus ${config.bus.type}, store ${config.store.type})`],
  ];
  if (found) {
    const { tags } = found.schema;
    const discrete = tags.filter((tag) => tag.kind === 'discrete').length;
    facts.push(['source', found.description]);
    facts.push(['tags', `${tags.length}: ${tags.length - discrete} continuous, ${discrete} discrete (${tags.map((tag) => tag.name).join(' ')})`]);
    facts.push(['rows', `${found.rows ?? 'as many as come'}${found.first === undefined ? '' : `, the first at ${formatTime(found.first)}`}`]);
    facts.push(['labels', found.labelled ? 'yes: anomalous rows are marked' : 'none']);
    for (const warning of found.warnings) facts.push(['warning', warning]);
  }
  facts.push(['train', trainText(config)]);
  for (const [name, { base, steps }] of config.views)
    facts.push(['view', `${name}: ${[...(base === undefined ? [] : [base]), ...steps.map((step) => step.type)].join(' -> ') || 'the rows as they are'}`]);
  for (const [name, { type, view }] of config.detectors) facts.push(['detector', `${name}: ${type === name ? '' : `${type} `}on ${view}`]);
  for (const [name, { parts }] of config.combine)
    facts.push(['combine', `${name}: ${parts.map((part) => `${part.type} of ${part.of.join(', ')}`).join('; or ')}`]);
  const width = Math.max(...facts.map(([label]) => label.length));
  return `${facts.map(([label, text]) => `${label.padEnd(width)}  ${text}`).join('\n')}\n`;
}

function trainText({ train }: PipelineConfig): string {
  const thresholds = train.calibrate === 'split' ? '70 % fit the models, the last part sets the thresholds' : 'all rows fit the models and set the thresholds';
  if (train.kind === 'model') return `models of ${train.path}`;
  if (train.kind === 'file') return `${train.source.type} ${String(train.source.options.path ?? '')}: ${thresholds}`;
  return `rows ${train.from} to ${train.to}: ${thresholds}`;
}
