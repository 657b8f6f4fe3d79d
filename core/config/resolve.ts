import type { z } from 'zod';
import { didYouMean, quote } from '../errors.ts';
import type {
  CombinationConfig,
  ComponentConfig,
  DetectorConfig,
  PipelineConfig,
  SourceConfig,
  ThresholdConfig,
  TrainConfig,
  ViewConfig,
} from '../pipeline-config.ts';
import type { Registry } from '../registry.ts';
import { findDefinition, isKeys, type Keys, parseOptions, readForm, type WrittenComponent } from './component-forms.ts';
import type { ConfigDocument } from './document.ts';
import { defaultSteps, detectorKeys, frame, sourceKeys, thresholdKeys } from './frame.ts';
import { anyOf, type ConfigPath, formatPath } from './mistakes.ts';
import { validate } from './validate.ts';
import { orderViews, watchDroppedConstants } from './views.ts';

/** The detector that `drop-constant` brings. */
const constantBroken = 'constant-broken';

const defaultThreshold = { warn: { quantile: 0.99 }, error: { quantile: 0.999 } } as const;

/**
 * Plain values of a pipeline file -> the resolved configuration: every component parsed by its own schema, every name
 * that is referred to found. Mistakes go to the document; undefined when the configuration cannot be whole.
 */
export async function resolvePipeline(document: ConfigDocument, keys: Keys, file: string, registry: Registry): Promise<PipelineConfig | undefined> {
  const resolver = new Resolver(document, registry);
  const parsed = validate(frame, keys, { document, at: (path) => path });

  const source = await resolver.source(keys.source, ['source']);
  const bus = await resolver.component('bus', keys.bus ?? 'memory', ['bus']);
  const store = await resolver.store(keys.store ?? 'duckdb', String(keys.stream));
  const outputs = await resolver.outputs(keys.outputs);
  const train = await resolver.train(keys.train, parsed?.train);
  const threshold = await resolver.threshold(keys.threshold, ['threshold']);
  const views = await resolver.views(keys.views);
  const detectors = await resolver.detectors(keys.detectors, views, threshold);
  await resolver.watch(views, detectors);
  const names = new Set([...(isKeys(keys.detectors) ? Object.keys(keys.detectors) : []), ...detectors.keys()]);
  const combine = await resolver.combine(keys.combine, names, threshold);
  if (document.mistakes.length > 0 || !parsed || !source || !bus || !store || !train || !threshold) return undefined;
  return {
    file,
    stream: parsed.stream,
    topic: parsed.topic,
    source,
    bus,
    store,
    outputs,
    clock: parsed.clock,
    lateness: parsed.lateness,
    batch: parsed.batch,
    commit: parsed.commit,
    train,
    views: orderViews(views),
    detectors,
    threshold,
    combine,
    incidents: parsed.incidents,
    serve: parsed.serve === false ? undefined : parsed.serve,
    seed: parsed.seed,
  };
}

class Resolver {
  readonly #document: ConfigDocument;
  readonly #registry: Registry;

  constructor(document: ConfigDocument, registry: Registry) {
    this.#document = document;
    this.#registry = registry;
  }

