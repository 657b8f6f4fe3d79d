import { SluiceError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { baseOf, type ManifestBase, mergeBase } from '../../core/packed-manifest.ts';
import { recordHash } from '../../core/record.ts';
import type { FetchedRecord } from './committed-records.ts';

/** Records are stored in pieces: a message has a limit, often of 1 MB. */
export const pieceBytes = 512 * 1024;

/** How many pieces a record has, on each of them. */
export const piecesHeader = 'pieces';

/** Keys of the messages that hold what is saved under a manifest's key. */
export const manifestKey = (key: string): string => `manifest/${key}`;
export const fenceKey = (key: string): string => `fence/${key}`;
export const pieceKey = (key: string, hash: string, piece: number): string => `record/${key}/${hash}/${piece}`;

/** What is saved under one key. */
interface Saved {
  manifest: Manifest | SluiceError | undefined;
  base: ManifestBase | undefined;
  /** Hash to pieces; those of a record that is not there in full are absent. */
  readonly records: Map<string, (Buffer | undefined)[]>;
  /** Who took the key last, and who before. */
  fence: { readonly by: string; readonly before: string | undefined } | undefined;
}

/**
 * What the messages of a group's state topic say by now: manifests, the records that they name, and who took them last.
 * In one save the new records come first, then the manifest, then the removal of what it no longer names: however far the
 * messages were read, every manifest has its records.
 */
export class SavedManifests {
  readonly #topic: string;
  readonly #prefix: string;
  readonly #saved = new Map<string, Saved>();

  /** @param prefix of the keys that count */
  constructor(topic: string, prefix: string) {
    this.#topic = topic;
    this.#prefix = prefix;
  }

  clear(): void {
    this.#saved.clear();
  }

  apply({ key, value, headers }: FetchedRecord): void {
    const [, kind, rest] = /^(manifest|record|fence)\/(.+)$/s.exec(String(key)) ?? [];
    if (kind === undefined || !rest.startsWith(this.#prefix)) return;
    if (kind === 'manifest') this.#applyManifest(rest, value);
    else if (kind === 'fence') {
      const saved = this.#at(rest);
      saved.fence = value ? { by: value.toString(), before: saved.fence?.by } : undefined;
    } else this.#applyPiece(rest, value, Number(String(headers?.[piecesHeader])));
  }

  /** @throws RECORD_CORRUPT */
  manifest(key: string): Manifest | undefined {
    const manifest = this.#saved.get(key)?.manifest;
    if (manifest instanceof SluiceError) throw manifest;
    return manifest;
  }

  /** The base of the manifest, where it has one. */
  base(key: string): ManifestBase | undefined {
    return this.#saved.get(key)?.base;
  }

  /** @throws RECORD_CORRUPT */
  manifests(): Manifest[] {
    return [...this.#saved.keys()].sort().flatMap((key) => this.manifest(key) ?? []);
  }

  /** Hash to pieces of every record that is stored under the key. */
  pieces(key: string): Map<string, number> {
    return new Map([...(this.#saved.get(key)?.records ?? [])].map(([hash, pieces]) => [hash, pieces.length]));
  }

  fence(key: string): Saved['fence'] {
    return this.#saved.get(key)?.fence;
  }

  /**
   * The record's content, saved under this key, or any.
   * @throws RECORD_CORRUPT when it is missing, has not all its pieces or is not what its name says
   */
  record(hash: string, key?: string): Uint8Array {
    let wrong = 'is missing';
    for (const saved of key === undefined ? this.#saved.values() : [this.#saved.get(key)]) {
      const pieces = saved?.records.get(hash);
      if (!pieces) continue;
      const there = pieces.filter((piece) => piece !== undefined);
      const bytes = Buffer.concat(there);
      if (there.length < pieces.length) wrong = `lacks ${pieces.length - there.length} of its ${pieces.length} pieces`;
      else if (recordHash(bytes) === hash) return bytes;
      else wrong = 'is not what its name says: it was cut short or altered';
    }
    throw new SluiceError('RECORD_CORRUPT', `the record ${hash} ${wrong}`, { place: this.#topic, fix: 'Start anew with --fresh.' });
  }

  #at(key: string): Saved {
    let saved = this.#saved.get(key);
    if (!saved) {
      saved = { manifest: undefined, base: undefined, records: new Map(), fence: undefined };
      this.#saved.set(key, saved);
    }
    return saved;
  }

  #applyManifest(key: string, value: Buffer | null): void {
    const saved = this.#at(key);
    saved.manifest = undefined;
    try {
      const text = value?.toString();
      const hash = text === undefined ? undefined : baseOf(text, this.#topic);
      // Mostly it is that of the manifest before.
      const named = hash === undefined ? undefined : saved.base?.hash === hash ? saved.base : { hash, bytes: this.record(hash, key) };
      const read = text === undefined ? undefined : mergeBase(text, this.#topic, named);
      [saved.manifest, saved.base] = [read?.manifest, read?.base];
    } catch (error) {
      // Told to who asks for it: the other keys are sound.
      saved.manifest = error as SluiceError;
      return;
    }
    const names = new Set(Object.values(saved.manifest?.records ?? {}));
    if (saved.base) names.add(saved.base.hash);
    for (const hash of saved.records.keys()) if (!names.has(hash)) saved.records.delete(hash);
  }

  #applyPiece(rest: string, value: Buffer | null, count: number): void {
    const [, key, hash, number] = /^(.+)\/([^/]+)\/(\d+)$/s.exec(rest) ?? [];
    if (key === undefined) return;
    const { records } = this.#at(key);
    const pieces = records.get(hash);
    if (value === null) {
      if (pieces) pieces[Number(number)] = undefined;
      if (pieces?.every((piece) => piece === undefined)) records.delete(hash);
      return;
    }
    if (!Number.isInteger(count) || count < 1 || Number(number) >= count) return;
    const held = pieces?.length === count ? pieces : new Array<Buffer | undefined>(count).fill(undefined);
    // A copy: the message is a view of everything that was fetched with it.
    held[Number(number)] = Buffer.from(value);
    records.set(hash, held);
  }
}
