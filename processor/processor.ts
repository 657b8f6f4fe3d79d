import type { Bus, BusConsumer } from '../core/bus.ts';
import type { Chunk } from '../core/chunk.ts';
import type { Output } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import type { ManifestKeeper, ManifestLog } from '../core/manifest.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import type { Store } from '../core/store.ts';
import { Pipeline, type PipelineObserver, type PipelineOptions } from './pipeline.ts';
import { streamsOfRecords } from './stream.ts';

/** What a processor tells of itself. */
export interface ProcessorWatch {
  readonly observer?: PipelineObserver;
  /** It is a member of the group; other members may have all partitions. */
  joined?(): void;
  /** A partition is being taken over: its manifest and its store are opened. */
  taking?(partition: number): void;
  /** A partition was taken over; its pipeline goes on at `nextOffset`. */
  taken?(partition: number, pipeline: Pipeline, nextOffset: number): void;
  /** A partition was given up; `fenced` when another processor had it already. */
  left?(partition: number, fenced: boolean): void;
  /** Rows that wait, by partition; every few seconds. */
  lag?(lag: ReadonlyMap<number, number>): void;
  /** All that the producers sent is processed and durable. */
  ended?(): void;
}

export interface ProcessorOptions extends Pick<PipelineOptions, 'trainingRows' | 'model' | 'workers'> {
  readonly config: PipelineConfig;
  readonly registry: Registry;
  readonly bus: Bus;
  readonly topic: string;
  readonly group: string;
  /** A store of its own for each partition; one for all where `transactional`. */
  readonly openStore: () => Promise<Store>;
  readonly transactional: boolean;
  readonly outputs: readonly Output[];
  /** Forget what this group's manifests and the store hold of the streams, and begin at the first offset. */
  readonly fresh?: boolean;
  /** Return when every producer has ended and all is processed; otherwise only at the signal. */
  readonly untilEnd?: boolean;
  /** Finish the batch in hand, commit and return. */
  readonly signal: AbortSignal;
  readonly watch?: ProcessorWatch;
}

/** How often lag is asked for, ms. */
const lagInterval = 2000;

/** Milliseconds that messages which wait for people may still take at the end, and one that is under way when its partition goes elsewhere. */
const [lastSending, lastMessage] = [5000, 1000];

/** So often a partition is taken again from somebody who took it meanwhile. */
const takeAttempts = 5;

/** A partition in our hands. */
interface Held {
  readonly pipeline: Pipeline;
  readonly store: Store;
  readonly keeper: ManifestKeeper | undefined;
  nextOffset: number;
  /** A commit under way; rows are processed meanwhile. */
  committing: Promise<void> | undefined;
}

/**
 * Takes a topic's rows as one member of a consumer group: a pipeline per partition, each with its own manifest. Who takes a
 * partition fences off whoever had it, goes on from its manifest, and gives it up without a word when it is fenced off itself.
 */
export async function processTopic(options: ProcessorOptions): Promise<'end' | 'stopped'> {
  return await new Processor(options).run();
}

class Processor {
  readonly #options: ProcessorOptions;
  readonly #held = new Map<number, Held>();
  readonly #forgotten = new Set<number>();
  #manifests: ManifestLog | undefined;
  #sharedStore: Store | undefined;
  #lagAt = Number.NEGATIVE_INFINITY;
  #failed: unknown;

  constructor(options: ProcessorOptions) {
    this.#options = options;
  }