  async component(kind: 'bus' | 'output' | 'threshold', value: unknown, path: ConfigPath): Promise<ComponentConfig | undefined> {
    const written = readForm(this.#document, value, path, { what: kind, known: this.#registry.types(kind), keyed: kind === 'threshold' });
    return written && this.#parse(kind, written);
  }

  async source(value: unknown, path: ConfigPath): Promise<SourceConfig | undefined> {
    const written = readForm(this.#document, value, path, { what: 'source', known: this.#registry.types('source'), keyed: false });
    if (!written) return undefined;
    const [own, beside] = divide(written.value, sourceKeys);
    const keys = validate(sourceKeys, beside, { document: this.#document, at: (inside) => [...written.path, ...inside] });
    const component = await this.#parse('source', { ...written, value: own }, ['type', ...Object.keys(sourceKeys.shape)]);
    if (!keys || !component) return undefined;
    const { id, pace, loop } = keys;
    return { ...component, ...(id === undefined ? {} : { id }), pace, loop };
  }

  /** A store in a file that names none lies in .sluice/ under the stream's name. */
  async store(value: unknown, stream: string): Promise<ComponentConfig | undefined> {
    const written = readForm(this.#document, value, ['store'], { what: 'store', known: this.#registry.types('store'), keyed: false });
    const definition = written && (await findDefinition(this.#document, this.#registry, 'store', written));
    if (!definition) return undefined;
    const given = written.value === undefined ? {} : written.value;
    const nameless = isKeys(given) && given.path === undefined && Object.hasOwn(definition.options.shape, 'path');
    return parseOptions(this.#document, definition, nameless ? { ...written, value: { ...given, path: `.sluice/${stream}.${definition.type}` } } : written);
  }

  async outputs(value: unknown): Promise<ComponentConfig[]> {
    const list = value === undefined ? ['terminal'] : Array.isArray(value) ? value : [];
    const outputs = await Promise.all(list.map((output, i) => this.component('output', output, ['outputs', i])));
    return outputs.filter((output) => output !== undefined);
  }

  async train(value: unknown, parsed: z.output<typeof frame>['train'] | undefined): Promise<TrainConfig | undefined> {
    const keys: Keys = isKeys(value) ? value : {};
    const ways = ['rows', 'file', 'model'].filter((way) => keys[way] !== undefined);
    if (ways.length > 1) this.#mistake(['train'], `expected one of rows, file or model, got ${ways.join(' and ')}`);
    const source = keys.file === undefined ? undefined : await this.source(keys.file, ['train', 'file']);
    if (!parsed || ways.length > 1) return undefined;
    const { rows, model, calibrate } = parsed;
    if (keys.file !== undefined) return source && { kind: 'file', source, calibrate };
    if (model !== undefined) return { kind: 'model', path: model, calibrate };
    return typeof rows === 'object' ? { kind: 'rows', ...rows, calibrate } : { kind: 'rows', from: 0, to: rows ?? 3600, calibrate };
  }

  /** Both levels; one that is not given is the one of `otherwise`. */
  async threshold(value: unknown, path: ConfigPath, otherwise?: ThresholdConfig): Promise<ThresholdConfig | undefined> {
    const keys: Keys = isKeys(value) ? value : {};
    const level = (which: 'warn' | 'error'): Promise<ComponentConfig | undefined> | ComponentConfig =>
      keys[which] === undefined && otherwise ? otherwise[which] : this.component('threshold', keys[which] ?? defaultThreshold[which], [...path, which]);
    const warn = await level('warn');
    const error = await level('error');
    return warn && error && { warn, error };
  }

  async views(value: unknown): Promise<Map<string, ViewConfig>> {
    const declared: Keys = value === undefined ? { default: [...defaultSteps] } : isKeys(value) ? value : {};
    const names = Object.keys(declared);
    const views = new Map<string, ViewConfig>();
    for (const [name, chain] of Object.entries(declared)) {
      if (!Array.isArray(chain)) continue;
      const path = ['views', name];
      const [head] = chain;
      if (this.#registry.types('step').includes(name)) this.#mistake(path, `the view ${quote(name)} has the name of a preprocess step; choose another`, 'key');
      const based = typeof head === 'string' && names.includes(head);
      const steps: ComponentConfig[] = [];
      for (const [i, entry] of chain.entries()) {
        if (i === 0 && based) continue;
        const at = [...path, i];
        if (i > 0 && typeof entry === 'string' && names.includes(entry)) {
          this.#mistake(at, `the view ${quote(entry)} can only come first: the chain goes on from what it gives`);
          continue;
        }
        const written = readForm(this.#document, entry, at, { what: 'preprocess step', known: this.#registry.types('step'), keyed: true });
        const step = written && (await this.#parse('step', written, [], 'preprocess step', i === 0 ? names.filter((other) => other !== name) : []));
        if (step) steps.push(step);
      }
      views.set(name, { ...(based ? { base: head } : {}), steps });
    }
    this.#refuseCycles(views);
    return views;
  }

  async detectors(value: unknown, views: ReadonlyMap<string, ViewConfig>, levels: ThresholdConfig | undefined): Promise<Map<string, DetectorConfig>> {
    const detectors = new Map<string, DetectorConfig>();
    if (isKeys(value) && Object.keys(value).length === 0)
      this.#mistake(['detectors'], `at least one detector is needed (known: ${this.#registry.types('detector').join(', ')})`);
    for (const [name, entry] of Object.entries(isKeys(value) ? value : {})) {
      const detector = await this.#detector(name, entry, views, levels);
      if (detector) detectors.set(name, detector);
    }
    return detectors;
  }

  /** A detector's type is its name unless it says otherwise: `mahalanobis: { view: plain }`. */
  async #detector(
    name: string,
    entry: unknown,
    views: ReadonlyMap<string, ViewConfig>,
    levels: ThresholdConfig | undefined,
  ): Promise<DetectorConfig | undefined> {
    const path = ['detectors', name];
    const named: WrittenComponent | undefined =
      entry === undefined || (isKeys(entry) && !Object.hasOwn(entry, 'type')) ? { type: name, typePath: path, typeIs: 'key', value: entry, path } : undefined;
    const written = named ?? readForm(this.#document, entry, path, { what: 'detector', known: [], keyed: false });
    if (!written) return undefined;
    const [own, beside] = divide(written.value, detectorKeys);
    if (named && !this.#registry.types('detector').includes(name)) {
      this.#mistake(path, `'type' is missing, and there is no detector ${quote(name)} (known: ${this.#registry.types('detector').join(', ')})`, 'key');
      return undefined;
    }
    const keys = validate(detectorKeys, beside, { document: this.#document, at: (inside) => [...path, ...inside] });
    const view = keys && this.#viewOf(path, keys.view, views);
    const component = await this.#parse('detector', { ...written, value: own }, ['type', ...Object.keys(detectorKeys.shape)]);
    const definition = component && (await this.#registry.load('detector', component.type));
    const usual = definition?.threshold && (await this.threshold(definition.threshold, [...path, 'threshold']));
    const threshold = keys?.threshold ? await this.threshold(keys.threshold, [...path, 'threshold'], usual ?? levels) : usual;
    return component && view !== undefined ? { ...component, view, ...(threshold ? { threshold } : {}) } : undefined;
  }

  #viewOf(path: ConfigPath, view: string | undefined, views: ReadonlyMap<string, ViewConfig>): string | undefined {
    const names = [...views.keys()];
    if (view === undefined) {
      if (names.length === 1) return names[0];
      if (views.has('default')) return 'default';
      if (names.length > 0)
        this.#mistake(path, `'view' is missing: there are ${names.length} views and none is named default; name one (${anyOf(names)})`, 'key');
      return undefined;
    }
    if (views.has(view)) return view;
    const near = didYouMean(view, names);
    this.#mistake(
      [...path, 'view'],
      `there is no view ${quote(view)}${near ? `; did you mean ${quote(near)}?` : ''} (declared: ${names.join(', ') || 'none'})`,
    );
    return undefined;
  }

  /** The first view that drops constant tags brings a detector that watches them, unless the pipeline has its own or wants none. */
  async watch(views: Map<string, ViewConfig>, detectors: Map<string, DetectorConfig>): Promise<void> {
    if (detectors.has(constantBroken) || !this.#registry.types('detector').includes(constantBroken)) return;
    const view = watchDroppedConstants(views);
    if (view === undefined) return;
    const path = ['detectors', constantBroken];
    const definition = await this.#registry.load('detector', constantBroken);
    const component = parseOptions(this.#document, definition, { type: constantBroken, typePath: path, typeIs: 'key', value: undefined, path });
    const threshold = definition.threshold && (await this.threshold(definition.threshold, [...path, 'threshold']));
    if (component) detectors.set(constantBroken, { ...component, view, ...(threshold ? { threshold } : {}) });
  }

  async combine(value: unknown, detectors: ReadonlySet<string>, otherwise: ThresholdConfig | undefined): Promise<Map<string, CombinationConfig>> {
    const combinations = new Map<string, CombinationConfig>();
    for (const [name, entry] of Object.entries(isKeys(value) ? value : {})) {
      const path = ['combine', name];
      if (detectors.has(name)) this.#mistake(path, `the name ${quote(name)} is taken by a detector; choose another`, 'key');
      if (!isKeys(entry)) {
        this.#mistake(path, `expected combiners with their members, such as { fuse: [a, b] }, got ${entry === undefined ? 'nothing' : quote(entry)}`);
        continue;
      }
      const { threshold: levels, ...combiners } = entry;
      if (Object.keys(combiners).length === 0) this.#mistake(path, `at least one combiner is needed (known: ${this.#registry.types('combiner').join(', ')})`);
      const parts: CombinationConfig['parts'][number][] = [];
      for (const [type, members] of Object.entries(combiners)) {
        const part = await this.#part(type, members, [...path, type], detectors);
        if (part) parts.push(part);
      }
      const judged =
        levels === undefined ? undefined : validate(thresholdKeys, levels, { document: this.#document, at: (inside) => [...path, 'threshold', ...inside] });
      const threshold = judged && (await this.threshold(levels, [...path, 'threshold'], otherwise));
      combinations.set(name, { parts, ...(threshold ? { threshold } : {}) });
    }
    return combinations;
  }

  async #part(type: string, value: unknown, path: ConfigPath, detectors: ReadonlySet<string>): Promise<CombinationConfig['parts'][number] | undefined> {
    const definition = await findDefinition(this.#document, this.#registry, 'combiner', { type, typePath: path, typeIs: 'key', value, path });
    if (!definition) return undefined;
    const listed = Array.isArray(value);
    const { of: members, ...options } = listed ? { of: value } : isKeys(value) ? value : { of: undefined };
    const membersPath = listed ? path : [...path, 'of'];
    const parsed = parseOptions(this.#document, definition, { type, typePath: path, typeIs: 'key', value: options, path }, ['of']);
    if (!Array.isArray(members) || members.length === 0) {
      this.#mistake(membersPath, `expected a list of detectors, got ${members === undefined ? 'nothing' : quote(members)}`);
      return undefined;
    }
    const names = [...detectors];
    for (const [i, member] of members.entries()) {
      const at = [...membersPath, i];
      if (typeof member !== 'string' || !detectors.has(member)) {
        const near = typeof member === 'string' ? didYouMean(member, names) : undefined;
        const why = member === constantBroken ? ': no view drops constant tags' : '';
        this.#mistake(
          at,
          `there is no detector ${quote(member)}${why}${near ? `; did you mean ${quote(near)}?` : ''} (declared: ${names.join(', ') || 'none'})`,
        );
      } else if (members.indexOf(member) < i) this.#mistake(at, `${quote(member)} is listed twice`);
    }
    return parsed && { ...parsed, of: members as string[] };
  }

  async #parse(
    kind: 'source' | 'bus' | 'output' | 'step' | 'threshold' | 'detector',
    written: WrittenComponent,
    beside: readonly string[] = [],
    what: string = kind,
    otherNames: readonly string[] = [],
  ): Promise<ComponentConfig | undefined> {
    const definition = await findDefinition(this.#document, this.#registry, kind, written, what, otherNames);
    return definition && parseOptions(this.#document, definition, written, beside);
  }

  #refuseCycles(views: Map<string, ViewConfig>): void {
    for (const name of views.keys()) {
      const chain = [name];
      for (let base = views.get(name)?.base; base !== undefined; base = views.get(base)?.base) {
        chain.push(base);
        if (base === name) {
          this.#mistake(['views', name, 0], `the view ${quote(name)} starts from itself: ${chain.join(' <- ')}`);
          break;
        }
        if (chain.indexOf(base) < chain.length - 1) break;
      }
    }
  }

  #mistake(path: ConfigPath, message: string, what: 'key' | 'value' = 'value'): void {
    this.#document.mistakes.push({ path: formatPath(path), place: this.#document.place(path, what), message });
  }
}

/** A component's own options, and the keys beside them that the frame knows. */
function divide(value: unknown, known: z.ZodObject): [own: unknown, beside: Keys] {
  if (!isKeys(value)) return [value, {}];
  const names = Object.keys(known.shape);
  const entries = Object.entries(value);
  return [Object.fromEntries(entries.filter(([key]) => !names.includes(key))), Object.fromEntries(entries.filter(([key]) => names.includes(key)))];
}
