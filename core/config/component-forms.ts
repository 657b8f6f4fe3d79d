import type { z } from 'zod';
import type { ComponentDefinition, ComponentKind } from '../component.ts';
import { didYouMean, quote } from '../errors.ts';
import type { ComponentConfig } from '../pipeline-config.ts';
import type { Registry } from '../registry.ts';
import type { ConfigDocument } from './document.ts';
import type { ConfigPath } from './mistakes.ts';
import { looksLikePath, sourceTypeOf } from './source-of-path.ts';
import { validate } from './validate.ts';

export type Keys = Record<string, unknown>;

/** A pipeline file that is being resolved, and the components that it can name. */
export interface PipelineFile {
  readonly document: ConfigDocument;
  readonly registry: Registry;
}

/** A component as it stands in the file, whichever form it was written in. */
export interface WrittenComponent {
  readonly type: string;
  /** Where the type stands. */
  readonly typePath: ConfigPath;
  readonly typeIs: 'key' | 'value';
  /** undefined: nothing but the name was given. */
  readonly value: unknown;
  readonly path: ConfigPath;
}

export function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const samples: Record<string, string> = {
  'preprocess step': 'clean or { impute: { hold: 30s } }',
  threshold: '{ quantile: 0.99 } or { fixed: 3 }',
};

/**
 * Reads the forms of a component: its bare name (`memory`), keys with a `type` (`{ type: csv, path: x }`) or one key that
 * is the name (`{ impute: { hold: 30s } }`, `{ impute: 30s }`). Where components are mostly written the last way (`keyed`),
 * the one key is a name even when it is not known; elsewhere only when it is.
 */
export function readForm(
  document: ConfigDocument,
  value: unknown,
  path: ConfigPath,
  { what, known, keyed }: { readonly what: string; readonly known: readonly string[]; readonly keyed: boolean },
): WrittenComponent | undefined {
  const forms = keyed ? `a ${what} such as ${samples[what] ?? '{ name: options }'}` : `a ${what}: its name or { type: name, … }`;
  const wrong = (message: string): undefined => {
    if (!document.isUnset(path)) document.mistake(path, message);
  };
  if (typeof value === 'string') return { type: value, typePath: path, typeIs: 'value', value: undefined, path };
  if (!isKeys(value)) return wrong(value === undefined ? `is missing: expected ${forms}` : `expected ${forms}, got ${quote(value)}`);
  if (Object.hasOwn(value, 'type')) {
    const { type, ...rest } = value;
    if (typeof type !== 'string') return wrong(`expected the name of a ${what} as type, got ${type === undefined ? 'nothing' : quote(type)}`);
    return { type, typePath: [...path, 'type'], typeIs: 'value', value: rest, path };
  }
  const keys = Object.keys(value);
  if (keys.length === 1 && (keyed || known.includes(keys[0]))) {
    const own = [...path, keys[0]];
    return { type: keys[0], typePath: own, typeIs: 'key', value: value[keys[0]], path: own };
  }
  if (!keyed) return wrong(`'type' is missing: expected ${forms}`);
  return wrong(`expected ${forms}, got ${keys.length} keys (${keys.join(', ')}): each ${what} is an entry of its own`);
}

/** Finds the component that a written one names; undefined (and a mistake) when there is none. */
export async function findDefinition<K extends ComponentKind>(
  { document, registry }: PipelineFile,
  kind: K,
  written: WrittenComponent,
  what: string = kind,
  otherNames: readonly string[] = [],
): Promise<Extract<ComponentDefinition, { kind: K }> | undefined> {
  const types = registry.types(kind);
  if (types.includes(written.type)) return registry.load(kind, written.type);
  if (kind === 'source' && looksLikePath(written.type)) {
    const form = `{ type: ${sourceTypeOf(written.type)}, path: ${written.type} }`;
    document.mistake(written.typePath, `expected a source, e.g. ${form}, got ${quote(written.type)}`, written.typeIs);
    return undefined;
  }
  const near = didYouMean(written.type, [...types, ...otherNames]);
  document.mistake(
    written.typePath,
    `there is no ${what} ${quote(written.type)}${near ? `; did you mean ${quote(near)}?` : ''} (known: ${[...otherNames, ...types].join(', ')})`,
    written.typeIs,
  );
  return undefined;
}

/** Parses a written component's options by its own schema, taking the shorthand form where it has one. */
export function parseOptions(
  document: ConfigDocument,
  definition: ComponentDefinition,
  written: WrittenComponent,
  beside: readonly string[] = [],
): ComponentConfig | undefined {
  const { shorthand } = definition;
  const { value, path } = written;
  if (value === undefined || isKeys(value)) {
    const options = validate(definition.options, value ?? {}, { document, at: (inside) => [...path, ...inside], beside });
    return options && { type: definition.type, options };
  }
  if (shorthand === undefined) {
    const message = `expected keys with values for ${quote(definition.type)}, got ${quote(value)} (allowed: ${Object.keys(definition.options.shape).join(', ')})`;
    document.mistake(path, message);
    return undefined;
  }
  const at = (inside: ConfigPath): ConfigPath => (inside[0] === shorthand ? [...path, ...inside.slice(1)] : path);
  const options = validate(definition.options, { [shorthand]: value }, { document, at, beside });
  return options && { type: definition.type, options };
}

/** A component's own options, and the keys beside them that the frame knows. */
export function divide(value: unknown, known: z.ZodObject): [own: unknown, beside: Keys] {
  if (!isKeys(value)) return [value, {}];
  const names = Object.keys(known.shape);
  const entries = Object.entries(value);
  return [Object.fromEntries(entries.filter(([key]) => !names.includes(key))), Object.fromEntries(entries.filter(([key]) => names.includes(key)))];
}

/** Finds what a written component names and parses its options. */
export async function parseWritten(
  file: PipelineFile,
  kind: 'bus' | 'output' | 'step' | 'threshold' | 'detector',
  written: WrittenComponent,
  beside: readonly string[] = [],
  what: string = kind,
  otherNames: readonly string[] = [],
): Promise<ComponentConfig | undefined> {
  const definition = await findDefinition(file, kind, written, what, otherNames);
  return definition && parseOptions(file.document, definition, written, beside);
}
