import type { Command } from 'commander';
import type { SourceInfo } from '../../core/component.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface CheckOptions {
  readonly set?: readonly string[];
  readonly open: boolean;
  readonly all?: true;
  readonly json?: true;
}

interface Found extends SourceInfo {
  readonly id: string;
  readonly first: bigint | undefined;
  /** Only when the source was read to its end. */
  readonly whole?: { readonly rows: number; readonly dead: number; readonly last: bigint | undefined; readonly missing: Readonly<Record<string, number>> };
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
    .option('--all', 'read the source to its end: rows, unreadable rows, missing values, newest time')
    .option('--json', 'print JSON: {file, stream, source, views, detectors, combinations}')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice check pipelines/swat.yaml\n  sluice check pipelines/swat.yaml --set source.path=data/SWaT_Dataset_Attack_v0.xlsx\n  sluice check plant.yaml --no-open --json',
    )
    .action(check);
}

async function check(file: string, { set = [], open, all, json }: CheckOptions): Promise<void> {
  const { loadPipeline } = await import('../load-pipeline.ts');
  const { config, registry } = await loadPipeline(file, { set });
  const found = open ? await openSource(config, registry, all === true) : undefined;
  process.stdout.write(json ? `${JSON.stringify(await asJson(config, found), undefined, 2)}\n` : await asText(config, found));
}

/** What the source says of itself and the time of its first row; the rest is read only when all is wanted. */
async function openSource({ source, stream, lateness, seed }: PipelineConfig, registry: Registry, all: boolean): Promise<Found> {
  const definition = await registry.load('source', source.type);
  const warnings: string[] = [];
  const opened = definition.create(source.options, { stream, lateness, seed, warn: (message) => warnings.push(message) });
  try {
    const info = await opened.open();
    let first: bigint | undefined;
    let last: bigint | undefined;
    let rows = 0;
    let dead = 0;
    for await (const chunk of opened.read(0)) {
      for (const { times } of chunk.batches) {
        first ??= times[0];
        for (const time of times) if (last === undefined || time > last) last = time;
        rows += times.length;
      }
      dead += chunk.dead.length;
      if (!all && first !== undefined) break;
    }
    const whole = { rows, dead, last, missing: Object.fromEntries(opened.missing()) };
    return { ...info, id: source.id ?? opened.id, first, ...(all ? { whole } : {}), warnings };
  } finally {
    await opened.close();
  }
}

async function asJson(config: PipelineConfig, found: Found | undefined): Promise<object> {
  const { formatTime } = await import('../../core/time.ts');
  return {
    file: config.file,
    stream: config.stream,
    source: {
      ...config.source,
      ...(found && {
        id: found.id,
        description: found.description,
        labelled: found.labelled,
        rows: found.whole?.rows ?? found.rows ?? null,
        first: found.first === undefined ? null : formatTime(found.first),
        ...(found.whole && {
          dead: found.whole.dead,
          last: found.whole.last === undefined ? null : formatTime(found.whole.last),
          missing: found.whole.missing,
        }),
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
    facts.push(['rows', rowsText(found, formatTime)]);
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

function rowsText({ rows, first, whole }: Found, formatTime: (time: bigint) => string): string {
  const begin = first === undefined ? '' : formatTime(first);
  if (!whole) return `${rows ?? 'not counted (--all reads them)'}${begin && `, the first at ${begin}`}`;
  const missing = Object.entries(whole.missing).map(([reason, count]) => `${count} ${reason}`);
  return [
    `${whole.rows}${begin && ` from ${begin}`}${whole.last === undefined ? '' : ` to ${formatTime(whole.last)}`}`,
    `${whole.dead} unreadable`,
    `missing values: ${missing.join(', ') || 'none'}`,
  ].join('; ');
}

function trainText({ train }: PipelineConfig): string {
  const thresholds = train.calibrate === 'split' ? '70 % fit the models, the last part sets the thresholds' : 'all rows fit the models and set the thresholds';
  if (train.kind === 'model') return `models of ${train.path}`;
  if (train.kind === 'file') return `${train.source.type} ${String(train.source.options.path ?? '')}: ${thresholds}`;
  return `rows ${train.from} to ${train.to}: ${thresholds}`;
}
