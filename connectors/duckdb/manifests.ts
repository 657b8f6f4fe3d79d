import { blobValue, type DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../core/errors.ts';
import { type Manifest, parseManifest } from '../../core/manifest.ts';
import { rowsOfQuery } from './chunks.ts';

/** Manifests and the records that they name; a record that none names any more is deleted. All inside the caller's transaction. */
export class ManifestTable {
  readonly #manifests = new Map<string, Manifest>();
  /** Hash to bytes. */
  readonly #records = new Map<string, number>();
  /** Bytes of deleted records that the file may still hold: a checkpoint writes what was deleted since the one before, too. */
  dropped = 0;

  /** @throws RECORD_CORRUPT */
  async load(connection: DuckDBConnection, path: string): Promise<void> {
    this.#manifests.clear();
    this.#records.clear();
    for (const [content] of await rowsOfQuery(connection, 'SELECT content FROM sluice_data.manifests')) {
      const manifest = parseManifest(String(content), path);
      this.#manifests.set(manifest.key, manifest);
    }
    const records = await rowsOfQuery(connection, 'SELECT hash, octet_length(bytes) FROM sluice_data.records');
    for (const [hash, bytes] of records) this.#records.set(String(hash), Number(bytes));
  }

  get(key: string): Manifest | undefined {
    return this.#manifests.get(key);
  }

  hasOther(key: string | undefined): boolean {
    return [...this.#manifests.keys()].some((other) => other !== key);
  }

  /** Gives back what to call once the commit has succeeded. */
  async put(connection: DuckDBConnection, manifest: Manifest, records: ReadonlyMap<string, Uint8Array>): Promise<() => void> {
    const named = new Set(Object.values(manifest.records));
    const added = new Map<string, number>();
    for (const hash of named) {
      if (this.#records.has(hash)) continue;
      const bytes = records.get(hash);
      if (!bytes) throw new SluiceError('INTERNAL', `the manifest '${manifest.key}' names record ${hash}, which is neither stored nor given`);
      await connection.run('INSERT INTO sluice_data.records VALUES ($1, $2)', [hash, blobValue(bytes)]);
      added.set(hash, bytes.length);
    }
    const dropped = this.#unnamedWithout(manifest.key).filter((hash) => !named.has(hash));
    await this.#delete(connection, manifest.key, dropped);
    await connection.run('INSERT INTO sluice_data.manifests VALUES ($1, $2)', [manifest.key, JSON.stringify(manifest)]);
    return () => {
      this.#manifests.set(manifest.key, manifest);
      for (const [hash, bytes] of added) this.#records.set(hash, bytes);
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
    for (const hash of records) await connection.run('DELETE FROM sluice_data.records WHERE hash = $1', [hash]);
  }

  /** Stored records that no manifest but that of `key` names. */
  #unnamedWithout(key: string): string[] {
    const others = [...this.#manifests.values()].filter((manifest) => manifest.key !== key);
    const named = new Set(others.flatMap((manifest) => Object.values(manifest.records)));
    return [...this.#records.keys()].filter((hash) => !named.has(hash));
  }
}
