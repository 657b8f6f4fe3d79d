/** Settings as a person would write them in a pipeline file: YAML, short lists and mappings in one line. */
export function settingsText(value: unknown): string {
  return isMapping(value) ? block(value, '') : inline(value);
}

/** A line of the file is not longer than this where it can be helped. */
const lineWidth = 100;

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping => typeof value === 'object' && value !== null && !Array.isArray(value);

function block(mapping: Mapping, indent: string): string {
  return Object.entries(mapping)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${indent}${scalar(name)}:${nested(value, indent, `${indent}${name}: `.length)}`)
    .join('\n');
}

/** A value behind its name, in the same line when it fits and is flat enough to read. */
function nested(value: unknown, indent: string, used: number): string {
  const line = inline(value);
  if (typeof value !== 'object' || value === null) return ` ${line}`;
  if (used + line.length <= lineWidth && depth(value) <= 2) return ` ${line}`;
  if (isMapping(value)) return `\n${block(value, `${indent}  `)}`;
  return `\n${(value as unknown[]).map((item) => `${indent}  - ${inline(item)}`).join('\n')}`;
}

function depth(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depth));
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (!isMapping(value)) return scalar(value);
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return parts.length === 0 ? '{}' : `{ ${parts.map(([name, part]) => `${scalar(name)}: ${inline(part)}`).join(', ')} }`;
}

/** A text that YAML would read as something else, or not at all, stands between quotes. */
function scalar(value: unknown): string {
  if (typeof value !== 'string') return String(value ?? null);
  const plain = /^[\p{L}_./(][\p{L}\p{N}_./()<>=+@ -]*$/u.test(value) || /^\d[\p{L}\d.-]*[\p{L}][\p{L}\d./-]*$/u.test(value);
  return plain && !/^(true|false|null|yes|no|on|off|~)$/i.test(value) && value === value.trim() ? value : JSON.stringify(value);
}
