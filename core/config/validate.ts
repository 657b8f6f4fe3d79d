import type { z } from 'zod';
import { didYouMean, quote } from '../errors.ts';
import type { ConfigDocument } from './document.ts';
import { anyOf, type ConfigPath, quoteValue } from './mistakes.ts';

type Issue = z.core.$ZodIssue & { allowed?: readonly string[] };

export interface ValidateContext {
  readonly document: ConfigDocument;
  /** Where in the file a path inside the value stands. */
  at(path: ConfigPath): ConfigPath;
  /** Keys that stand beside the value's own and are checked elsewhere. */
  readonly beside?: readonly string[];
}

/** Parses a value, adding every mistake to the document; undefined when there is one. */
export function validate<T extends z.ZodType>(schema: T, value: unknown, context: ValidateContext): z.output<T> | undefined {
  const first = schema.safeParse(value, { error: explain });
  const result = first.success || !convertEnvironment(first.error.issues, value, context) ? first : schema.safeParse(value, { error: explain });
  if (result.success) return result.data;
  for (const issue of (result.error.issues as Issue[]).flatMap(innermost)) report(issue, value, context);
  return undefined;
}

function report(issue: Issue, value: unknown, { document, at, beside = [] }: ValidateContext): void {
  const path = issue.path as ConfigPath;
  const where = at(path);
  if (document.isUnset(where)) return;
  if (issue.code === 'unrecognized_keys') {
    const allowed = [...(path.length === 0 ? beside : []), ...(issue.allowed ?? [])];
    for (const key of issue.keys) unknownKey(document, [...where, key], allowed);
    return;
  }
  const found = issue.code === 'invalid_key' ? path.at(-1) : valueAt(value, path);
  const expected = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const near = issue.code === 'invalid_value' && typeof found === 'string' ? didYouMean(found, issue.values.map(String)) : undefined;
  const written = document.written(where);
  if (issue.code === 'invalid_type' && issue.message === 'expected text' && written !== undefined) {
    document.mistake(where, `expected text, got ${written}; put it in quotes: "${written}"`);
    return;
  }
  const missing = found === undefined ? 'is missing: ' : '';
  // Free text that the environment brings may be a secret.
  const hidden = typeof found === 'string' && ['custom', 'invalid_format', 'too_small', 'too_big'].includes(issue.code) && document.isFromEnvironment(where);
  const empty = found === '' ? document.emptyVariable(where) : undefined;
  const shown = empty !== undefined ? `nothing: the environment variable '${empty}' is empty` : hidden ? 'other text from the environment' : quoteValue(found);
  const got = found === undefined || (typeof found === 'string' && expected.includes(quote(found))) ? '' : `, got ${shown}`;
  const hint = near ? `; did you mean ${quote(near)}?` : hintFor(issue, found);
  document.mistake(where, `${missing}${expected}${got}${hint}`, issue.code === 'invalid_key' ? 'key' : 'value');
}

/** Adds the mistake that a key is not known here. */
function unknownKey(document: ConfigDocument, path: ConfigPath, allowed: readonly string[]): void {
  const key = String(path.at(-1));
  const near = didYouMean(key, allowed);
  const list = allowed.length === 0 ? 'nothing can be set here' : `allowed: ${allowed.join(', ')}`;
  document.mistake(path, `unknown key ${quote(key)}${near ? `; did you mean ${quote(near)}?` : ''} (${list})`, 'key');
}

function hintFor(issue: Issue, found: unknown): string {
  if (issue.code !== 'invalid_type' || typeof found !== 'string') return '';
  if (issue.expected === 'boolean' && /^(yes|no|on|off)$/i.test(found)) return `; write ${/^(yes|on)$/i.test(found) ? 'true' : 'false'}`;
  if ((issue.expected === 'number' || issue.expected === 'int') && found.trim() !== '' && Number.isFinite(Number(found))) return '; write it without quotes';
  return '';
}

/**
 * What the value was expected to be, in words; a schema's own `error` comes first. For unknown keys the ones that are
 * allowed are kept on the issue.
 */
const explain: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${typeNames[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${anyOf(issue.values.map(quoteValue))}`;
    case 'too_small':
    case 'too_big':
      return `expected ${limits(issue as never)}`;
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `expected text that matches ${issue.pattern}` : `expected ${issue.format}`;
    case 'unrecognized_keys':
      Object.assign(issue, { allowed: Object.keys((issue.inst as unknown as z.ZodObject | undefined)?._zod.def.shape ?? {}) });
      return 'unknown key';
    default:
      return 'not allowed here';
  }
};

const typeNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'keys with values',
  record: 'names with values',
};

interface Limits {
  readonly origin: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean;
}

function limits({ origin, minimum, maximum, inclusive }: Limits): string {
  const above = minimum !== undefined;
  const bound = above ? minimum : maximum;
  if (origin === 'number' || origin === 'int')
    return above ? `${inclusive ? 'at least' : 'more than'} ${bound}` : `${inclusive ? 'at most' : 'less than'} ${bound}`;
  if (origin === 'string') return above ? (Number(bound) === 1 ? 'text that is not empty' : `at least ${bound} characters`) : `at most ${bound} characters`;
  const entries = `${bound} ${Number(bound) === 1 ? 'entry' : 'entries'}`;
  return above ? `at least ${entries}` : `at most ${entries}`;
}

/** Of a union's branches, the one that was meant: the only one that the value fits but for its size or what is inside. Otherwise all that would be allowed. */
function innermost(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const branches = issue.errors.map((branch) => (branch as Issue[]).flatMap(innermost));
  const meant = branches.filter(
    (branch) => branch.length > 0 && branch.every(({ code, path }) => path.length > 0 || ['unrecognized_keys', 'too_small', 'too_big'].includes(code)),
  );
  if (meant.length === 1) return meant[0].map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue);
  const expected = branches.flatMap((branch) => branch.filter(({ path }) => path.length === 0).map(({ message }) => message.replace(/^expected /, '')));
  return [{ ...issue, message: expected.length > 0 ? `expected ${anyOf([...new Set(expected)])}` : issue.message } as Issue];
}

/** Text out of the environment becomes the number or boolean that was expected in its place. True when something changed. */
function convertEnvironment(issues: readonly z.core.$ZodIssue[], value: unknown, context: ValidateContext, base: ConfigPath = []): boolean {
  let changed = false;
  for (const issue of issues) {
    const path = [...base, ...(issue.path as ConfigPath)];
    if (issue.code === 'invalid_union') {
      for (const branch of issue.errors) changed = convertEnvironment(branch, value, context, path) || changed;
      continue;
    }
    const text = valueAt(value, path);
    if (path.length === 0 || typeof text !== 'string' || !context.document.isFromEnvironment(context.at(path))) continue;
    const holder = valueAt(value, path.slice(0, -1)) as Record<string | number, unknown>;
    const expected = issue.code === 'invalid_type' ? issue.expected : issue.code === 'invalid_value' ? 'boolean' : undefined;
    if ((expected === 'number' || expected === 'int') && text.trim() !== '' && Number.isFinite(Number(text))) holder[path.at(-1) as string] = Number(text);
    else if (expected === 'boolean' && (text === 'true' || text === 'false')) holder[path.at(-1) as string] = text === 'true';
    else continue;
    changed = true;
  }
  return changed;
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  let at = value;
  for (const part of path) at = typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[part] : undefined;
  return at;
}
