import type { Kafka } from 'kafkajs';
import type { Chunk } from '../../core/chunk.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Schema } from '../../core/schema.ts';
import type { Announcements } from './announcements.ts';
import { busError } from './client.ts';
import type { FetchedRecord } from './committed-records.ts';
import type { MessageFormat } from './message-format.ts';
import { MessageReader, type Unannounced } from './message-reader.ts';
import type { Outage } from './outage.ts';
import { PartitionQueue } from './partition-queue.ts';
import { TopicFetcher } from './topic-fetcher.ts';

/** Of one partition so much waits at most, beside what one request brings. */
const mostRows = 8192;
const mostBytes = 8 * 1024 * 1024;

export interface PartitionReaderSettings {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Stream of messages without a key. */
  readonly stream: string | undefined;
  readonly maxMessageBytes: number;
  readonly format: MessageFormat | undefined;
  readonly announcements: Announcements;
  readonly outage: Outage;
  readonly warn: (message: string) => void;
  /** Aborted: waits give up. */
  readonly closing: AbortSignal;
  /** Something came, or can be handed out now. */
  readonly onChange: () => void;
  readonly onFailed: (error: SluiceError) => void;
}

/** A partition that is read, or will be. */
export class Held {
  readonly partition: number;
  /** new: nobody knows where to begin; asking: the caller is asked; placing: it is looked up in the topic; open: it is read. */
  state: 'new' | 'asking' | 'placing' | 'open' = 'new';
  queue = new PartitionQueue(0);
  /** Something has to be found out before more of it can be read. */
  waits = false;

  constructor(partition: number) {
    this.partition = partition;
  }

  /** Is more of it to be fetched? */
  get wanting(): boolean {
    return this.state === 'open' && !this.waits && this.queue.size < mostRows && this.queue.bytes < mostBytes;
  }
}

/** Reads the partitions that are held: what was fetched is decoded at once and waits in a queue each, bounded. */
export class PartitionReader {
  readonly #settings: PartitionReaderSettings;
  readonly #fetcher: TopicFetcher;
  readonly #messages: MessageReader;
  readonly #held = new Map<number, Held>();

