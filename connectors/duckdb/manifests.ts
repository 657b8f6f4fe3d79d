import { blobValue, DuckDBBlobValue, type DuckDBConnection, listValue } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { type ManifestBase, packManifest, unpackManifest } from '../../core/packed-manifest.ts';
import { recordHash } from '../../core/record.ts';
import { rowsOfQuery, TableWriter } from './chunks.ts';

interface Kept {
  readonly manifest: Manifest;
  readonly base: ManifestBase | undefined;
}

/** Manifests and the records that they name; a record that none names any more is deleted. All inside the caller's transaction. */
export class ManifestTable {
  readonly #kept = new Map<string, Kept>();
  /** Hash to bytes. */
  readonly #records = new Map<string, number>();
  /** Bytes of deleted records that the file may still hold: a checkpoint writes what was deleted since the one before, too. */
  dropped = 0;

  /** @throws RECORD_CORRUPT */
  async load(connection: DuckDBConnection, path: string): Promise<void> {
    this.#kept.clear();
    this.#records.clear();
    for (const kept of await readManifests(connection, path)) this.#kept.set(kept.manifest.key, kept);
    const records = await rowsOfQuery(connection, 'SELECT hash, octet_length(bytes) FROM sluice_data.records');
    for (const [hash, bytes] of records) this.#records.set(String(hash), Number(bytes));
  }

  get(key: string): Manifest | undefined {
    return this.#kept.get(key)?.manifest;
  }

  hasOther(key: string | undefined): boolean {
    return [...this.#kept.keys()].some((other) => other !== key);
  }

  /** Gives back what to call once the commit has succeeded. */
  async put(connection: DuckDBConnection, manifest: Manifest, records: ReadonlyMap<string, Uint8Array>): Promise<() => void> {
    const { text, base } = packManifest(manifest, this.#kept.get(manifest.key)?.base);
    const kept = { manifest, base };
    const named = namedBy(kept);
    const added = new Map<string, Uint8Array>();
    for (const hash of named) {
      if (this.#records.has(hash)) continue;
      const bytes = hash === base?.hash ? base.bytes : records.get(hash);
      if (!bytes) throw new SluiceError('INTERNAL', `the manifest '${manifest.key}' names record ${hash}, which is neither stored nor given`);
      added.set(hash, bytes);
    }
    await insertRecords(connection, added);
    const dropped = this.#unnamedWithout(manifest.key).filter((hash) => !named.has(hash));
    await this.#delete(connection, manifest.key, dropped);
    await connection.run('INSERT INTO sluice_data.manifests VALUES ($1, $2)', [manifest.key, text]);
    return () => {
      this.#kept.set(manifest.key, kept);
      for (const [hash, { length }] of added) this.#records.set(hash, length);
      for (const hash of dropped) {
        this.dropped += this.#records.get(hash) ?? 0;
        this.#records.delete(hash);
      }
    };
  }

  /** The caller loads anew afterwards. */
  async remove(connection: DuckDBConnection, key: string): Promise<void> {
    await this.#delete(connection, key, this.#unnamedWithout(key));
  }

  async #delete(connection: DuckDBConnection, key: string, records: readonly string[]): Promise<void> {
    await connection.run('DELETE FROM sluice_data.manifests WHERE key = $1', [key]);
    if (records.length > 0) await connection.run('DELETE FROM sluice_data.records WHERE hash IN (SELECT unnest($1::VARCHAR[]))', [listValue([...records])]);
  }

  /** Stored records that no manifest but that of `key` names. */
  #unnamedWithout(key: string): string[] {
    const named = new Set<string>();
    for (const kept of this.#kept.values()) if (kept.manifest.key !== key) for (const hash of namedBy(kept)) named.add(hash);
    return [...this.#records.keys()].filter((hash) => !named.has(hash));
  }
}

/** @throws RECORD_CORRUPT */
export async function readManifests(connection: DuckDBConnection, path: string): Promise<Kept[]> {
  const texts = await rowsOfQuery(connection, 'SELECT content FROM sluice_data.manifests ORDER BY key');
  return await Promise.all(texts.map(([text]) => unpackManifest(String(text), path, (hash) => readRecord(connection, hash, path))));
}

/** @throws RECORD_CORRUPT */
export async function readRecord(connection: DuckDBConnection, hash: string, path: string): Promise<Uint8Array> {
  const [found] = await rowsOfQuery(connection, 'SELECT bytes FROM sluice_data.records WHERE hash = $1', [hash]);
  const fix = 'Restore the store from a backup, or start anew with --fresh.';
  if (!(found?.[0] instanceof DuckDBBlobValue)) throw new SluiceError('RECORD_CORRUPT', `record ${hash} is missing`, { place: path, fix });
  const { bytes } = found[0];
  if (recordHash(bytes) !== hash)
    throw new SluiceError('RECORD_CORRUPT', `record ${hash} was altered: its content does not hash to its name`, { place: path, fix });
  return bytes;
}

function namedBy({ manifest, base }: Kept): Set<string> {
  const named = new Set(Object.values(manifest.records));
  if (base) named.add(base.hash);
  return named;
}

/** Few go by a statement each, many by the way of rows: opening that takes as long as some statements. */
async function insertRecords(connection: DuckDBConnection, records: ReadonlyMap<string, Uint8Array>): Promise<void> {
  if (records.size <= fewRecords) {
    for (const [hash, bytes] of records) await connection.run('INSERT INTO sluice_data.records VALUES ($1, $2)', [hash, blobValue(bytes)]);
    return;
  }
  const writer = await TableWriter.open(connection, 'records');
  for (const [hash, bytes] of records) writer.appendRow([hash, blobValue(bytes)]);
  writer.close();
}

const fewRecords = 8;
