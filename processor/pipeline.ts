import { type Batch, concatBatches } from '../core/batch.ts';
import { type Chunk, type DeadLetter, rowsIn } from '../core/chunk.ts';
import type { Output } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import { attachPosition, type Manifest, type ManifestKeeper, type ManifestReader, type Position } from '../core/manifest.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import type { WarmUp } from '../core/runtime.ts';
import type { Schema } from '../core/schema.ts';
import type { RejectedRow, Store, StoreWrite } from '../core/store.ts';
import type { IncidentChange } from './incidents.ts';
import { loadModel, type StreamModel, saveModel, trainAgain } from './model.ts';
import { Outbox, type OutboxWatch } from './outbox.ts';
import { type ScoredWatch, StreamPipeline, type StreamPipelineContext, streamsOfRecords } from './stream.ts';
import { loadDefinitions } from './train.ts';

/** Counts since the streams began; saved with the manifest. */
export interface Totals {
  /** Rows that came, dead ones included. */
  read: number;
  stored: number;
  duplicate: number;
  late: number;
  dead: number;
  /** Incidents that opened, per detector. */
  incidents: Record<string, number>;
}

/** What happened to a chunk, for whoever watches: metrics, progress, tests. */
export interface PipelineObserver extends OutboxWatch {
  /** @param key of the pipeline's manifest */
  chunk?(chunk: Chunk, writes: readonly StoreWrite[], seconds: { score: number; store: number }, key: string): void;
  incident?(change: IncidentChange): void;
  dead?(letters: Chunk['dead']): void;
  /** Rows behind the warm-up, before they are stored; for whoever wants to know why of rows that are not flagged too. */
  scored?: ScoredWatch;
  counted?(counts: { stream: string; duplicate: number; late: number }): void;
  /** What came until now will be durable with the next `commit`; what comes while that is under way will not. */
  committing?(key: string): void;
  /** @param nextOffset where the source or partition goes on */
  commit?(manifest: Manifest, seconds: number, nextOffset: number): void;
}

/** What a pipeline needs of a store. */
export type PipelineStore = ManifestReader & Pick<Store, 'openStream' | 'append' | 'appendDead' | 'commit' | 'rows' | 'known'>;

export interface PipelineOptions {
  readonly config: PipelineConfig;
  readonly registry: Registry;
  readonly store: PipelineStore;
  /** Names the partition's manifest. */
  readonly key: string;
  /** Source id (embedded) or topic: under what the position is kept, and what dead letters name. */
  readonly source: string;
  /** Keeps the manifest where the store does not; holds the one of `key`. */
  readonly keeper?: ManifestKeeper;
  /** A further place for dead letters, beside the store; at least once. */
  readonly sendDead?: (letters: readonly DeadLetter[]) => Promise<void>;
  readonly outputs?: readonly Output[];
  readonly observer?: PipelineObserver;
  /** Training rows of a stream from a file (`train.file`). */
  readonly trainingRows?: (stream: string) => Promise<Batch>;
  /** A model from a file (`train.model`), as bytes. */
  readonly model?: { bytes: Uint8Array; place: string };
}

