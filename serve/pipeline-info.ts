import { formatPace } from '../core/pace.ts';
import type { ComponentConfig, PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import type { Runtime } from '../core/runtime.ts';
import { formatDuration } from '../core/time.ts';
import type { PipelineInfo } from './api.ts';

/** The verdicts to look at first: those of the last combination, or of the first detector. */
export function leadOf({ combine, detectors }: PipelineConfig): string {
  return [...combine.keys()].at(-1) ?? [...detectors.keys()][0] ?? '';
}

/** Detectors and combinations as they are configured. */
export function configuredDetectors({ combine, detectors }: PipelineConfig): string[] {
  return [...detectors.keys(), ...combine.keys()];
}

export async function pipelineInfo({ config, version, startedAt, simulator, graph }: Runtime, registry: Registry): Promise<PipelineInfo> {
  const { timezone } = config.source.options;
  const { nodes, edges } = await graphOf(config, registry, { source: graph().some(({ from }) => from === 'source') });
  return {
    ...{ stream: config.stream, file: config.file, version, startedAt: startedAt.toISOString(), clock: config.clock },
    timezone: typeof timezone === 'string' ? timezone : null,
    lead: leadOf(config),
    detectors: await detectorsOf(config, registry),
    incidents: config.incidents,
    ...{ nodes, edges: edges.map(({ from, to }) => ({ from, to })) },
    settings: settingsOf(config, await Promise.all(config.outputs.map((output) => outputOf(output, registry)))),
    simulator: simulator !== undefined,
  };
}

async function detectorsOf({ detectors, combine }: PipelineConfig, registry: Registry): Promise<PipelineInfo['detectors']> {
  const single = [...detectors].map(async ([name, { type, view }]) => {
    const { summary } = await registry.load('detector', type);
    return { name, type, kind: 'detector' as const, view, of: [], summary };
  });
  const joined = [...combine].map(async ([name, { parts }]) => {
    const summaries = await Promise.all(parts.map(async ({ type }) => (await registry.load('combiner', type)).summary));
    const of = [...new Set(parts.flatMap((part) => part.of))];
    return { name, type: parts.map(({ type }) => type).join(', '), kind: 'combination' as const, view: null, of, summary: summaries.join(' Or: ') };
  });
  return await Promise.all([...single, ...joined]);
}

type Nodes = PipelineInfo['nodes'];

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Which rows pass it: those that were read, processed or stored. */
  readonly rows: 'read' | 'processed' | 'stored';
}

/** What rows pass, from the source on. @param here whether the source is read in this process */
export async function graphOf(config: PipelineConfig, registry: Registry, here: { readonly source: boolean }): Promise<{ nodes: Nodes; edges: GraphEdge[] }> {
  const { source, bus, store, outputs, incidents, topics } = config;
  const nodes: Nodes = [];
  const edges: GraphEdge[] = [];
  const node = (id: string, kind: Nodes[number]['kind'], label: string, detail: string): void => void nodes.push({ id, kind, label, detail });
  const edge = (from: string, to: string, rows: GraphEdge['rows'] = 'processed'): void => void edges.push({ from, to, rows });
  if (here.source) {
    node('source', 'source', source.type, [pathOf(source), `pace ${formatPace(source.pace)}`].filter(Boolean).join(', '));
    edge('source', 'bus', 'read');
  }
  node('bus', 'bus', bus.type, `topic ${topics.join(', ')}`);
  for (const name of neededViews(config)) {
    const view = config.views.get(name);
    if (!view) continue;
    node(`view:${name}`, 'view', name, view.steps.map(({ type }) => type).join(', ') || 'the rows as they are');
    edge(view.base === undefined ? 'bus' : `view:${view.base}`, `view:${name}`);
  }
  const idOf = (name: string): string => (config.combine.has(name) ? `combination:${name}` : `detector:${name}`);
  for (const [name, { type, view, options }] of config.detectors) {
    node(`detector:${name}`, 'detector', name, [type, settingsLine(options)].filter(Boolean).join(', '));
    edge(config.views.has(view) ? `view:${view}` : 'bus', `detector:${name}`);
    edge(`detector:${name}`, 'incidents');
  }
  for (const [name, { parts }] of config.combine) {
    node(`combination:${name}`, 'combination', name, parts.map(({ type, of }) => `${type} of ${of.join(', ')}`).join('; or '));
    for (const member of new Set(parts.flatMap(({ of }) => of))) edge(idOf(member), `combination:${name}`);
    edge(`combination:${name}`, 'incidents');
  }
  const [opens, closes, merges] = [incidents.open, incidents.close, incidents.merge].map(formatDuration);
  node('incidents', 'incidents', 'incidents', `open after ${opens}, close after ${closes}, merge within ${merges}`);
  node('store', 'store', store.type, pathOf(store) ?? '');
  edge('incidents', 'store', 'stored');
  for (const [i, output] of outputs.entries()) {
    const { describe } = await registry.load('output', output.type);
    node(`output:${i}`, 'output', output.type, describe?.(output.options) ?? '');
    edge('incidents', `output:${i}`);
  }
  return { nodes, edges };
}

/** Those that detectors look at, and those that these start from: each behind its base. */
function neededViews({ views, detectors }: PipelineConfig): Set<string> {
  const needed = new Set<string>();
  const need = (name: string): void => {
    const base = views.get(name)?.base;
    if (base !== undefined) need(base);
    needed.add(name);
  };
  for (const { view } of detectors.values()) need(view);
  return needed;
}

function pathOf({ options }: ComponentConfig): string | undefined {
  const { path, bucket } = options;
  return typeof path === 'string' ? path : typeof bucket === 'string' ? `bucket ${bucket}` : undefined;
}

function settingsLine(options: Readonly<Record<string, unknown>>): string {
  return Object.entries(options)
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

const secret = /token|password|secret|credential|header|authorization/i;

/** One that says where it goes leaves out secrets. */
async function outputOf({ type, options }: ComponentConfig, registry: Registry): Promise<unknown> {
  const { describe } = await registry.load('output', type);
  return { type, ...(describe ? { describes: describe(options) } : { options }) };
}

function settingsOf(config: PipelineConfig, outputs: readonly unknown[]): Record<string, unknown> {
  const plain = (value: unknown): unknown => {
    if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, plain(each)]));
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value === 'string') return value.replace(/:\/\/[^@/\s]*@/g, '://***@');
    if (value === null || typeof value !== 'object') return value ?? null;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, secret.test(key) && each !== undefined ? '***' : plain(each)]));
  };
  return { ...(plain(config) as Record<string, unknown>), outputs: plain(outputs) };
}
