/** A variable's chosen value: of one that takes several, and of All, a list. An `allValue` of its own goes in as it is. */
export type VariableValue = string | readonly string[] | { readonly asIs: string };

export interface Reference {
  /** As it stands in the text. */
  readonly text: string;
  readonly name: string;
  /** `a` of `${name.a}` */
  readonly path: string | undefined;
  readonly format: string | undefined;
  readonly index: number;
}

/** The three ways that Grafana knows: $name, [[name:format]], ${name.path:format}. */
const syntax = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}/g;

export function referencesIn(text: string): Reference[] {
  return [...text.matchAll(syntax)].map((match) => {
    const [whole, plain, old, oldFormat, name, path, format] = match;
    return { text: whole, name: plain ?? old ?? name, path, format: oldFormat ?? format, index: match.index };
  });
}

/** Grafana's formats (https://grafana.com/docs/grafana/latest/dashboards/variables/variable-syntax). Those that are no function are for links and text only. */
const formats: Readonly<Record<string, ((value: string | readonly string[]) => string) | undefined>> = {
  regex: (value) => {
    const escaped = listOf(value).map((one) => one.replace(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
    return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
  },
  doublequote: (value) =>
    listOf(value)
      .map((one) => `"${one.replaceAll('"', '\\"')}"`)
      .join(','),
  singlequote: (value) =>
    listOf(value)
      .map((one) => `'${one.replaceAll("'", "\\'")}'`)
      .join(','),
  raw: (value) => String(value),
  pipe: (value) => listOf(value).join('|'),
  csv: (value) => listOf(value).join(','),
  json: (value) => JSON.stringify(value),
  glob: (value) => (typeof value === 'string' || value.length === 1 ? listOf(value)[0] : `{${value.join(',')}}`),
  text: undefined,
  queryparam: undefined,
  percentencode: undefined,
  uriencode: undefined,
  date: undefined,
};

export const isFormat = (format: string): boolean => Object.hasOwn(formats, format.split(':', 1)[0]);

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

/** A text with its variables filled as Grafana fills them before a query leaves the browser. What it does not know it leaves as it is. */
export function fillVariables(text: string, values: ReadonlyMap<string, VariableValue>): string {
  return text.replace(syntax, (whole: string, plain?: string, old?: string, oldFormat?: string, name?: string, _path?: string, format?: string) => {
    const value = values.get(plain ?? old ?? name ?? '');
    if (value === undefined) return whole;
    if (typeof value === 'object' && 'asIs' in value) return value.asIs;
    const write = formats[oldFormat ?? format ?? 'glob'];
    if (!write) throw new Error(`${whole}: the format is not for queries`);
    return write(value);
  });
}
