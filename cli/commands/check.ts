import type { Command } from 'commander';
import type { ComponentConfig, PipelineConfig, ThresholdConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import type { SourceLook } from '../first-rows.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface CheckOptions {
  readonly set?: readonly string[];
  readonly open: boolean;
  readonly all?: true;
  readonly json?: true;
}

interface Found extends SourceLook {
  /** Was it asked to be read to its end? */
  readonly all: boolean;
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
    .option('--all', 'read the source to its end: rows, the first unreadable ones, missing values, newest time')
    .option('--json', 'print JSON: {file, stream, source, train, threshold, incidents, warnings, views, detectors, combinations, …}')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice check pipelines/swat.yaml\n  sluice check pipelines/swat.yaml --set source.path=data/SWaT_Dataset_Attack_v0.xlsx\n  sluice check plant.yaml --no-open --json',
    )
    .action(check);
}

async function check(file: string, { set = [], open, all, json }: CheckOptions): Promise<void> {
  const [{ loadPipeline }, { warningsOf }] = await Promise.all([import('../load-pipeline.ts'), import('../check-warnings.ts')]);
  const { config, registry } = await loadPipeline(file, { set });
  const found = open ? await openSource(config, registry, all === true) : undefined;
  const outputs = await outputsText(config, registry);
  const warnings = [...(found?.warnings ?? []), ...(await warningsOf(config, found, registry))];
  process.stdout.write(
    json ? `${JSON.stringify(await asJson(config, found, registry, warnings), undefined, 2)}\n` : await asText(config, found, outputs, warnings),
  );
}

/** What the source says of itself and its first rows show; the rest is read only when all is wanted. */
async function openSource({ source, stream, lateness, seed }: PipelineConfig, registry: Registry, all: boolean): Promise<Found> {
  const { firstRows, lookAt } = await import('../first-rows.ts');
  const definition = await registry.load('source', source.type);
  const warnings: string[] = [];
  const opened = definition.create(source.options, { stream, lateness, seed, warn: (message) => warnings.push(message) });
  const look = await lookAt(opened, source.live ? 0 : all ? Number.POSITIVE_INFINITY : firstRows);
  return { ...look, id: source.id ?? look.id, all: all && !source.live, warnings };
}

async function asJson(config: PipelineConfig, found: Found | undefined, registry: Registry, warnings: readonly string[]): Promise<object> {
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
        rows: found.ended ? found.read : (found.rows ?? null),
        first: found.first === undefined ? null : formatTime(found.first),
        intervalMs: found.interval ?? null,
        ...(found.all && {
          dead: found.dead,
          unreadable: found.unreadable.map(({ position, reason, message }) => ({ row: position, reason, message })),
          last: found.last === undefined ? null : formatTime(found.last),
          missing: found.missing,
        }),
        tags: found.schema.tags,
      }),
    },
    bus: withoutSecrets(config.bus),
    store: withoutSecrets(config.store),
    outputs: await outputsJson(config, registry),
    train: config.train,
    threshold: config.threshold,
    incidents: config.incidents,
    serve: config.serve ?? false,
    warnings,
    views: Object.fromEntries(config.views),
    detectors: Object.fromEntries(config.detectors),
    combinations: Object.fromEntries(config.combine),
  };
}

/** Tokens and passwords are known to be there, and no more is said of them. */
function withoutSecrets(component: object): object {
  return JSON.parse(JSON.stringify(component, (option, value: unknown) => (/token|password/i.test(option) && typeof value === 'string' ? '...' : value)));
}

