import { createHash } from 'node:crypto';
import { SluiceError } from './errors.ts';

/** A sensor or actuator channel. */
export interface Tag {
  readonly name: string;
  readonly description?: string;
  readonly kind: 'continuous' | 'discrete';
  readonly unit?: string;
  /** Where in the plant it is, e.g. P1 to P6. */
  readonly stage?: string;
}

/** The ordered tags of a stream: fixed when the stream starts, carried in models and snapshots. */
export interface Schema {
  readonly tags: readonly Tag[];
  /** Content hash over names and kinds in order; equal hash = interchangeable rows. */
  readonly hash: string;
}

/**
 * @throws SOURCE_TAGS when there is no tag, a name is empty or a name comes twice.
 * @example
 * const schema = makeSchema([{ name: 'FIT101', kind: 'continuous', unit: 'm3/h', stage: 'P1' }]);
 * schema.tags.length; // 1
 */
export function makeSchema(tags: readonly Tag[]): Schema {
  if (tags.length === 0) throw new SluiceError('SOURCE_TAGS', 'a schema needs at least one tag');
  const seen = new Set<string>();
  for (const { name } of tags) {
    if (name.trim() === '') throw new SluiceError('SOURCE_TAGS', 'a tag has an empty name');
    if (seen.has(name)) throw new SluiceError('SOURCE_TAGS', `tag '${name}' comes twice`, { fix: 'Rename or drop one of the columns.' });
    seen.add(name);
  }
  const identity = JSON.stringify(tags.map((tag) => [tag.name, tag.kind]));
  return { tags, hash: createHash('sha256').update(identity).digest('hex').slice(0, 16) };
}

/**
 * Where in the schema a tag is.
 * @throws USAGE that names the tags there are
 * @example
 * tagIndex(makeSchema([{ name: 'FIT101', kind: 'continuous' }]), 'FIT101', 'swat'); // 0
 */
export function tagIndex({ tags }: Schema, tag: string, stream: string): number {
  const index = tags.findIndex(({ name }) => name === tag);
  if (index >= 0) return index;
  throw new SluiceError('USAGE', `stream '${stream}' has no tag '${tag}'`, { fix: `Known: ${tags.map(({ name }) => name).join(', ')}.` });
}

/**
 * @throws SCHEMA_MISMATCH that names what `actual` at `place` lacks, adds, reorders or changes against `expected`; nothing
 * when the two are interchangeable.
 */
export function requireSameSchema(
  expected: Schema,
  actual: Schema,
  place: string,
  fix = 'Restore the tags, or start anew with --fresh (or another stream name).',
): void {
  if (expected.hash === actual.hash) return;
  const before = new Map(expected.tags.map((tag) => [tag.name, tag]));
  const now = new Map(actual.tags.map((tag) => [tag.name, tag]));
  const missing = [...before.keys()].filter((name) => !now.has(name));
  const added = [...now.keys()].filter((name) => !before.has(name));
  const changed = [...before.values()].filter((tag) => now.has(tag.name) && now.get(tag.name)?.kind !== tag.kind).map((tag) => tag.name);
  const parts = [
    ...(missing.length > 0 ? [`missing ${missing.join(', ')}`] : []),
    ...(added.length > 0 ? [`unknown ${added.join(', ')}`] : []),
    ...(changed.length > 0 ? [`of another kind ${changed.join(', ')}`] : []),
  ];
  throw new SluiceError('SCHEMA_MISMATCH', `the tags differ: ${parts.length > 0 ? parts.join('; ') : 'same tags in another order'}`, {
    place,
    fix,
  });
}
