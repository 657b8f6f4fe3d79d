import { Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { didYouMean, quote, SluiceError } from '../errors.ts';
import { type ConfigPath, formatPath, type Mistake } from './mistakes.ts';

/** Aliases can make a small file huge; no pipeline comes near this many values. */
const mostValues = 100_000;

/**
 * The text of a pipeline file (YAML 1.2, of which JSON is a part) with the place of every key and value, changed by
 * `--set`, then turned into plain values with `${ENV}` filled in. Mistakes are collected, not thrown.
 */
export class ConfigDocument {
  readonly mistakes: Mistake[] = [];
  readonly #document: Document;
  readonly #lines = new LineCounter();
  /** Path -> the `--set` that brought it. */
  readonly #overrides = new Map<string, { path: ConfigPath; expression: string }>();
  readonly #fromEnvironment = new Set<string>();
  readonly #empty = new Map<string, string>();
  readonly #unset = new Set<string>();
  #values = 0;

  constructor(text: string) {
    this.#document = parseDocument(veil(text), { lineCounter: this.#lines, prettyErrors: false });
    const { errors } = this.#document;
    // After the first slip of syntax the parser stumbles over what is right; a key that comes twice is a mistake for itself.
    const first = errors.find((error) => error.code !== 'DUPLICATE_KEY');
    for (const error of errors.filter((each) => each.code === 'DUPLICATE_KEY' || each === first)) {
      const message = error.code === 'DUPLICATE_KEY' ? 'this key comes twice' : `not YAML or JSON: ${lowerFirst(unveil(error.message))}`;
      this.mistakes.push({ path: '', place: this.#placeOf(error.pos[0]), message });
    }
    const { contents } = this.#document;
    if (this.mistakes.length === 0 && !isMap(contents)) {
      const message = contents === null || (isScalar(contents) && contents.value === null) ? 'the file is empty' : 'expected keys with values at the top';
      this.mistakes.push({ path: '', place: '1:1', message: `${message}; a pipeline needs at least stream, source and detectors` });
    }
  }

  /**
   * Changes one value: `source.pace=max`, `outputs.0.type=terminal`, `"a.b".c="007"`. The value is read as YAML.
   * @throws USAGE when the expression has no path or no `=`.
   */
  set(expression: string): void {
    const { path, text } = splitExpression(expression);
    const value = parseDocument(veil(text), { prettyErrors: false });
    const slip = value.errors[0]?.message ?? (isAlias(value.contents) ? `there is no anchor '${value.contents.source}'` : undefined);
    if (slip !== undefined) {
      const message = `cannot read the value ${quote(text)} as YAML (${lowerFirst(unveil(slip))}); put it in quotes: ${formatPath(path)}='"…"'`;
      this.mistakes.push({ path: formatPath(path), place: `--set ${expression}`, message });
      return;
    }
    const wrong = this.#put(path, value.contents);
    if (wrong === undefined) this.#overrides.set(formatPath(path), { path, expression });
    else this.mistakes.push({ path: formatPath(path), place: `--set ${expression}`, message: wrong });
  }

  /** Plain values: maps as objects, empty values as undefined, `${ENV}` filled in. */
  plain(environment: Readonly<Record<string, string | undefined>>): Record<string, unknown> {
    const value = this.#plain(this.#document.contents as Node, [], environment);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  }

  /** Did (part of) this value come out of the environment? Such text may stand for a number or a boolean. */
  isFromEnvironment(path: ConfigPath): boolean {
    return this.#fromEnvironment.has(formatPath(path));
  }

  /** The variable named here that is set to nothing; of more the last. */
  emptyVariable(path: ConfigPath): string | undefined {
    return this.#empty.get(formatPath(path));
  }

  /** Was a variable named here that is not set? That is a mistake already, whatever is wrong with what is left. */
  isUnset(path: ConfigPath): boolean {
    return this.#unset.has(formatPath(path));
  }

  /** A number, a boolean or a null as it was written (`007`, `~`); undefined for everything else and where nothing stands. */
  written(path: ConfigPath): string | undefined {
    const node = this.#find(path)?.node;
    return isScalar(node) && typeof node.value !== 'string' ? node.source || undefined : undefined;
  }

  /** Notes that something is wrong with a value, or with its key. */
  mistake(path: ConfigPath, message: string, what: 'key' | 'value' = 'value'): void {
    this.mistakes.push({ path: formatPath(path), place: this.place(path, what), message });
  }

  /** `line:column` of a value (or of its key), or the `--set` that brought it; for what is missing, the place of what it is missing in. */
  place(path: ConfigPath, what: 'key' | 'value' = 'value'): string {
    for (let length = path.length; length > 0; length--) {
      const override = this.#overrides.get(formatPath(path.slice(0, length)));
      if (override) return `--set ${override.expression}`;
    }
    for (let length = path.length; length >= 0; length--) {
      const at = this.#range(path.slice(0, length), length === path.length ? what : 'key');
      if (at !== undefined) return this.#placeOf(at);
      const prefix = path.slice(0, length).map(String);
      for (const override of this.#overrides.values()) {
        if (prefix.length > 0 && prefix.every((part, i) => String(override.path[i]) === part)) return `--set ${override.expression}`;
      }
    }
    return '1:1';
  }

  #placeOf(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${line}:${col}`;
  }

  /** Offset in the text, undefined where nothing stands. */
  #range(path: ConfigPath, what: 'key' | 'value'): number | undefined {
    const found = this.#find(path);
    if (!found) return undefined;
    const { node, key } = found;
    const best = (what === 'key' ? key : node) ?? key;
    return (best as Node | undefined)?.range?.[0] ?? (key as Node | undefined)?.range?.[0];
  }

  /** What stands at a path, and its key; undefined where nothing does. */
  #find(path: ConfigPath): { node: unknown; key: unknown } | undefined {
    let node: unknown = this.#document.contents;
    let key: unknown;
    for (const part of path) {
      const inside: unknown = isAlias(node) ? node.resolve(this.#document) : node;
      if (isMap(inside)) {
        const pair = inside.items.find((item) => keyOf(item.key) === String(part));
        if (!pair) return undefined;
        key = pair.key;
        node = pair.value;
      } else if (isSeq(inside)) {
        node = inside.items[Number(part)];
        key = node;
        if (node === undefined) return undefined;
      } else return undefined;
    }
    return { node, key };
  }

  /** Puts a node at a path, making the maps on the way; says what is in the way when something is. */
  #put(path: ConfigPath, value: unknown): string | undefined {
    let holder: YAMLMap | YAMLSeq = this.#document.contents as YAMLMap;
    for (const [depth, part] of path.entries()) {
      const last = depth === path.length - 1;
      const here = formatPath(path.slice(0, depth));
      const empty = (): YAMLMap | YAMLSeq => (/^\d+$/.test(String(path[depth + 1])) ? new YAMLSeq() : new YAMLMap());
      if (isSeq(holder)) {
        const index = Number(part);
        const size = holder.items.length;
        if (!/^\d+$/.test(String(part))) return `'${here}' is a list: expected a position from 0 to ${size}, got ${quote(part)}`;
        if (index > size) return `'${here}' has ${size} entries: expected a position from 0 to ${size}, got ${index}`;
        if (last) holder.items[index] = value;
        else holder.items[index] = this.#inside(holder.items[index], empty) ?? empty();
        if (!last) holder = holder.items[index] as YAMLMap;
        continue;
      }
      const key = (holder.items.find((item) => keyOf(item.key) === String(part))?.key as Scalar | undefined) ?? String(part);
      if (last) {
        holder.set(key, value);
        continue;
      }
      const child: unknown = holder.get(key, true);
      const next = this.#inside(child, empty);
      if (next === undefined)
        return `'${formatPath(path.slice(0, depth + 1))}' is ${quote(isScalar(child) ? child.value : '')}, which has nothing inside to set`;
      if (next !== child) holder.set(key, next);
      holder = next;
    }
    return undefined;
  }

  /** What a path can go on in: a map or list as it is; nothing, a switch or the bare name of a component become a map. */
  #inside(child: unknown, empty: () => YAMLMap | YAMLSeq): YAMLMap | YAMLSeq | undefined {
    if (isMap(child) || isSeq(child)) return child;
    if (child instanceof Alias) return this.#inside((child.resolve(this.#document) as Node | undefined)?.clone(), empty);
    const value = isScalar(child) ? child.value : child;
    if (value === undefined || value === null || typeof value === 'boolean') return empty();
    if (typeof value !== 'string' || !/^[a-z][a-z0-9-]*$/.test(value)) return undefined;
    const map = new YAMLMap();
    map.set('type', new Scalar(value));
    return map;
  }

  #plain(node: unknown, path: ConfigPath, environment: Readonly<Record<string, string | undefined>>): unknown {
    if (++this.#values > mostValues) {
      if (this.#values === mostValues + 1) this.mistake(path, `more than ${mostValues} values; is an alias repeated?`);
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (!target) this.mistake(path, `there is no anchor '${node.source}'; put text that begins with * in quotes`);
      return this.#plain(target, path, environment);
    }
    if (isSeq(node)) return node.items.map((item, i) => this.#plain(item, [...path, i], environment));
    if (isMap(node)) {
      const out: Record<string, unknown> = {};
      for (const { key, value } of node.items) {
        const name = keyOf(key);
        if (name === undefined || name === '__proto__') this.mistake(path, `expected names as keys, got ${quote(name ?? String(key))}`);
        else out[name] = this.#plain(value, [...path, name], environment);
      }
      return out;
    }
    if (!isScalar(node) || node.value === null) return undefined;
    return typeof node.value === 'string' ? this.#expand(unveil(node.value), path, environment) : node.value;
  }

  #expand(text: string, path: ConfigPath, environment: Readonly<Record<string, string | undefined>>): string {
    if (!text.includes('${')) return text;
    if (/\$\{[^}]*$/.test(text)) this.mistake(path, `'}' is missing after '\${' in ${quote(text)}; write '$\${' for the characters themselves`);
    return text.replace(/\$(\$?)\{([^}]*)\}/g, (whole, escaped: string, inside: string) => {
      if (escaped) return whole.slice(1);
      const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inside);
      if (!match) {
        this.mistake(path, `${quote(whole)} does not name an environment variable; write \${NAME} or \${NAME:-default}`);
        return '';
      }
      this.#fromEnvironment.add(formatPath(path));
      const [, name, fallback] = match;
      const value = environment[name];
      if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
      if (value === '') this.#empty.set(formatPath(path), name);
      if (value === undefined) {
        this.#unset.add(formatPath(path));
        const near = didYouMean(name, Object.keys(environment));
        this.mistake(path, `the environment variable '${name}' is not set${near ? ` (did you mean '${near}'?)` : ''}; set it or write \${${name}:-default}`);
      }
      return value ?? '';
    });
  }
}

