import type { z } from 'zod';
import { quote } from '../errors.ts';
import type { ComponentConfig, PipelineConfig, SourceConfig, TrainConfig } from '../pipeline-config.ts';
import type { Registry } from '../registry.ts';
import { divide, findDefinition, isKeys, type Keys, type PipelineFile, parseOptions, parseWritten, readForm } from './component-forms.ts';
import type { ConfigDocument } from './document.ts';
import { frame, sourceKeys } from './frame.ts';
import type { ConfigPath } from './mistakes.ts';
import { combinationConfigs } from './resolve-combinations.ts';
import { detectorConfigs, watchConstants } from './resolve-detectors.ts';
import { thresholdConfig } from './resolve-thresholds.ts';
import { viewConfigs } from './resolve-views.ts';
import { validate } from './validate.ts';
import { orderViews } from './views.ts';

/**
 * Plain values of a pipeline file -> the resolved configuration: every component parsed by its own schema, every name
 * that is referred to found. Mistakes go to the document; undefined when the configuration cannot be whole.
 */
export async function resolvePipeline(document: ConfigDocument, keys: Keys, file: string, registry: Registry): Promise<PipelineConfig | undefined> {
  const pipeline = { document, registry };
  const parsed = validate(frame, keys, { document, at: (path) => path });

  const source = await sourceConfig(pipeline, keys.source, ['source']);
  const bus = await componentConfig(pipeline, 'bus', keys.bus ?? 'memory', ['bus']);
  const store = await storeConfig(pipeline, keys.store ?? 'duckdb', String(keys.stream));
  const outputs = await outputConfigs(pipeline, keys.outputs);
  const train = await trainConfig(pipeline, keys.train, parsed?.train);
  const threshold = await thresholdConfig(pipeline, keys.threshold, ['threshold']);
  const views = await viewConfigs(pipeline, keys.views);
  const detectors = await detectorConfigs(pipeline, keys.detectors, views, threshold);
  await watchConstants(pipeline, views, detectors);
  const names = new Set([...(isKeys(keys.detectors) ? Object.keys(keys.detectors) : []), ...detectors.keys()]);
  const combine = await combinationConfigs(pipeline, keys.combine, names, threshold);
  if (source?.live && parsed?.clock === 'shifted') document.mistake(['clock'], `expected original: rows of the source ${quote(source.type)} are of now`);
  if (document.mistakes.length > 0 || !parsed || !source || !bus || !store || !train || !threshold) return undefined;
  return {
    file,
    stream: parsed.stream,
    topics: [...new Set([parsed.topic].flat())],
    source,
    bus,
    store,
    outputs,
    clock: parsed.clock,
    lateness: parsed.lateness,
    batch: parsed.batch,
    commit: parsed.commit,
    streams: parsed.streams,
    train,
    views: orderViews(views),
    detectors,
    threshold,
    combine,
    incidents: parsed.incidents,
    serve: parsed.serve === false ? undefined : serveConfig(parsed.serve),
    ...(parsed.workers === undefined ? {} : { workers: parsed.workers }),
    seed: parsed.seed,
  };
}

async function sourceConfig(file: PipelineFile, value: unknown, path: ConfigPath): Promise<SourceConfig | undefined> {
  const written = readForm(file.document, value, path, { what: 'source', known: file.registry.types('source'), keyed: false });
  if (!written) return undefined;
  const [own, beside] = divide(written.value, sourceKeys);
  const keys = validate(sourceKeys, beside, { document: file.document, at: (inside) => [...written.path, ...inside] });
  const definition = await findDefinition(file, 'source', written);
  const component = definition && parseOptions(file.document, definition, { ...written, value: own }, ['type', ...Object.keys(sourceKeys.shape)]);
  if (!keys || !component) return undefined;
  const { id, pace, loop } = keys;
  if (definition.live) {
    const refuse = (key: string): void =>
      file.document.mistake([...written.path, key], `does not apply: rows of the source ${quote(component.type)} come as they happen`);
    if (pace.kind !== 'max') refuse('pace');
    if (loop) refuse('loop');
  }
  return { ...component, ...(id === undefined ? {} : { id }), pace, loop, ...(definition.live ? { live: true } : {}) };
}

/** A store in a file that names none lies in .sluice/ under the stream's name. */
async function storeConfig(file: PipelineFile, value: unknown, stream: string): Promise<ComponentConfig | undefined> {
  const written = readForm(file.document, value, ['store'], { what: 'store', known: file.registry.types('store'), keyed: false });
  const definition = written && (await findDefinition(file, 'store', written));
  if (!definition) return undefined;
  const given = written.value === undefined ? {} : written.value;
  const nameless = isKeys(given) && given.path === undefined && Object.hasOwn(definition.options.shape, 'path');
  return parseOptions(file.document, definition, nameless ? { ...written, value: { ...given, path: `.sluice/${stream}.${definition.type}` } } : written);
}

async function outputConfigs(file: PipelineFile, value: unknown): Promise<ComponentConfig[]> {
  const list = value === undefined ? ['terminal'] : Array.isArray(value) ? value : [];
  const outputs = await Promise.all(list.map((output, i) => componentConfig(file, 'output', output, ['outputs', i])));
  return outputs.filter((output) => output !== undefined);
}

async function trainConfig(file: PipelineFile, value: unknown, parsed: z.output<typeof frame>['train'] | undefined): Promise<TrainConfig | undefined> {
  const keys: Keys = isKeys(value) ? value : {};
  const ways = ['rows', 'file', 'model'].filter((way) => keys[way] !== undefined);
  if (ways.length > 1) file.document.mistake(['train'], `expected one of rows, file or model, got ${ways.join(' and ')}`);
  const source = keys.file === undefined ? undefined : await sourceConfig(file, keys.file, ['train', 'file']);
  if (source?.live) file.document.mistake(['train', 'file'], `expected a source that ends, got ${quote(source.type)}, whose rows come as they happen`);
  if (!parsed || ways.length > 1) return undefined;
  const { rows, model, calibrate } = parsed;
  if (keys.file !== undefined) return source && { kind: 'file', source, calibrate };
  if (model !== undefined) return { kind: 'model', path: model, calibrate };
  if (rows === undefined) return { kind: 'rows', from: 0, to: 3600, assumed: true, calibrate };
  return { kind: 'rows', ...(typeof rows === 'object' ? rows : { from: 0, to: rows }), calibrate };
}

/** A port that is named is meant: another one in its place would be where nobody looks. */
function serveConfig({ host, port, exact, simulator }: Exclude<z.output<typeof frame>['serve'], false>): PipelineConfig['serve'] {
  return { host, port: port ?? 8080, exact: exact ?? port !== undefined, ...(simulator === undefined ? {} : { simulator }) };
}

async function componentConfig(file: PipelineFile, kind: 'bus' | 'output', value: unknown, path: ConfigPath): Promise<ComponentConfig | undefined> {
  const written = readForm(file.document, value, path, { what: kind, known: file.registry.types(kind), keyed: false });
  return written && parseWritten(file, kind, written);
}
