import { type Manifest, parseManifest } from './manifest.ts';
import { recordHash } from './record.ts';

/** Names of records that a manifest has in common with those to come, saved as a record of its own. */
export interface ManifestBase {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly records: Readonly<Record<string, string>>;
}

/** A manifest of no more names is one text. */
const fewNames = 500;
/** So many names may differ from those of the base. */
const mostChanges = 1000;

/**
 * A manifest as text that stays short however many streams it names: most names stand in a base, which is saved once and named by its hash, and
 * in the text those that have changed since. With changes to so many that they fill it, a new base is made.
 *
 * @param base that of the text before, where it had one
 * @returns the text, and the base that it names
 */
export function packManifest(manifest: Manifest, base: ManifestBase | undefined): { readonly text: string; readonly base: ManifestBase | undefined } {
  const names = Object.keys(manifest.records);
  if (names.length <= fewNames) return { text: JSON.stringify(manifest), base: undefined };
  const changed = base && changesOf(manifest.records, base.records);
  const used = base && changed ? base : makeBase(manifest.records);
  return { text: JSON.stringify({ ...manifest, base: used.hash, records: changed ?? {} }), base: used };
}

/**
 * The inverse of `packManifest`.
 * @param place what holds it, for messages
 * @param read gives a record by its hash
 * @throws RECORD_CORRUPT when it is cut short or is no manifest, and what `read` throws
 */
export async function unpackManifest(
  text: string,
  place: string,
  read: (hash: string) => Promise<Uint8Array>,
): Promise<{ readonly manifest: Manifest; readonly base: ManifestBase | undefined }> {
  const hash = baseOf(text, place);
  return mergeBase(text, place, hash === undefined ? undefined : { hash, bytes: await read(hash) });
}

/** The hash of the base that a text names. @throws RECORD_CORRUPT */
export function baseOf(text: string, place: string): string | undefined {
  const { base } = parseManifest(text, place) as Manifest & { readonly base?: unknown };
  return typeof base === 'string' ? base : undefined;
}

/** The manifest of a text and the record of the base that it names. @throws RECORD_CORRUPT */
export function mergeBase(
  text: string,
  place: string,
  named: { readonly hash: string; readonly bytes: Uint8Array } | undefined,
): { readonly manifest: Manifest; readonly base: ManifestBase | undefined } {
  const { base: _, ...manifest } = parseManifest(text, place) as Manifest & { readonly base?: unknown };
  if (!named) return { manifest, base: undefined };
  const base = { ...named, records: JSON.parse(Buffer.from(named.bytes).toString()) as Record<string, string> };
  const records = { ...base.records };
  for (const [name, hash] of Object.entries(manifest.records)) {
    if (hash === gone) delete records[name];
    else records[name] = hash;
  }
  return { manifest: { ...manifest, records }, base };
}

/** In place of the hash of a name that is no more. */
const gone = '';

/** Undefined where there are too many. */
function changesOf(now: Manifest['records'], before: Manifest['records']): Record<string, string> | undefined {
  const changed: Record<string, string> = {};
  let count = 0;
  for (const name in now)
    if (before[name] !== now[name]) {
      changed[name] = now[name];
      if (++count > mostChanges) return undefined;
    }
  for (const name in before)
    if (now[name] === undefined) {
      changed[name] = gone;
      if (++count > mostChanges) return undefined;
    }
  return changed;
}

function makeBase(records: Manifest['records']): ManifestBase {
  const bytes = Buffer.from(JSON.stringify(records));
  return { hash: recordHash(bytes), bytes, records };
}