/** Characters that mean something in YAML, and what stands for them inside `${…}`: Unicode's noncharacters, which no file holds. */
const marks = '{}[],:#';
const veilOf = (mark: string): string => String.fromCharCode(0xfdd0 + marks.indexOf(mark));

/** Makes `${NAME:-a, b}` one word for YAML wherever it stands, also in { } and [ ]. Every offset stays. */
function veil(text: string): string {
  return text.replace(/\$\{[^{}\n]*\}/g, (reference) => reference.replace(/[{}[\],:#]/g, veilOf));
}

function unveil(text: string): string {
  return text.replace(/[\ufdd0-\ufdd6]/g, (veiled) => marks[veiled.charCodeAt(0) - 0xfdd0]);
}

/** The text of a key, undefined where the key is a list or a map. */
function keyOf(key: unknown): string | undefined {
  if (isScalar(key)) return unveil(String(key.value));
  return typeof key === 'string' ? key : undefined;
}

/**
 * Path and value of `--set path=value`: parts separated by dots, list positions as numbers, double quotes around a part
 * that holds a dot or an equals sign.
 */
function splitExpression(expression: string): { path: ConfigPath; text: string } {
  const path: string[] = [];
  const part = /\s*(?:"((?:[^"\\]|\\.)*)"|([^."=\s]+))\s*([.=]|$)/y;
  for (;;) {
    const at = part.lastIndex;
    const match = part.exec(expression);
    if (!match || match[3] === '') {
      throw new SluiceError('USAGE', `cannot read --set ${quote(expression)}${at > 0 ? ` from ${quote(expression.slice(at))} on` : ''}`, {
        fix: 'Write a path, an equals sign and a value: --set source.pace=max.',
      });
    }
    path.push(match[1] === undefined ? match[2] : match[1].replace(/\\(.)/g, '$1'));
    if (match[3] === '=') return { path, text: expression.slice(part.lastIndex) };
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