  async run(): Promise<'end' | 'stopped'> {
    const { bus, topic, group, config, transactional, openStore } = this.#options;
    let consumer: BusConsumer | undefined;
    try {
      if (transactional) {
        await this.#requireOnePartition();
        this.#sharedStore = await openStore();
      } else if (bus.manifests) this.#manifests = await bus.manifests(topic, group);
      else {
        throw new SluiceError('CONFIG_INVALID', `neither bus '${config.bus.type}' nor store '${config.store.type}' keeps positions`, {
          place: 'bus',
          fix: 'Use `bus: kafka`, or `store: duckdb`.',
        });
      }
      consumer = await bus.consumer(topic, {
        group,
        stream: config.stream,
        position: (partition) => this.#takeSurely(partition),
        revoked: (partition) => this.#leave(partition),
      });
      this.#options.watch?.joined?.();
      const ended = await this.#loop(consumer);
      await this.#commitAll(consumer);
      await Promise.all([...this.#held.values()].map(({ pipeline }) => pipeline.sendWaiting(lastSending)));
      await Promise.all([...this.#held.keys()].map((partition) => this.#leave(partition)));
      return ended;
    } finally {
      // All are closed, whatever one of them says.
      const held = [...this.#held.values()];
      this.#held.clear();
      await Promise.allSettled(
        held.flatMap(({ pipeline, committing, keeper, store }) => [
          pipeline.stopSending(0),
          committing,
          keeper?.close(),
          transactional ? undefined : store.close(),
        ]),
      );
      await Promise.allSettled([consumer?.close(), this.#sharedStore?.close()]);
      await this.#manifests?.close();
    }
  }

  async #loop(consumer: BusConsumer): Promise<'end' | 'stopped'> {
    const { signal, untilEnd, config, watch } = this.#options;
    let told = false;
    while (!signal.aborted) {
      const chunk = await consumer.poll({ maxRows: config.batch.rows, maxWaitMs: config.batch.wait });
      if (typeof chunk === 'string') for (const { pipeline } of this.#held.values()) pipeline.beginSending();
      if (chunk === 'end') {
        const held = this.#held.size;
        await this.#commitAll(consumer);
        // One that was fenced off comes again.
        if (this.#held.size < held) continue;
        if (!told) watch?.ended?.();
        told = true;
        if (untilEnd) return 'end';
      } else if (chunk !== 'idle') {
        told = false;
        const held = this.#held.get(chunk.partition);
        if (held) await this.#process(held, chunk);
      }
      for (const [partition, held] of this.#held) {
        if (!held.pipeline.due || held.committing) continue;
        const committing = this.#commit(consumer, partition, held);
        if (held.keeper) held.committing = committing;
        else await committing;
      }
      this.#tellLag(consumer);
      this.#throwFailed();
    }
    return 'stopped';
  }

  /** A commit that went on beside the loop and failed is told by the loop. */
  #throwFailed(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  async #process(held: Held, chunk: Chunk): Promise<void> {
    try {
      await held.pipeline.process(chunk);
      held.nextOffset = chunk.nextOffset;
    } catch (error) {
      // A commit that was fenced off meanwhile has closed what these rows went to: they are another's.
      if (this.#held.get(chunk.partition) === held) throw error;
    }
  }

  async #commitAll(consumer: BusConsumer): Promise<void> {
    await Promise.all([...this.#held].map(([partition, held]) => this.#commit(consumer, partition, held)));
    this.#throwFailed();
  }

  async #commit(consumer: BusConsumer, partition: number, held: Held): Promise<void> {
    await held.committing;
    if (this.#held.get(partition) !== held) return;
    const { nextOffset } = held;
    try {
      await held.pipeline.commit();
      await consumer.commit(partition, nextOffset);
    } catch (error) {
      if (isFenced(error)) await this.#giveUp(partition, held, consumer);
      else this.#failed = error;
    } finally {
      held.committing = undefined;
    }
  }

  /** Who was fenced off while it opened the pipeline takes the partition again: the group says that it is ours. */
  async #takeSurely(partition: number): Promise<number | undefined> {
    this.#options.watch?.taking?.(partition);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#take(partition);
      } catch (error) {
        if (!isFenced(error) || attempt === takeAttempts) throw error;
      }
    }
  }

  /** The manifest's offset, after everyone else has been fenced off. */
  async #take(partition: number): Promise<number | undefined> {
    const { config, registry, topic, group, outputs, watch, bus, trainingRows, model, workers } = this.#options;
    const before = this.#held.get(partition);
    if (before) await this.#close(partition, before);
    const key = `${group}/${topic}/${partition}`;
    const keeper = await this.#manifests?.take(key);
    let store: Store | undefined;
    try {
      store = this.#sharedStore ?? (await this.#options.openStore());
      if (this.#options.fresh && !this.#forgotten.has(partition)) await this.#forget(key, store, keeper);
      this.#forgotten.add(partition);
      const pipeline = await Pipeline.open({
        ...{ config, registry, store, key, source: topic, outputs, workers },
        ...(keeper ? { keeper } : {}),
        ...(bus.sendDead ? { sendDead: (letters) => bus.sendDead?.(topic, letters) ?? Promise.resolve() } : {}),
        ...(watch?.observer ? { observer: watch.observer } : {}),
        ...(trainingRows ? { trainingRows } : {}),
        ...(model ? { model } : {}),
      });
      const nextOffset = pipeline.position?.nextOffset ?? 0;
      this.#held.set(partition, { pipeline, store, keeper, nextOffset, committing: undefined });
      watch?.taken?.(partition, pipeline, nextOffset);
      return pipeline.position?.nextOffset;
    } catch (error) {
      await keeper?.close();
      if (store !== this.#sharedStore) await store?.close();
      throw error;
    }
  }

  /** What was processed is committed if nobody else has the partition yet; otherwise theirs counts. */
  async #leave(partition: number): Promise<void> {
    const held = this.#held.get(partition);
    if (!held) return;
    let fenced = false;
    await held.committing;
    this.#throwFailed();
    // Fenced off by then, it was given up already.
    if (this.#held.get(partition) !== held) return;
    try {
      await held.pipeline.stopSending(lastMessage);
      await held.pipeline.commit();
    } catch (error) {
      if (!isFenced(error)) throw error;
      fenced = true;
    } finally {
      await this.#close(partition, held);
    }
    this.#options.watch?.left?.(partition, fenced);
  }

  async #giveUp(partition: number, held: Held, consumer: BusConsumer): Promise<void> {
    if (this.#held.get(partition) !== held) return;
    await this.#close(partition, held);
    consumer.restart?.(partition);
    this.#options.watch?.left?.(partition, true);
  }

  async #close(partition: number, { pipeline, keeper, store }: Held): Promise<void> {
    this.#held.delete(partition);
    await pipeline.stopSending(0);
    await keeper?.close();
    if (store !== this.#sharedStore) await store.close();
  }

  async #forget(key: string, store: Store, keeper: ManifestKeeper | undefined): Promise<void> {
    const manifest = keeper ? keeper.manifest : await store.manifest(key);
    const streams = streamsOfRecords(Object.keys(manifest?.records ?? {}));
    for (const [i, stream] of streams.entries()) await store.forget(stream, !keeper && i === streams.length - 1 ? key : undefined);
    await keeper?.forget();
  }

  /** Beside the loop: a broker that is slow to answer holds up no rows. */
  #tellLag(consumer: BusConsumer): void {
    const { watch } = this.#options;
    if (!watch?.lag || this.#held.size === 0 || performance.now() - this.#lagAt < lagInterval) return;
    this.#lagAt = Number.POSITIVE_INFINITY;
    consumer
      .lag()
      .then((lag) => watch.lag?.(lag))
      .catch((error: unknown) => {
        // A broker that is away is the consumer's to tell, and to wait for.
        if (!(error instanceof SluiceError)) this.#failed ??= error;
      })
      .finally(() => {
        this.#lagAt = performance.now();
      });
  }

  /** One transaction cannot hold one partition's rows and another's position. */
  async #requireOnePartition(): Promise<void> {
    const { bus, topic, config } = this.#options;
    const partitions = await bus.partitions(topic);
    if (partitions === 1) return;
    throw new SluiceError('CONFIG_INVALID', `store '${config.store.type}' takes topics of one partition, and '${topic}' has ${partitions}`, {
      place: 'store',
      fix: 'Use `store: influxdb`, or a topic of one partition.',
    });
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'BUS_FENCED';
}
