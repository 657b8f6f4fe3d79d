import type { ComponentDefinition, ComponentKind } from '../../core/component.ts';
import { type JsonSchema, toJsonSchema } from '../../core/config/json-schema.ts';
import { durationPattern } from '../../core/time.ts';
import { markdownTable } from './markdown-table.ts';
import type { ComponentFile } from './scan.ts';

const titles: Record<ComponentKind, string> = {
  source: 'Sources',
  step: 'Preprocess steps',
  detector: 'Detectors',
  threshold: 'Thresholds',
  combiner: 'Combiners',
  output: 'Outputs',
  bus: 'Buses',
  store: 'Stores',
};

export interface Component {
  readonly definition: ComponentDefinition;
  readonly file: ComponentFile;
}

/** docs/components/<kind>/<type>.md */
export function componentPage({ definition, file }: Component): string {
  const { type, kind, summary } = definition;
  const sections: [string, string | undefined][] = [
    ['In a pipeline', `\`\`\`yaml\n${example(definition)}\`\`\``],
    ['Options', optionsTable(definition)],
    ['When it fails', definition.fails],
    ['Cost', definition.cost],
    ['Attribution', kind === 'detector' ? definition.attribution : undefined],
    ['Finds', kind === 'detector' ? found(definition.finds) : undefined],
    ['Levels', kind === 'detector' && definition.threshold ? levels(definition.threshold) : undefined],
    ['Where it comes from', definition.source],
  ];
  const body = sections.filter(([, text]) => text !== undefined).map(([title, text]) => `## ${title}\n\n${text}\n`);
  return `# ${type}\n\n${titles[kind]} · ${summary}\n\n${body.join('\n')}\nDeclared in [${file.path}](../../../${file.path}).\n`;
}

function found(families: readonly string[]): string {
  return families.length > 0 ? `Held by its tests to an AUC above 0.9 on: ${families.join(', ')}.` : 'None of the fixture families with an AUC above 0.9.';
}

/** docs/components/README.md */
export function componentIndexPage(components: readonly Component[]): string {
  const kinds = [...new Set(components.map(({ definition }) => definition.kind))];
  const tables = kinds.map((kind) => {
    const rows = components
      .filter(({ definition }) => definition.kind === kind)
      .map(({ definition: { type, summary } }) => [`[${type}](${kind}/${type}.md)`, summary]);
    return `## ${titles[kind]}\n\n${markdownTable(['type', 'what it is'], rows)}`;
  });
  return `# Components\n\nWhat a pipeline can be made of. Each page comes from the declaration of the component; \`sluice list\` prints the same.\n\n${tables.join('\n')}`;
}

function optionsTable(definition: ComponentDefinition): string {
  const rows = optionRows(toJsonSchema(definition.options));
  const shorthand =
    definition.shorthand === undefined ? '' : `\n\`${definition.shorthand}\` may be given as the whole value: \`${shorthandForm(definition)}\`.`;
  return rows.length === 0 ? 'None.' : `${markdownTable(['option', 'type', 'default', 'what it does'], rows)}${shorthand}`.trimEnd();
}

/** Options, and behind each the keys that its value has: `message.time`. */
function optionRows(schema: JsonSchema, prefix = ''): string[][] {
  const { properties = {}, required = [] } = schema as { properties?: Record<string, JsonSchema>; required?: string[] };
  return Object.entries(properties).flatMap(([name, property]) => {
    const fallback = required.includes(name) ? 'required' : property.default === undefined ? '' : code(property.default);
    const own = [`\`${prefix}${name}\``, describeType(property), fallback, String(property.description ?? '')];
    const forms = [property, ...((property.anyOf as JsonSchema[] | undefined) ?? [])];
    return [own, ...forms.flatMap((form) => optionRows(form, `${prefix}${name}.`))];
  });
}