  constructor(settings: PartitionReaderSettings) {
    const { kafka, topic, stream, maxMessageBytes, format, announcements, outage, warn, onFailed } = settings;
    this.#settings = settings;
    this.#messages = new MessageReader({ topic, stream, maxMessageBytes, format, warn, schema: (name) => announcements.schema(name) });
    this.#fetcher = new TopicFetcher(
      kafka,
      topic,
      {
        wanted: () => this.#wanted(),
        take: (partition, from, records, next) => this.#take(partition, from, records, next),
        outOfRange: (partition) => this.#misplaced(partition),
        failed: onFailed,
      },
      outage,
    );
  }

  get held(): ReadonlyMap<number, Held> {
    return this.#held;
  }

  schema(stream: string): Schema | undefined {
    return this.#messages.declared ?? this.#settings.announcements.schema(stream);
  }

  /** @throws BUS_DENIED, BUS_TOPIC, BUS_UNAVAILABLE */
  open(): Promise<void> {
    return this.#fetcher.open();
  }

  /** The partition is this member's; whatever of it waited is dropped. */
  hold(partition: number): void {
    this.#held.set(partition, new Held(partition));
  }

  release(partition: number): void {
    this.#held.delete(partition);
  }

  /** Begins at the position, or at the first record that is there. Waits for a broker that is away. */
  async begin(held: Held, position: number | undefined): Promise<void> {
    held.state = 'placing';
    const place = await this.#find(held, position);
    if (place === undefined) return;
    held.queue = new PartitionQueue(place);
    held.state = 'open';
    this.#fetcher.wake();
    this.#settings.onChange();
  }

  /** Takes out up to so many rows and dead letters. */
  take(held: Held, max: number): Chunk {
    const full = !held.wanting;
    const chunk = held.queue.take(held.partition, max);
    if (full && held.wanting) this.#fetcher.wake();
    return chunk;
  }

  /** Behind the last record of each partition. @throws BUS_UNAVAILABLE */
  ends(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return this.#fetcher.ends(partitions);
  }

  async close(): Promise<void> {
    this.#held.clear();
    await this.#fetcher.close();
  }

  #wanted(): ReadonlyMap<number, number> {
    const wanted = new Map<number, number>();
    for (const held of this.#held.values()) if (held.wanting) wanted.set(held.partition, held.queue.end);
    return wanted;
  }

  #take(partition: number, from: number, records: readonly FetchedRecord[], next: number): void {
    const held = this.#held.get(partition);
    // Answers to what is not wanted any more.
    if (!held?.wanting || held.queue.end !== from) return;
    const unannounced = this.#messages.read(partition, records, held.queue, performance.now());
    this.#messages.warnOfUnknownTags();
    if (unannounced) void this.#learn(held, unannounced);
    else held.queue.passTo(next);
    this.#settings.onChange();
  }

  /** Finds out a stream's tags: those that were announced, or else those of its row, which are then announced. */
  async #learn(held: Held, { stream, shown }: Unannounced): Promise<void> {
    const { announcements } = this.#settings;
    held.waits = true;
    const learned = await this.#untilDone(held, async () => {
      if (shown) await announcements.announceSchema(stream, shown).catch(ignoreOther);
      else await announcements.upToDate();
      return true;
    });
    if (!learned) return;
    if (!announcements.schema(stream)) this.#messages.markUnannounced(stream);
    held.waits = false;
    this.#fetcher.wake();
  }

  /** The offset is gone, or not there yet. */
  #misplaced(partition: number): void {
    const held = this.#held.get(partition);
    if (!held?.wanting) return;
    held.waits = true;
    void this.#find(held, held.queue.end).then((place) => {
      if (place === undefined) return;
      held.queue.passTo(place);
      held.waits = false;
      this.#fetcher.wake();
    });
  }

  /** Where the topic goes on from the position; undefined where it is not asked any more. */
  async #find(held: Held, position: number | undefined): Promise<number | undefined> {
    const { topic, warn } = this.#settings;
    const { partition } = held;
    let short = 0;
    return await this.#untilDone(held, async () => {
      const [low, high] = await Promise.all([this.#fetcher.beginnings([partition]), this.#fetcher.ends([partition])]);
      const first = low.get(partition) ?? 0;
      const end = high.get(partition) ?? 0;
      if (position === undefined) return first;
      if (position > end) {
        // A leader that has only just been chosen may not know how far it goes.
        if (++short > shortLooks) throw endsEarlier(topic, partition, end, position);
        throw new SluiceError('BUS_UNAVAILABLE', `partition ${partition} of topic ${quote(topic)} ends at offset ${end} and is to be read from ${position} on`);
      }
      if (position < first) {
        warn(`topic ${quote(topic)}, partition ${partition}: offsets ${position} to ${first - 1} were deleted before they were read`);
      }
      return Math.max(position, first);
    });
  }

  /** Repeats what a broker that is away cannot answer, as long as the partition is held. */
  async #untilDone<T>(held: Held, attempt: () => Promise<T>): Promise<T | undefined> {
    const { topic, outage, closing, onFailed } = this.#settings;
    const isHeld = (): boolean => !closing.aborted && this.#held.get(held.partition) === held;
    try {
      for (let failures = 0; isHeld(); ) {
        try {
          const done = await attempt();
          return isHeld() ? done : undefined;
        } catch (error) {
          const failure = busError(error, `topic ${quote(topic)}`);
          if (!this.#fetcher.passes(failure) || failure.code === 'BUS_FENCED') {
            if (isHeld()) onFailed(failure);
            return undefined;
          }
          if (isHeld()) outage.began(held, failure.what);
          await Promise.allSettled([outage.backOff(++failures, closing)]);
        }
      }
      return undefined;
    } finally {
      outage.over(held);
    }
  }
}

/** So often a partition may be found shorter than what was read of it. */
const shortLooks = 4;

function endsEarlier(topic: string, partition: number, end: number, position: number): SluiceError {
  return new SluiceError('BUS_TOPIC', `the partition ends at offset ${end}, and was read up to ${position}: it is not the topic that was read`, {
    place: `partition ${partition} of topic ${quote(topic)}`,
    fix: 'Restore the topic, or begin anew with --fresh.',
  });
}

/** Somebody else was faster with other tags: those count. */
function ignoreOther(error: unknown): void {
  if (!(error instanceof SluiceError && error.code === 'SCHEMA_MISMATCH')) throw error;
}
