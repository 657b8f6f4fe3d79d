import { readFile } from 'node:fs/promises';
import { SluiceError } from '../../core/errors.ts';
import { type DiagnoseContext, type Finding, failed, notChecked, ok, warning } from '../../core/finding.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import { groupOf } from '../broker.ts';
import { type Environment, exposure } from '../environment.ts';
import { loadPipeline } from '../load-pipeline.ts';
import type { Section } from './examination.ts';
import { portFinding } from './port.ts';
import { serverFindings } from './servers.ts';

/** A pipeline file as far as it can be read: without `config` nothing else of it can be looked at. */
export interface LoadedPipeline {
  readonly file: string;
  readonly findings: readonly Finding[];
  readonly loaded: { readonly config: PipelineConfig; readonly registry: Registry } | undefined;
}

const mistakesShown = 10;

/**
 * Reads the file; what is wrong with it, and with its variables, are findings. Where only variables are missing it goes on with
 * something in their place, so that the rest can be looked at.
 */
export async function loadForDoctor(file: string, set: readonly string[], environment: Environment): Promise<LoadedPipeline> {
  const variables = await variableFindings(file, environment);
  try {
    const loaded = await loadPipeline(file, { set, env: environment.values });
    return { file, findings: [ok('file', 'no mistakes'), ...variables.findings], loaded };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const findings = [...mistakeFindings(error), ...variables.findings];
    if (variables.missing.length === 0) return { file, findings, loaded: undefined };
    const stopgaps = Object.fromEntries(variables.missing.map((name) => [name, `${name}-is-not-set`]));
    try {
      const loaded = await loadPipeline(file, { set, env: { ...environment.values, ...stopgaps } });
      return { file, findings: [ok('file', 'no mistakes but for variables'), ...variables.findings], loaded };
    } catch (again) {
      if (!(again instanceof SluiceError)) throw again;
      return { file, findings, loaded: undefined };
    }
  }
}

function mistakeFindings(error: SluiceError): Finding[] {
  const { mistakes } = error as { mistakes?: readonly { place: string; path: string; message: string }[] };
  if (!mistakes) return [failed('file', error.what, error.fix ?? 'See `sluice check`.')];
  const told = mistakes
    .slice(0, mistakesShown)
    .map(({ place, path, message }) => failed(`file ${place}`, `${path === '' ? '' : `${path}: `}${message}`, 'Correct it there.'));
  return mistakes.length > told.length
    ? [...told, failed('file', `${mistakes.length - told.length} more mistakes`, 'See them all with `sluice check`.')]
    : told;
}

/** Which variables the file names, and where each comes from. */
async function variableFindings(path: string, { values, file }: Environment): Promise<{ findings: Finding[]; missing: string[] }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    // Said by whoever loads it.
    return { findings: [], missing: [] };
  }
  const withoutComments = text.replace(/^\s*#.*$/gm, '');
  const named = [...withoutComments.matchAll(/(?<!\$)\$\{([A-Za-z_]\w*)(:-)?/g)].map(([, name, fallback]) => ({ name, fallback: fallback !== undefined }));
  const place = file?.path ?? '.env';
  const places = new Map<string, string[]>();
  const missing = new Set<string>();
  for (const { name, fallback } of new Map(named.map((each) => [each.name, each])).values()) {
    const from = process.env[name] ? 'the environment' : file && Object.hasOwn(file.values, name) ? place : fallback ? 'their defaults' : undefined;
    if (from === undefined && !values[name]) missing.add(name);
    else places.set(from ?? 'the environment', [...(places.get(from ?? 'the environment') ?? []), name]);
  }
  const findings = [...missing].map((name) => failed('variable', `${name} is not set`, remedyFor(name, place)));
  if (places.size > 0) findings.push(ok('variables', [...places].map(([from, names]) => `from ${from}: ${names.join(', ')}`).join('; ')));
  if (file && file.exposed.length > 0) findings.push(warning('variables', exposure(file).replace(/; close it.*/, ''), `Close it: chmod 600 ${file.path}`));
  return { findings, missing: [...missing] };
}

function remedyFor(name: string, place: string): string {
  const byHand = `Set it in the environment or in ${place}.`;
  return /^INFLUX_.*TOKEN$/.test(name) ? `Run \`sluice init influxdb\`, which puts it into ${place}.` : byHand;
}

/** One section for the file, one each for source, bus, store and the outputs that can look after themselves. */
export async function pipelineSections({ file, findings, loaded }: LoadedPipeline, env: Environment['values']): Promise<Section[]> {
  const pipeline = async function* (): AsyncGenerator<Finding> {
    yield* findings;
    if (!loaded) yield* ['source', 'bus', 'store', 'port'].map((check) => notChecked(check, 'the pipeline file has mistakes'));
    else if (loaded.config.serve) yield await portFinding(loaded.config.serve);
  };
  if (!loaded) {
    return [
      { title: `pipeline ${file}`, look: pipeline },
      { title: 'servers', look: (signal) => serverFindings(env, signal) },
    ];
  }
  const { config, registry } = loaded;
  const context = (signal: AbortSignal) => ({ topics: config.topics, group: groupOf(config), signal });
  return [
    { title: `pipeline ${file}`, look: pipeline },
    { title: `source ${config.source.type}`, look: () => sourceFindings(config, registry) },
    {
      title: `bus ${config.bus.type}`,
      async *look(signal) {
        const { diagnose, embedded } = await registry.load('bus', config.bus.type);
        if (diagnose) yield* diagnose(config.bus.options, context(signal));
        else yield embedded ? ok('bus', 'lives in the process, nothing to reach') : notChecked('bus', 'it cannot look after itself');
      },
    },
    {
      title: `store ${config.store.type}`,
      async *look(signal) {
        const { diagnose } = await registry.load('store', config.store.type);
        if (diagnose) yield* diagnose(config.store.options, context(signal));
        else yield notChecked('store', 'it cannot look after itself');
      },
    },
    ...(await outputSections(config, registry, context)),
  ];
}

async function outputSections({ outputs }: PipelineConfig, registry: Registry, context: (signal: AbortSignal) => DiagnoseContext): Promise<Section[]> {
  const sections = outputs.map(async ({ type, options }): Promise<Section[]> => {
    const { diagnose } = await registry.load('output', type);
    return diagnose ? [{ title: `output ${type}`, look: (signal) => diagnose(options, context(signal)) }] : [];
  });
  return (await Promise.all(sections)).flat();
}

/** Opens it and reads its first rows, as `sluice check` does. */
async function* sourceFindings(config: PipelineConfig, registry: Registry): AsyncGenerator<Finding> {
  const [{ lookAt }, { openSource }] = await Promise.all([import('../first-rows.ts'), import('../pipeline-input.ts')]);
  const warnings: string[] = [];
  try {
    const source = await openSource(config.source, config, registry, { warn: (message) => warnings.push(message) });
    const { description, labelled, read, dead } = await lookAt(source, config.source.live ? 0 : 1);
    const rows = config.source.live ? '' : read === 0 ? '; none of its first rows can be read' : labelled ? ', labelled' : '';
    yield read === 0 && dead > 0 ? warning('source', `${description}${rows}`, 'See why with `sluice check --all`.') : ok('source', `${description}${rows}`);
    yield* warnings.map((message) => warning('source', message, 'See `sluice check`.'));
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const { embedded } = await registry.load('bus', config.bus.type);
    const fix = error.fix ?? 'See `sluice check`.';
    yield embedded ? failed('source', error.what, fix) : warning('source', error.what, `${fix} Only \`sluice produce\` needs it.`);
  }
}