/** The type of an option in words: `whole number, 1 to 1024`. */
export function describeType(property: JsonSchema): string {
  const {
    type,
    enum: values,
    const: only,
    anyOf,
    items,
    pattern,
    minimum,
    exclusiveMinimum,
    maximum,
    exclusiveMaximum,
    additionalProperties,
  } = property as Record<string, never>;
  if (anyOf) return (anyOf as JsonSchema[]).map(describeType).join(' or ');
  if (values) return (values as unknown[]).map(code).join(', ');
  if (only !== undefined) return code(only);
  if (type === 'array') return `list of ${items ? describeType(items as JsonSchema) : 'values'}`;
  if (type === 'object')
    return additionalProperties && typeof additionalProperties === 'object' ? `names with ${describeType(additionalProperties)}` : 'keys with values';
  if (type === 'boolean') return 'true or false';
  if (type === 'string') return pattern === durationPattern.source ? 'span of time, e.g. `30s`' : 'text';
  if (type !== 'number' && type !== 'integer') return 'any';
  const safe = (bound: number | undefined): number | undefined => (bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined);
  const low = safe(minimum);
  const high = safe(maximum);
  const bounds = [
    low !== undefined && high !== undefined ? `${low} to ${high}` : low !== undefined ? `at least ${low}` : high !== undefined ? `at most ${high}` : '',
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    exclusiveMaximum === undefined ? '' : `below ${exclusiveMaximum}`,
  ].filter((bound) => bound !== '');
  return [type === 'integer' ? 'whole number' : 'number', ...bounds].join(', ');
}

/** How the component is written in a pipeline file, with the defaults that say something. */
export function example(definition: ComponentDefinition): string {
  const { type, kind } = definition;
  const { properties = {}, required = [] } = toJsonSchema(definition.options) as { properties?: Record<string, JsonSchema>; required?: string[] };
  const telling = (value: unknown): boolean => value !== undefined && value !== 'auto' && !Array.isArray(value);
  const shown = Object.entries(properties).filter(([name, property]) => required.includes(name) || telling(property.default));
  const options = shown.map(([name, property]) => `${name}: ${inline(property.default ?? sample(definition, name, property))}`);
  const keys = (first: string[]): string => `{ ${[...first, ...options].join(', ')} }`;
  const onlyShorthand = shown.length === 1 && shown[0][0] === definition.shorthand;
  const value = options.length === 0 ? undefined : onlyShorthand ? options[0].slice(options[0].indexOf(':') + 2) : keys([]);
  switch (kind) {
    case 'source':
      return `source: ${keys([`type: ${type}`])}\n`;
    case 'step':
      return `views:\n  plain: [${value ? `{ ${type}: ${value} }` : type}]\n`;
    case 'detector':
      return `detectors:\n  ${type}: ${keys([`type: ${type}`])}\n`;
    case 'threshold':
      return `threshold:\n  warn: { ${type}: ${value ?? '{}'} }\n`;
    case 'combiner':
      return `combine:\n  combined: { ${type}: ${value ? keys(['of: [k-means, mahalanobis]']) : '[k-means, mahalanobis]'} }\n`;
    case 'output':
      return `outputs: [${value ? keys([`type: ${type}`]) : type}]\n`;
    default:
      return `${kind}: ${value ? keys([`type: ${type}`]) : type}\n`;
  }
}

/** `impute: 30s` */
function shorthandForm(definition: ComponentDefinition): string {
  const { type, shorthand, options } = definition;
  const { properties = {} } = toJsonSchema(options) as { properties?: Record<string, JsonSchema> };
  const property = properties[shorthand as string] ?? {};
  return `${type}: ${inline(property.default ?? sample(definition, shorthand as string, property))}`;
}

/** A value for an option that has no default. */
function sample(
  definition: ComponentDefinition,
  name: string,
  { type, enum: values, minimum, exclusiveMinimum, exclusiveMaximum, anyOf, pattern, examples }: JsonSchema,
): unknown {
  if (Array.isArray(examples)) return examples[0];
  if (Array.isArray(anyOf)) return sample(definition, name, anyOf[0] as JsonSchema);
  if (Array.isArray(values)) return values[0];
  if (exclusiveMinimum === 0 && exclusiveMaximum === 1) return 0.99;
  if (type === 'number' || type === 'integer')
    return minimum ?? (exclusiveMinimum === undefined ? 1 : Number(exclusiveMinimum) + (type === 'integer' ? 1 : 0.5));
  if (type === 'boolean') return true;
  if (type === 'array') return [];
  if (name === 'path') return `${definition.kind === 'store' ? '.sluice' : 'data'}/plant.${definition.type}`;
  return pattern ? '30s' : name;
}

function inline(value: unknown): string {
  if (typeof value === 'string')
    return /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(value) && !/^(true|false|null|yes|no)$/i.test(value) && Number.isNaN(Number(value))
      ? value
      : `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value);
}

function levels({ warn, error }: { warn: object; error: object }): string {
  return `Held to levels of its own unless the pipeline gives it others: warn \`${JSON.stringify(warn)}\`, error \`${JSON.stringify(error)}\`.`;
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}
