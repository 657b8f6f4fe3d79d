import { type Batch, concatBatches } from '../core/batch.ts';
import { type Chunk, type DeadLetter, rowsIn } from '../core/chunk.ts';
import type { Output } from '../core/component.ts';
import { quote, type SluiceError } from '../core/errors.ts';
import { attachPosition, type Manifest, type ManifestKeeper, type ManifestReader, type OutgoingMessage, type Position } from '../core/manifest.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import { rowPayload } from '../core/row-payload.ts';
import type { WarmUp } from '../core/runtime.ts';
import type { Schema } from '../core/schema.ts';
import type { RejectedRow, Store, StoreWrite } from '../core/store.ts';
import type { IncidentChange } from './incidents.ts';
import { loadModel, saveModel, trainAgain } from './model.ts';
import { Outbox, type OutboxWatch } from './outbox.ts';
import type { ScoringWorkers } from './scoring-workers.ts';
import { type ScoredWatch, type StreamPipeline, type StreamPipelineContext, streamsOfRecords } from './stream.ts';
import { Streams, type StreamsWarmth } from './streams.ts';
import { emptyTotals, flattenTotals, type Totals, unflattenTotals } from './totals.ts';
import { loadDefinitions } from './train.ts';

/** What happened to a chunk, for whoever watches: metrics, progress, tests. */
export interface PipelineObserver extends OutboxWatch {
  /** @param key of the pipeline's manifest */
  chunk?(chunk: Chunk, writes: readonly StoreWrite[], seconds: { score: number; store: number }, key: string): void;
  incident?(change: IncidentChange): void;
  dead?(letters: Chunk['dead']): void;
  /** Rows behind the warm-up, before they are stored; for whoever wants to know why of rows that are not flagged too. */
  scored?: ScoredWatch;
  /** A stream came into memory, for the first time or again. */
  opened?(stream: StreamPipeline): void;
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
  /** Threads that help with large batches; whoever gives them ends them. No result depends on them. */
  readonly workers?: ScoringWorkers | undefined;
}

/**
 * The one pipeline: `run`, `backfill`, `evaluate` and the benches push chunks of one partition through it. Rows become
 * durable, together with the position and the state after them, at `commit`; a new pipeline over the same store and key
 * goes on from there with the same result as if nothing had happened.
 */