async function asText(config: PipelineConfig, found: Found | undefined, outputs: readonly string[], warnings: readonly string[]): Promise<string> {
  const [{ formatDuration, formatTime }, { formatPace }] = await Promise.all([import('../../core/time.ts'), import('../../core/pace.ts')]);
  const facts: [string, string][] = [
    ['pipeline', `${config.file}: no mistakes`],
    ['stream', `${config.stream} on topic ${config.topics.join(', ')} (bus ${config.bus.type}, store ${config.store.type})`],
  ];
  if (found) {
    const { tags } = found.schema;
    const discrete = tags.filter((tag) => tag.kind === 'discrete').length;
    facts.push(['source', found.description]);
    facts.push(['tags', `${tags.length}: ${tags.length - discrete} continuous, ${discrete} discrete (${tags.map((tag) => tag.name).join(' ')})`]);
    facts.push(['rows', config.source.live ? 'as they happen' : rowsText(found, formatTime)]);
    if (found.interval !== undefined) facts.push(['interval', `${formatDuration(found.interval)} from row to row (median)`]);
    if (found.all) for (const { position, reason, message } of found.unreadable) facts.push(['unreadable', `row ${count(position)} (${reason}): ${message}`]);
    facts.push(['labels', found.labelled ? 'yes: anomalous rows are marked' : 'none']);
  }
  if (!config.source.live) facts.push(['pace', `${formatPace(config.source.pace)}${config.source.loop ? ', begins again at the end' : ''}`]);
  facts.push(['train', trainText(config)]);
  for (const [name, { base, steps }] of config.views)
    facts.push(['view', `${name}: ${[...(base === undefined ? [] : [base]), ...steps.map((step) => step.type)].join(' -> ') || 'the rows as they are'}`]);
  for (const [name, { type, view, threshold }] of config.detectors)
    facts.push(['detector', `${name}: ${type === name ? '' : `${type} `}on ${view}${threshold ? `; ${levelsText(threshold)}` : ''}`]);
  for (const [name, { parts, threshold }] of config.combine) {
    const members = parts.map((part) => `${part.type} of ${part.of.join(', ')}`).join('; or ');
    facts.push(['combine', `${name}: ${members}${threshold ? `; ${levelsText(threshold)}` : ''}`]);
  }
  const { open, close, merge } = config.incidents;
  facts.push(['threshold', levelsText(config.threshold)]);
  facts.push([
    'incidents',
    `opened after ${formatDuration(open)} flagged, closed after ${formatDuration(close)} quiet, one where less than ${formatDuration(merge)} apart`,
  ]);
  facts.push(['store', [config.store.type, config.store.options.path].filter(Boolean).join(' ')]);
  for (const output of outputs) facts.push(['output', output]);
  facts.push(['serve', serveText(config)]);
  for (const warning of warnings) facts.push(['warning', warning]);
  const width = Math.max(...facts.map(([label]) => label.length));
  return `${facts.map(([label, text]) => `${label.padEnd(width)}  ${text}`).join('\n')}\n`;
}

function rowsText({ rows, first, last, all, ended, read, dead, missing }: Found, formatTime: (time: bigint) => string): string {
  const begin = first === undefined ? '' : formatTime(first);
  if (!all) {
    const known = ended ? read : rows;
    return `${known === undefined ? `more than ${count(read)} (--all counts them)` : count(known)}${begin && `, the first at ${begin}`}`;
  }
  const reasons = Object.entries(missing).map(([reason, n]) => `${count(n)} ${reason}`);
  return [
    `${count(read)}${begin && ` from ${begin}`}${last === undefined ? '' : ` to ${formatTime(last)}`}`,
    `${count(dead)} unreadable`,
    `missing values: ${reasons.join(', ') || 'none'}`,
  ].join('; ');
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** `warn from quantile 0.99, error from quantile 0.999` */
function levelsText({ warn, error }: ThresholdConfig): string {
  const text = ({ type, options }: ComponentConfig): string => [type, ...Object.values(options)].join(' ');
  return `warn from ${text(warn)}, error from ${text(error)}`;
}

function serveText({ serve }: PipelineConfig): string {
  return serve === undefined ? 'off' : `http://${serve.host}:${serve.port}${serve.exact ? '' : ' or the next free port'}`;
}

/** Each with where it goes, as far as it can say so. */
async function outputsText({ outputs }: PipelineConfig, registry: Registry): Promise<string[]> {
  return await Promise.all(
    outputs.map(async ({ type, options }) => {
      const { describe } = await registry.load('output', type);
      return describe ? `${type} ${describe(options)}` : type;
    }),
  );
}

/** One that says where it goes leaves out secrets; the others have none. */
async function outputsJson({ outputs }: PipelineConfig, registry: Registry): Promise<object[]> {
  return await Promise.all(
    outputs.map(async ({ type, options }) => {
      const { describe } = await registry.load('output', type);
      return describe ? { type, describes: describe(options) } : { type, options };
    }),
  );
}

function trainText({ train }: PipelineConfig): string {
  const thresholds = train.calibrate === 'split' ? '70 % fit the models, the last part sets the thresholds' : 'all rows fit the models and set the thresholds';
  if (train.kind === 'model') return `models of ${train.path}`;
  if (train.kind === 'file') return `${train.source.type} ${String(train.source.options.path ?? '')}: ${thresholds}`;
  return `rows ${count(train.from)} to ${count(train.to)}: ${thresholds}`;
}
