import type { Batch } from '../core/batch.ts';
import { SluiceError } from '../core/errors.ts';
import type { Manifest, ManifestReader } from '../core/manifest.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { WarmUp } from '../core/runtime.ts';
import type { Schema } from '../core/schema.ts';
import type { Store } from '../core/store.ts';
import type { StreamModel } from './model.ts';
import { ResidentStreams } from './resident-streams.ts';
import { StreamPipeline, type StreamPipelineContext, streamsOfRecords } from './stream.ts';

interface StreamsOptions {
  readonly context: StreamPipelineContext;
  /** Names the manifest in which the streams are saved. */
  readonly key: string;
  readonly store: ManifestReader & Pick<Store, 'openStream' | 'rows'>;
  /** Beside a keeper of manifests the store writes rows that are there already over by themselves. */
  readonly kept: boolean;
  /** A record that was saved. */
  readonly read: (hash: string) => Promise<Uint8Array>;
  readonly trainingRows?: ((stream: string) => Promise<Batch>) | undefined;
  /** A model that was made elsewhere, and where. */
  readonly model?: { readonly model: StreamModel; readonly place: string } | undefined;
  /** Told of each stream that comes into memory, for the first time or again. */
  readonly opened?: ((stream: StreamPipeline) => void) | undefined;
}

/** How far the streams are that have come up. */
export interface StreamsWarmth {
  readonly ready: number;
  readonly warming: number;
  /** Of one that is warming up. */
  readonly next?: WarmUp | undefined;
}

/**
 * The streams of one pipeline. As many as `streams.inMemory` says stay in memory, those used last; the others are as they were saved, and are read again when a
 * row of theirs comes. One that has changed since it was saved stays until it is.
 */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #config: PipelineConfig;
  readonly #resident = new ResidentStreams();
  /** Saved, or met in this run. */
  readonly #known: Set<string>;
  /** Left out of memory, and how far they were. */
  readonly #away = new Map<string, WarmUp>();
  /** Met in this run, and not warmed up. */
  readonly #warming = new Set<string>();
  #manifest: Manifest | undefined;

  constructor(options: StreamsOptions, manifest: Manifest | undefined) {
    this.#options = options;
    this.#config = options.context.config;
    this.#manifest = manifest;
    this.#known = new Set(streamsOfRecords(Object.keys(manifest?.records ?? {})));
  }

  /** Those in memory. */
  get resident(): readonly StreamPipeline[] {
    return [...this.#resident.all()];
  }

  get(name: string): StreamPipeline | undefined {
    return this.#resident.get(name);
  }

  /** May rows of the stream be taken in, or are there too many already? */
  admits(name: string): boolean {
    return this.#known.has(name) || this.#known.size < this.#config.streams.max;
  }

  /** Are there more in memory than there are to be, until some have been saved? */
  get crowded(): boolean {
    return this.#resident.size > this.#config.streams.inMemory;
  }

  get warmth(): StreamsWarmth {
    const [first] = this.#warming;
    const next = first === undefined ? undefined : (this.get(first)?.warmUp() ?? this.#away.get(first));
    return { ready: this.#resident.size + this.#away.size - this.#warming.size, warming: this.#warming.size, next };
  }

  /** Of every stream met in this run. */
  warmUp(): Map<string, WarmUp> {
    return new Map([...this.#away, ...this.resident.map((stream): [string, WarmUp] => [stream.stream, stream.warmUp()])]);
  }

  /** Brings a stream into memory; one that was never saved begins. */
  async open(name: string, schema: Schema): Promise<StreamPipeline> {
    const existing = this.get(name);
    if (existing) return existing;
    const { context, store, kept, read, trainingRows, model, opened } = this.#options;
    this.#makeRoom(1);
    await store.openStream(name, schema);
    const stream = new StreamPipeline(name, schema, context);
    const records = this.#manifest?.records ?? {};
    if (this.#known.has(name)) await stream.load(records, read);
    else if (!kept) await this.#requireNoRows(name);
    if (stream.model) {
      if (model) requireSameModel(stream, context, model.place);
    } else if (model) stream.useModel(model.model, model.place);
    else if (trainingRows) await stream.trainOn(await trainingRows(name), trainingPlace(this.#config));
    this.#known.add(name);
    this.#away.delete(name);
    this.used(stream);
    opened?.(stream);
    return stream;
  }

  /** Rows of the stream were just taken. */
  used(stream: StreamPipeline): void {
    this.#resident.put(stream);
    if (stream.model) this.#warming.delete(stream.stream);
    else this.#warming.add(stream.stream);
  }

  /** Records of the streams that have changed, by name; undefined for those that are needed no more. */
  beginSaving(): { names: Map<string, string | undefined>; fresh: Map<string, Uint8Array> } {
    const names = new Map<string, string | undefined>();
    const fresh = new Map<string, Uint8Array>();
    for (const stream of this.#resident.beginSaving()) {
      const saved = stream.save();
      for (const [name, hash] of saved.names) names.set(name, hash);
      for (const [hash, bytes] of saved.fresh) fresh.set(hash, bytes);
    }
    return { names, fresh };
  }

  /** What was saved is durable, with this manifest. */
  endSaving(manifest: Manifest): void {
    this.#manifest = manifest;
    this.#resident.endSaving();
    this.#makeRoom(0);
  }

  #makeRoom(wanted: number): void {
    while (this.#resident.size + wanted > this.#config.streams.inMemory) {
      const oldest = this.#resident.dropOldest();
      if (!oldest) return;
      this.#away.set(oldest.stream, oldest.warmUp());
    }
  }

  /** Without the state that belongs to its rows a stream could not tell which rows it has: they would be stored twice. */
  async #requireNoRows(stream: string): Promise<void> {
    const { store, key } = this.#options;
    const { times } = await store.rows({ stream, tags: [], limit: 1 });
    if (times.length === 0) return;
    const others = (await store.manifests()).filter(({ records }) => streamsOfRecords(Object.keys(records)).includes(stream)).map((other) => `'${other.key}'`);
    throw new SluiceError('RECORD_VERSION', `the store holds rows of stream '${stream}', but no state of it under '${key}'`, {
      place: this.#config.file,
      fix: `${others.length > 0 ? `They were written under ${others.join(' and ')}: set \`topic\` back, or name` : 'Name'} another stream or store; or start anew with --fresh.`,
    });
  }
}

/** Rows that one model judged are not gone on with under another unseen. */
function requireSameModel(stream: StreamPipeline, { shared }: StreamPipelineContext, place: string): void {
  if (shared?.hash === stream.modelRecord?.hash) return;
  throw new SluiceError('RECORD_VERSION', `stream '${stream.stream}' goes on with the model it began with, which is not this one`, {
    place,
    fix: 'Name the former model, or begin anew with --fresh; `sluice backfill --model` judges stored rows by another one.',
  });
}

function trainingPlace({ train }: PipelineConfig): string {
  const path = train.kind === 'file' ? train.source.options.path : undefined;
  return typeof path === 'string' ? `training file '${path}'` : 'train.file';
}
