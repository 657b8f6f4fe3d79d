import { didYouMean, quote } from '../errors.ts';
import type { DetectorConfig, ThresholdConfig, ViewConfig } from '../pipeline-config.ts';
import { divide, isKeys, type PipelineFile, parseOptions, parseWritten, readForm, type WrittenComponent } from './component-forms.ts';
import { detectorKeys } from './frame.ts';
import { anyOf, type ConfigPath } from './mistakes.ts';
import { thresholdConfig } from './resolve-thresholds.ts';
import { validate } from './validate.ts';
import { watchDroppedConstants } from './views.ts';

/** The detector that `drop-constant` brings. */
export const constantBroken = 'constant-broken';

export async function detectorConfigs(
  file: PipelineFile,
  value: unknown,
  views: ReadonlyMap<string, ViewConfig>,
  levels: ThresholdConfig | undefined,
): Promise<Map<string, DetectorConfig>> {
  const detectors = new Map<string, DetectorConfig>();
  if (isKeys(value) && Object.keys(value).length === 0)
    file.document.mistake(['detectors'], `at least one detector is needed (known: ${file.registry.types('detector').join(', ')})`);
  for (const [name, entry] of Object.entries(isKeys(value) ? value : {})) {
    const detector = await detectorConfig(file, name, entry, views, levels);
    if (detector) detectors.set(name, detector);
  }
  return detectors;
}

/** A detector's type is its name unless it says otherwise: `mahalanobis: { view: plain }`. */
async function detectorConfig(
  file: PipelineFile,
  name: string,
  entry: unknown,
  views: ReadonlyMap<string, ViewConfig>,
  levels: ThresholdConfig | undefined,
): Promise<DetectorConfig | undefined> {
  const path = ['detectors', name];
  const named: WrittenComponent | undefined =
    entry === undefined || (isKeys(entry) && !Object.hasOwn(entry, 'type')) ? { type: name, typePath: path, typeIs: 'key', value: entry, path } : undefined;
  const written = named ?? readForm(file.document, entry, path, { what: 'detector', known: [], keyed: false });
  if (!written) return undefined;
  const [own, beside] = divide(written.value, detectorKeys);
  if (named && !file.registry.types('detector').includes(name)) {
    file.document.mistake(path, `'type' is missing, and there is no detector ${quote(name)} (known: ${file.registry.types('detector').join(', ')})`, 'key');
    return undefined;
  }
  const keys = validate(detectorKeys, beside, { document: file.document, at: (inside) => [...path, ...inside] });
  const view = keys && viewOf(file, path, keys.view, views);
  const component = await parseWritten(file, 'detector', { ...written, value: own }, ['type', ...Object.keys(detectorKeys.shape)]);
  const definition = component && (await file.registry.load('detector', component.type));
  const usual = definition?.threshold && (await thresholdConfig(file, definition.threshold, [...path, 'threshold']));
  const threshold = keys?.threshold ? await thresholdConfig(file, keys.threshold, [...path, 'threshold'], usual ?? levels) : usual;
  return component && view !== undefined ? { ...component, view, ...(threshold ? { threshold } : {}) } : undefined;
}

function viewOf(file: PipelineFile, path: ConfigPath, view: string | undefined, views: ReadonlyMap<string, ViewConfig>): string | undefined {
  const names = [...views.keys()];
  if (view === undefined) {
    if (names.length === 1) return names[0];
    if (views.has('default')) return 'default';
    if (names.length > 0)
      file.document.mistake(path, `'view' is missing: there are ${names.length} views and none is named default; name one (${anyOf(names)})`, 'key');
    return undefined;
  }
  if (views.has(view)) return view;
  const near = didYouMean(view, names);
  file.document.mistake(
    [...path, 'view'],
    `there is no view ${quote(view)}${near ? `; did you mean ${quote(near)}?` : ''} (declared: ${names.join(', ') || 'none'})`,
  );
  return undefined;
}

/** The first view that drops constant tags brings a detector that watches them, unless the pipeline has its own or wants none. */
export async function watchConstants(file: PipelineFile, views: Map<string, ViewConfig>, detectors: Map<string, DetectorConfig>): Promise<void> {
  if (detectors.has(constantBroken) || !file.registry.types('detector').includes(constantBroken)) return;
  const view = watchDroppedConstants(views);
  if (view === undefined) return;
  const path = ['detectors', constantBroken];
  const definition = await file.registry.load('detector', constantBroken);
  const component = parseOptions(file.document, definition, { type: constantBroken, typePath: path, typeIs: 'key', value: undefined, path });
  const threshold = definition.threshold && (await thresholdConfig(file, definition.threshold, [...path, 'threshold']));
  if (component) detectors.set(constantBroken, { ...component, view, ...(threshold ? { threshold } : {}) });
}