/**
 * The one pipeline: `run`, `backfill`, `evaluate` and the benches push chunks of one partition through it. Rows become
 * durable, together with the position and the state after them, at `commit`; a new pipeline over the same store and key
 * goes on from there with the same result as if nothing had happened.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #context: StreamPipelineContext;
  readonly #streams = new Map<string, StreamPipeline>();
  readonly #model: StreamModel | undefined;
  readonly #outbox: Outbox;
  #manifest: Manifest | undefined;
  #position: Position | undefined;
  readonly totals: Totals = { read: 0, stored: 0, duplicate: 0, late: 0, dead: 0, incidents: {} };
  #partition = 0;
  #uncommittedRows = 0;
  #committedAt = performance.now();
  #changed = false;

  private constructor(options: PipelineOptions, context: StreamPipelineContext, model: StreamModel | undefined) {
    this.#options = options;
    this.#context = context;
    this.#model = model;
    this.#outbox = new Outbox(options.key, options.outputs ?? [], options.observer);
  }

  /** @throws whatever the manifest's records, the model file or the configuration have wrong. */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    const { config, registry, store, key, source, keeper } = options;
    const definitions = await loadDefinitions(config, registry);
    const model = options.model ? await loadModel(options.model.bytes, registry, options.model.place, trainAgain) : undefined;
    const pipeline = new Pipeline(options, { config, definitions, registry, scored: options.observer?.scored }, model);
    const manifest = keeper ? keeper.manifest : await store.manifest(key);
    if (manifest) {
      pipeline.#manifest = manifest;
      pipeline.#position = manifest.positions[source];
      const { incidents, ...counts } = unflatten(manifest.totals);
      Object.assign(pipeline.totals, counts, { incidents });
      await pipeline.#outbox.load(manifest.records, (hash) => (keeper ?? store).record(hash));
    }
    return pipeline;
  }

  /** Names its manifest. */
  get key(): string {
    return this.#options.key;
  }

  /** Where to go on reading the source. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** Streams of which a state is saved. */
  get savedStreams(): readonly string[] {
    return streamsOfRecords(Object.keys(this.#manifest?.records ?? {}));
  }

  warmUp(): ReadonlyMap<string, WarmUp> {
    return new Map([...this.#streams].map(([name, stream]) => [name, stream.warmUp()]));
  }

  stream(name: string): StreamPipeline | undefined {
    return this.#streams.get(name);
  }

  get streams(): readonly StreamPipeline[] {
    return [...this.#streams.values()];
  }

  /**
   * Sets what the position remembers of its source besides the offset; before the first chunk.
   * @throws SOURCE_CHANGED for another source under the same name, RECORD_VERSION when it would be read otherwise
   */
  attach(source: Omit<Position, 'nextOffset'>): void {
    this.#position = attachPosition(this.#position, source, this.#options.source);
  }

  /** Makes a stream known before its first row; loads what was saved of it. */
  async openStream(name: string, schema: Schema): Promise<StreamPipeline> {
    const existing = this.#streams.get(name);
    if (existing) return existing;
    const { store, trainingRows, model, keeper } = this.#options;
    await store.openStream(name, schema);
    const stream = new StreamPipeline(name, schema, this.#context);
    const records = new Map(Object.entries(this.#manifest?.records ?? {}));
    if ([...records.keys()].some((record) => stream.owns(record))) await stream.load(records, (hash) => (keeper ?? store).record(hash));
    // Beside a keeper, rows that are there already are written over by themselves.
    else if (!keeper) await this.#requireNoRows(name);
    if (stream.model) {
      if (this.#model) requireSameModel(stream, this.#model, model?.place ?? 'model');
    } else {
      if (this.#model) stream.useModel(this.#model, model?.place ?? 'model');
      else if (trainingRows) await stream.trainOn(await trainingRows(name), trainingPlace(this.#context.config));
    }
    this.#streams.set(name, stream);
    return stream;
  }

  /** Scores and stages a chunk. On an error nothing since the last commit counts: open a new pipeline to go on. */
  async process(chunk: Chunk): Promise<void> {
    const { store, source, outputs = [], observer } = this.#options;
    const started = performance.now();
    let storing = 0;
    const writes: StoreWrite[] = [];
    const changes: IncidentChange[] = [];
    const dead = [...chunk.dead];
    for (const batch of byStream(chunk.batches)) {
      const stream = await this.openStream(batch.stream, batch.schema);
      const known = (times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> => store.known(batch.stream, times, seqs);
      const result = await stream.take(batch, known, source, chunk.partition);
      writes.push(...result.writes);
      changes.push(...result.incidents);
      this.#outbox.take(batch.stream, result.turns, stream.schema);
      dead.push(...result.dead);
      this.totals.duplicate += result.duplicates;
      this.totals.late += result.late;
      if (result.duplicates + result.late > 0) observer?.counted?.({ stream: batch.stream, duplicate: result.duplicates, late: result.late });
      // A later batch may ask the store which identities it knows.
      const scored = performance.now();
      for (const write of result.writes) await store.append(write);
      storing += performance.now() - scored;
    }
    this.#partition = chunk.partition;
    await this.#bury(dead);
    const scoring = performance.now() - started - storing;
    changes.sort(byTime);
    this.#count(chunk, writes, changes, dead.length);
    for (const output of outputs) {
      for (const write of writes) await output.write?.(write);
      for (const { incident, change } of changes) await output.incident?.(incident, change, (this.#streams.get(incident.stream) as StreamPipeline).schema);
    }
    for (const change of changes) observer?.incident?.(change);
    this.beginSending();
    observer?.chunk?.(chunk, writes, { score: scoring / 1000, store: storing / 1000 }, this.key);
  }

  /** Is it time to commit: enough rows, or long enough ago? */
  get due(): boolean {
    const { rows, interval } = this.#context.config.commit;
    return (this.#changed || this.#outbox.changed) && (this.#uncommittedRows >= rows || performance.now() - this.#committedAt >= interval);
  }

  /**
   * Makes everything processed so far durable, with the position and state to go on from. Beside a keeper, further chunks may
   * be processed meanwhile: they belong to the next commit.
   */
  async commit(): Promise<void> {
    const { store, keeper, outputs = [], observer } = this.#options;
    this.#committedAt = performance.now();
    if (!this.#changed && !this.#outbox.changed && this.#manifest) return;
    const started = performance.now();
    const { manifest, fresh, durable } = this.#snapshot();
    observer?.committing?.(manifest.key);
    this.#uncommittedRows = 0;
    this.#changed = false;
    for (const output of outputs) await output.flush?.();
    const totals = unflatten(manifest.totals);
    if (keeper) {
      await this.#buryRejected(await store.commit(), totals);
      await keeper.save({ ...manifest, totals: flatten(totals) }, fresh);
    } else await this.#buryRejected(await store.commit(manifest, fresh), totals);
    this.#manifest = { ...manifest, totals: flatten(totals) };
    durable();
    observer?.commit?.(this.#manifest, (performance.now() - started) / 1000, manifest.positions[this.#options.source]?.nextOffset ?? 0);
  }

  /**
   * Sends messages that waited. Not before it is known that this pipeline goes on: a start that fails, again and again, would send
   * the same ones each time.
   */
  beginSending(): void {
    this.#outbox.begin();
  }

  /** Resolves when all messages that are durable have been sent, or after so many milliseconds; a commit makes it known. */
  async sendWaiting(ms: number): Promise<void> {
    await this.#outbox.drain(ms);
  }

  /** Sends no more messages: what waits is sent by whoever goes on. What is under way may arrive within so many milliseconds. */
  async stopSending(ms: number): Promise<void> {
    await this.#outbox.halt(ms);
  }

  /** What there is to go on from at this moment; later rows do not change it. */
  #snapshot(): { manifest: Manifest; fresh: Map<string, Uint8Array>; durable(): void } {
    const { key, source } = this.#options;
    // Streams that did not come up in this run keep their records.
    const kept = (name: string): boolean => !Outbox.owns(name) && !this.streams.some((stream) => stream.owns(name));
    const records = new Map(Object.entries(this.#manifest?.records ?? {}).filter(([name]) => kept(name)));
    const saved = new Set(Object.values(this.#manifest?.records ?? {}));
    const fresh = new Map<string, Uint8Array>();
    const outbox = this.#outbox.save();
    for (const own of [...[...this.#streams.values()].map((stream) => stream.save()), outbox]) {
      for (const [name, hash] of own.names) records.set(name, hash);
      for (const [hash, bytes] of own.fresh) if (!saved.has(hash)) fresh.set(hash, bytes);
    }
    const manifest: Manifest = {
      key,
      positions: { ...this.#manifest?.positions, ...(this.#position ? { [source]: this.#position } : {}) },
      totals: flatten(this.totals),
      records: Object.fromEntries(records),
    };
    return { manifest, fresh, durable: outbox.durable };
  }

  async #bury(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const { store, sendDead, observer } = this.#options;
    await store.appendDead(letters);
    await sendDead?.(letters);
    observer?.dead?.(letters);
  }

  /**
   * Rows that the store refused for good are dead letters after all. Those that it refuses while these are written came after
   * the snapshot that `totals` belongs to.
   */
  async #buryRejected(rejected: readonly RejectedRow[], totals: Totals): Promise<void> {
    const { store, source } = this.#options;
    const countings = [this.totals, totals];
    for (let refused = rejected; refused.length > 0; refused = await store.commit()) {
      await this.#bury(
        refused.map(
          ({ stream, origin, message, payload }): DeadLetter => ({
            source,
            partition: this.#partition,
            position: origin,
            stream,
            reason: 'rejected',
            message,
            payload,
          }),
        ),
      );
      for (const counts of countings) {
        counts.dead += refused.length;
        counts.stored -= refused.length;
      }
      countings.length = 1;
    }
  }

  /** Without the state that belongs to its rows a stream could not tell which rows it has: they would be stored twice. */
  async #requireNoRows(stream: string): Promise<void> {
    const { store, key, config } = this.#options;
    const { times } = await store.rows({ stream, tags: [], limit: 1 });
    if (times.length === 0) return;
    const others = (await store.manifests()).filter(({ records }) => streamsOfRecords(Object.keys(records)).includes(stream)).map((other) => `'${other.key}'`);
    throw new SluiceError('RECORD_VERSION', `the store holds rows of stream '${stream}', but no state of it under '${key}'`, {
      place: config.file,
      fix: `${others.length > 0 ? `They were written under ${others.join(' and ')}: set \`topic\` back, or name` : 'Name'} another stream or store; or start anew with --fresh.`,
    });
  }

  #count(chunk: Chunk, writes: readonly StoreWrite[], changes: readonly IncidentChange[], dead: number): void {
    const { totals } = this;
    const rows = rowsIn(chunk);
    totals.read += rows + chunk.dead.length;
    totals.dead += dead;
    for (const { batch } of writes) totals.stored += batch.rows;
    for (const { incident, change } of changes) if (change === 'opened') totals.incidents[incident.detector] = (totals.incidents[incident.detector] ?? 0) + 1;
    this.#uncommittedRows += rows;
    this.#changed = true;
    this.#position = { shiftMs: 0, ...this.#position, nextOffset: chunk.nextOffset };
  }
}

/** What several detectors found is told in the order in which it happened; sorting is stable, so one incident's own order stays. */
function byTime({ incident: a }: IncidentChange, { incident: b }: IncidentChange): number {
  return a.end < b.end ? -1 : Number(a.end > b.end);
}

/** Rows that one model judged are not gone on with under another unseen. */
function requireSameModel(stream: StreamPipeline, model: StreamModel, place: string): void {
  if (saveModel(model).hash === stream.modelRecord?.hash) return;
  throw new SluiceError('RECORD_VERSION', `stream '${stream.stream}' goes on with the model it began with, which is not this one`, {
    place,
    fix: 'Name the former model, or begin anew with --fresh; `sluice backfill --model` judges stored rows by another one.',
  });
}

/** One batch per stream: streams know nothing of each other, and rows that alternate would else be scored one by one. */
function byStream(batches: readonly Batch[]): Batch[] {
  const streams = new Map<string, Batch[]>();
  for (const batch of batches) {
    const own = streams.get(batch.stream);
    if (own) own.push(batch);
    else streams.set(batch.stream, [batch]);
  }
  return [...streams.values()].map(concatBatches);
}

function trainingPlace({ train }: PipelineConfig): string {
  const path = train.kind === 'file' ? train.source.options.path : undefined;
  return typeof path === 'string' ? `training file '${path}'` : 'train.file';
}

const incidentPrefix = 'incidents/';

function flatten({ incidents, ...counts }: Totals): Record<string, number> {
  return { ...counts, ...Object.fromEntries(Object.entries(incidents).map(([detector, n]) => [`${incidentPrefix}${detector}`, n])) };
}

function unflatten(totals: Readonly<Record<string, number>>): Totals {
  const out: Totals = { read: 0, stored: 0, duplicate: 0, late: 0, dead: 0, incidents: {} };
  for (const [name, n] of Object.entries(totals)) {
    if (name.startsWith(incidentPrefix)) out.incidents[name.slice(incidentPrefix.length)] = n;
    else Object.assign(out, { [name]: n });
  }
  return out;
}