export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #context: StreamPipelineContext;
  readonly #streams: Streams;
  readonly #outbox: Outbox;
  #manifest: Manifest | undefined;
  #position: Position | undefined;
  readonly totals: Totals = emptyTotals();
  #partition = 0;
  #uncommittedRows = 0;
  #committedAt = performance.now();
  #changed = false;
  /** What outputs send with the next position. */
  #outgoing: OutgoingMessage[] = [];
  /** It was said that there are too many streams. */
  #tooManyTold = false;

  private constructor(options: PipelineOptions, context: StreamPipelineContext, manifest: Manifest | undefined) {
    const { key, store, keeper, trainingRows, model, observer } = options;
    this.#options = options;
    this.#context = context;
    this.#manifest = manifest;
    this.#streams = new Streams(
      {
        ...{ context, key, store, trainingRows },
        kept: keeper !== undefined,
        read: (hash) => (keeper ?? store).record(hash),
        model: context.shared && { model: context.shared.model, place: model?.place ?? 'model' },
        opened: (stream) => observer?.opened?.(stream),
      },
      manifest,
    );
    this.#outbox = new Outbox(key, options.outputs ?? [], observer);
  }

  /** @throws whatever the manifest's records, the model file or the configuration have wrong. */
  static async open(options: PipelineOptions): Promise<Pipeline> {
    const { config, registry, store, key, source, keeper, workers } = options;
    const definitions = await loadDefinitions(config, registry);
    const model = options.model ? await loadModel(options.model.bytes, registry, options.model.place, trainAgain) : undefined;
    const shared = model && { model, ...saveModel(model) };
    const manifest = keeper ? keeper.manifest : await store.manifest(key);
    const { scored, warned } = options.observer ?? {};
    const unfit = (stream: string, { what }: SluiceError): void => warned?.(`stream ${quote(stream)} is trained anew on its next rows: ${what}`);
    const pipeline = new Pipeline(options, { config, definitions, registry, scored, unfit, workers, ...(shared ? { shared } : {}) }, manifest);
    if (manifest) {
      pipeline.#position = manifest.positions[source];
      Object.assign(pipeline.totals, unflattenTotals(manifest.totals));
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

  /** Of every stream met in this run. */
  warmUp(): ReadonlyMap<string, WarmUp> {
    return this.#streams.warmUp();
  }

  /** How far the streams met in this run are, at a glance. */
  get warmth(): StreamsWarmth {
    return this.#streams.warmth;
  }

  /** A stream that is in memory. */
  stream(name: string): StreamPipeline | undefined {
    return this.#streams.get(name);
  }

  /** Those that are in memory. */
  get streams(): readonly StreamPipeline[] {
    return this.#streams.resident;
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
    return await this.#streams.open(name, schema);
  }

  /** Scores and stages a chunk. On an error nothing since the last commit counts: open a new pipeline to go on. */
  async process(chunk: Chunk): Promise<void> {
    const { store, source, keeper, outputs = [], observer } = this.#options;
    const withPosition = keeper && ((message: OutgoingMessage): unknown => this.#outgoing.push(message));
    const started = performance.now();
    let storing = 0;
    const writes: StoreWrite[] = [];
    const changes: IncidentChange[] = [];
    const dead = [...chunk.dead];
    const schemas = new Map<string, Schema>();
    for (const batch of byStream(chunk.batches)) {
      if (!this.#streams.admits(batch.stream)) {
        dead.push(...this.#tooMany(batch, chunk.partition));
        continue;
      }
      const stream = await this.openStream(batch.stream, batch.schema);
      schemas.set(batch.stream, batch.schema);
      const known = (times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> => store.known(batch.stream, times, seqs);
      const result = await stream.take(batch, known, source, chunk.partition);
      this.#streams.used(stream);
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
      for (const write of writes) await output.write?.(write, withPosition);
      for (const { incident, change } of changes) await output.incident?.(incident, change, schemas.get(incident.stream) as Schema);
    }
    for (const change of changes) observer?.incident?.(change);
    this.beginSending();
    observer?.chunk?.(chunk, writes, { score: scoring / 1000, store: storing / 1000 }, this.key);
  }

  /** Is it time to commit: enough rows, or long enough ago? */
  get due(): boolean {
    const { rows, interval } = this.#context.config.commit;
    const isTime = this.#uncommittedRows >= rows || this.#streams.crowded || performance.now() - this.#committedAt >= interval;
    return (this.#changed || this.#outbox.changed) && isTime;
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
    const { manifest, fresh, outgoing, durable } = this.#snapshot();
    observer?.committing?.(manifest.key);
    this.#uncommittedRows = 0;
    this.#changed = false;
    for (const output of outputs) await output.flush?.();
    const totals = unflattenTotals(manifest.totals);
    if (keeper) {
      await this.#buryRejected(await store.commit(), totals);
      await keeper.save({ ...manifest, totals: flattenTotals(totals) }, fresh, outgoing);
    } else await this.#buryRejected(await store.commit(manifest, fresh), totals);
    this.#manifest = { ...manifest, totals: flattenTotals(totals) };
    this.#streams.endSaving(this.#manifest);
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
  #snapshot(): { manifest: Manifest; fresh: Map<string, Uint8Array>; outgoing: readonly OutgoingMessage[]; durable(): void } {
    const { key, source } = this.#options;
    const before = this.#manifest?.records ?? {};
    // Streams that did not change keep their records.
    const records: Record<string, string> = { ...before };
    const fresh = new Map<string, Uint8Array>();
    const outbox = this.#outbox.save();
    for (const saved of [this.#streams.beginSaving(), outbox]) {
      for (const [name, hash] of saved.names) {
        if (hash === undefined) delete records[name];
        else records[name] = hash;
        const bytes = hash === undefined || before[name] === hash ? undefined : saved.fresh.get(hash);
        if (hash !== undefined && bytes) fresh.set(hash, bytes);
      }
    }
    const manifest: Manifest = {
      key,
      positions: { ...this.#manifest?.positions, ...(this.#position ? { [source]: this.#position } : {}) },
      totals: flattenTotals(this.totals),
      records,
    };
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return { manifest, fresh, outgoing, durable: outbox.durable };
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

  /** Rows of a stream that is one too many. */
  #tooMany(batch: Batch, partition: number): DeadLetter[] {
    const { source, observer } = this.#options;
    const { max } = this.#context.config.streams;
    const message = `stream ${quote(batch.stream)} is one too many: there are ${max} already, and \`streams.max\` allows no more. Raise it if that is right, or correct the names.`;
    if (!this.#tooManyTold) observer?.warned?.(message);
    this.#tooManyTold = true;
    return Array.from({ length: batch.rows }, (_, row) => ({
      ...{ source, partition, position: batch.origins[row], stream: batch.stream },
      ...{ reason: 'too-many-streams' as const, message, payload: rowPayload(batch, row) },
    }));
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
