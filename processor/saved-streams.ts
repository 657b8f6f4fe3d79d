import type { BucketFold } from '../core/level-of-detail.ts';
import type { Manifest, ManifestReader } from '../core/manifest.ts';
import { decodeRecord, encodeRecord, type Plain, recordHash, restoreRecord } from '../core/record.ts';
import type { StreamSummary } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';
import { TimeWindow } from '../core/time-window.ts';
import { LevelOfDetail } from './level-of-detail.ts';
import { type SavedState, stateKind, stateRecordName } from './stream.ts';

/**
 * What pipelines have saved of their streams, for rows that are put in behind their back: which times are inside the window and
 * which buckets are open. Where the manifests lie in the store they can be changed, so that the pipeline goes on with those rows.
 */
export class SavedStreams {
  /** Of the pipeline, nanoseconds. */
  readonly lateness: bigint;
  readonly #manifests = new Map<string, Manifest>();
  readonly #streams = new Map<string, SavedStream>();

  /** @param lateness milliseconds */
  constructor(lateness: number) {
    this.lateness = BigInt(Math.round(lateness)) * nanosPerMilli;
  }

  /** @throws RECORD_CORRUPT, RECORD_VERSION */
  async load(reader: ManifestReader, streams: readonly StreamSummary[]): Promise<void> {
    for (const manifest of await reader.manifests()) {
      this.#manifests.set(manifest.key, manifest);
      for (const { stream, schema } of streams) {
        const hash = manifest.records[stateRecordName(stream)];
        if (hash === undefined) continue;
        const place = `state of stream '${stream}'`;
        const bytes = await reader.record(hash);
        await restoreRecord(place, async () => {
          const state = decodeRecord(bytes, stateKind, place) as unknown as SavedState;
          this.#streams.set(stream, new SavedStream(manifest.key, state, schema.tags.length, this.lateness));
        });
      }
    }
  }

  of(stream: string): SavedStream | undefined {
    return this.#streams.get(stream);
  }

  /** What a pipeline added to the times of this source (`clock: shifted`), milliseconds; undefined where none has read it. */
  shiftOf(source: string): number | undefined {
    return [...this.#manifests.values()].flatMap(({ positions }) => positions[source]?.shiftMs ?? [])[0];
  }

  /** Ids of the sources that were read. */
  get sources(): string[] {
    return [...this.#manifests.values()].flatMap(({ positions }) => Object.keys(positions));
  }

  /** The manifest with what was changed of this stream since the last call, to commit with it; undefined when nothing was. */
  takeChange(stream: string): { manifest: Manifest; records: ReadonlyMap<string, Uint8Array> } | undefined {
    const bytes = this.#streams.get(stream)?.takeChange();
    const before = this.#manifests.get(this.#streams.get(stream)?.manifestKey ?? '');
    if (!bytes || !before) return undefined;
    const hash = recordHash(bytes);
    const manifest = { ...before, records: { ...before.records, [stateRecordName(stream)]: hash } };
    this.#manifests.set(manifest.key, manifest);
    return { manifest, records: new Map([[hash, bytes]]) };
  }
}

export class SavedStream {
  readonly manifestKey: string;
  readonly #state: SavedState;
  readonly #window: TimeWindow;
  readonly #levelOfDetail: LevelOfDetail;
  readonly #lateness: bigint;
  #changed = false;

  /** @param lateness nanoseconds */
  constructor(manifestKey: string, state: SavedState, tags: number, lateness: bigint) {
    this.manifestKey = manifestKey;
    this.#state = state;
    this.#lateness = lateness;
    this.#window = new TimeWindow(Number(lateness / nanosPerMilli));
    this.#window.load(state.window);
    this.#levelOfDetail = new LevelOfDetail(tags, Number(lateness / nanosPerMilli));
    this.#levelOfDetail.load(state.levelOfDetail);
  }

  /** No row before this time is taken in any more; undefined before the first row. */
  get edge(): bigint | undefined {
    const { newest } = this.#window;
    return newest === undefined ? undefined : newest - this.#lateness;
  }

  isOpen(level: number, start: bigint): boolean {
    return this.#levelOfDetail.has(level, start);
  }

  /** The open bucket as it is with the rows put in. */
  putBucket(fold: BucketFold): void {
    this.#levelOfDetail.put(fold);
    this.#changed = true;
  }

  /** A row of this identity is stored: whoever brings it again brings a duplicate. Times ahead of the newest row are not counted. */
  count(time: bigint, seq: number): void {
    const { newest } = this.#window;
    if (newest === undefined || time > newest || this.#window.isOlder(time) || seq < this.#window.count(time)) return;
    this.#window.set(time, seq + 1);
    this.#changed = true;
  }

  takeChange(): Uint8Array | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    const state: SavedState = { ...this.#state, window: this.#window.save(), levelOfDetail: this.#levelOfDetail.save() };
    return encodeRecord(stateKind, state as unknown as Plain);
  }
}
