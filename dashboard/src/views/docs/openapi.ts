/** What of an OpenAPI document is shown. */
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly nullable?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

interface RawOperation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Content };
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly schema?: Schema;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly answers: readonly { readonly code: string; readonly text: string; readonly media: string | undefined; readonly schema: Schema | undefined }[];
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** The operations of a document in groups by what they are about, the first word of their paths behind /api; single ones together. */
export function operationGroups({ paths }: OpenApi): { readonly name: string; readonly operations: readonly Operation[] }[] {
  const groups = new Map<string, Operation[]>();
  for (const [path, operations] of Object.entries(paths)) {
    const [, first = '', second] = path.split('/');
    const name = first === 'api' ? (second ?? first) : 'health and metrics';
    for (const method of methods) {
      const raw = operations[method];
      if (raw === undefined) continue;
      groups.set(name, [...(groups.get(name) ?? []), operationOf(method, path, raw)]);
    }
  }
  const all = [...groups].map(([name, operations]) => ({ name, operations }));
  const single = all.filter(({ operations }) => operations.length === 1);
  const several = all.filter(({ operations }) => operations.length > 1);
  return single.length === 0 ? several : [{ name: 'general', operations: single.flatMap(({ operations }) => operations) }, ...several];
}

function operationOf(method: string, path: string, { summary, description, parameters = [], requestBody, responses = {} }: RawOperation): Operation {
  return {
    id: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary: summary ?? description ?? '',
    // What stands in the path comes first, as it is read.
    parameters: parameters.toSorted((a, b) => Number(b.in === 'path') - Number(a.in === 'path')),
    body: firstOf(requestBody?.content)?.schema,
    answers: Object.entries(responses).map(([code, { description: text = '', content }]) => ({ code, text, ...firstOf(content) })),
  };
}

function firstOf(content: Content | undefined): { media: string | undefined; schema: Schema | undefined } {
  const [media, value] = Object.entries(content ?? {})[0] ?? [];
  return { media, schema: value?.schema };
}

/** Values that are known to be there, for examples: names of parameters to values. */
export type Known = Readonly<Record<string, string>>;

/** The request of an example: its address, and its body where it has one. Required parameters are filled in, others left out. */
export function exampleRequest({ method, path, parameters, body }: Operation, known: Known): { method: string; address: string; body: string | undefined } {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(known[name] ?? String(parameters.find((one) => one.name === name)?.example ?? name.toUpperCase())),
  );
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && (parameter.required === true || parameter.name === 'last'))
    .map(({ name, example, schema }) => `${name}=${known[name] ?? example ?? sample(schema ?? {})}`);
  return {
    method,
    address: filled + (query.length > 0 ? `?${query.join('&')}` : ''),
    body: body === undefined ? undefined : JSON.stringify(sample(body)),
  };
}

/** The same as something to type into a shell. */
export function curlText(origin: string, { method, address, body }: ReturnType<typeof exampleRequest>): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const parts = [
    'curl',
    method === 'GET' ? '' : `-X ${method}`,
    quoted(origin + address),
    body === undefined ? '' : `-H 'content-type: application/json' -d ${quoted(body)}`,
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** A value that a schema allows. */
function sample(schema: Schema): unknown {
  const given = schema.default ?? schema.example ?? schema.examples?.[0] ?? schema.const ?? schema.enum?.[0];
  if (given !== undefined) return given;
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined) return sample(first);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name) === true)
          .map(([name, part]) => [name, sample(part)]),
      );
    case 'array':
      return schema.items === undefined ? [] : [sample(schema.items)];
    case 'number':
    case 'integer':
      return schema.minimum ?? 0;
    case 'boolean':
      return true;
    default:
      return 'text';
  }
}

/** What a schema allows, written as people write JSON, with its descriptions behind `//`. */
export function schemaText(schema: Schema, components: Readonly<Record<string, Schema>>, indent = ''): string {
  if (schema.$ref !== undefined) {
    const target = components[schema.$ref.replace(/^.*\//, '')];
    return target === undefined ? schema.$ref : schemaText(target, components, indent);
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return [...new Set(either.map((one) => schemaText(one, components, indent)))].join(' or ');
  const types = [schema.type ?? 'any'].flat();
  const text = types.map((type) => typeText(type, schema, components, indent)).join(' or ');
  return schema.nullable === true ? `${text} or null` : text;
}

function typeText(type: string, schema: Schema, components: Readonly<Record<string, Schema>>, indent: string): string {
  if (type === 'array') return `[${schema.items === undefined ? '' : schemaText(schema.items, components, indent)}]`;
  if (type !== 'object') return type;
  const inner = `${indent}  `;
  const properties = Object.entries(schema.properties ?? {}).map(([name, part]) => {
    const optional = schema.required?.includes(name) === false || schema.required === undefined ? '?' : '';
    const note = part.description === undefined ? '' : `  // ${part.description}`;
    return `${inner}${name}${optional}: ${schemaText(part, components, inner)}${note}`;
  });
  if (properties.length === 0)
    return typeof schema.additionalProperties === 'object' ? `{ name: ${schemaText(schema.additionalProperties, components, inner)} }` : '{}';
  return `{\n${properties.join('\n')}\n${indent}}`;
}
