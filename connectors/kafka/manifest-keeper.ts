import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Kafka, type Message, Partitioners, type Producer, type ProducerRecord } from 'kafkajs';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Manifest, ManifestKeeper, OutgoingMessage } from '../../core/manifest.ts';
import { type ManifestBase, packManifest } from '../../core/packed-manifest.ts';
import { busError } from './client.ts';
import type { CommittedTail } from './committed-tail.ts';
import type { Outage } from './outage.ts';
import { fenceKey, manifestKey, pieceBytes, pieceKey, piecesHeader, type SavedManifests } from './saved-manifests.ts';

/** What the keepers of a log share. */
export interface StateTopic {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly tail: CommittedTail;
  readonly saved: SavedManifests;
  readonly outage: Outage;
  /** Aborted when the log is closed. */
  readonly closed: AbortSignal;
}

/** So long the broker lets a transaction stay open whose process died; it keeps readers of the topic waiting. */
const transactionTimeout = 15_000;
/** kafkajs sorts messages into partitions in a time that grows with the square of their number. */
const mostMessages = 1000;
/** A request holds one batch, and brokers take batches of 1 MB unless they are told otherwise. */
const requestBytes = 900 * 1024;

/**
 * Saves under one key, in transactions of a producer whose transactional id is the key: whoever opens it next ends what this
 * one had begun and gets the only epoch that the broker still takes.
 */
export class KafkaKeeper implements ManifestKeeper {
  readonly #at: StateTopic;
  readonly #key: string;
  readonly #closing = new AbortController();
  /** Written whenever the key was taken, so that what was saved before can be told from what comes after. */
  readonly #marks = new Set<string>();
  #mark = '';
  #producer: Producer | undefined;
  #manifest: Manifest | undefined;
  #base: ManifestBase | undefined;
  /** Hash to pieces of what is stored. */
  #stored = new Map<string, number>();
  /** What was saved last is before this offset. */
  #savedTo = 0;
  #fenced: SluiceError | undefined;
  #last: Promise<unknown> = Promise.resolve();

  static async take(at: StateTopic, key: string): Promise<KafkaKeeper> {
    const keeper = new KafkaKeeper(at, key);
    try {
      await keeper.#take();
    } catch (error) {
      await keeper.close();
      throw error;
    }
    return keeper;
  }

  private constructor(at: StateTopic, key: string) {
    this.#at = at;
    this.#key = key;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get manifest(): Manifest | undefined {
    return this.#manifest;
  }

  async record(hash: string): Promise<Uint8Array> {
    const { tail, saved } = this.#at;
    await tail.until(this.#savedTo);
    try {
      return saved.record(hash, this.#key);
    } catch (error) {
      // Whoever has taken the key since drops what it needs no more.
      if (!this.#marks.has(saved.fence(this.#key)?.by ?? '')) throw this.#lost();
      throw error;
    }
  }

  async save(manifest: Manifest, fresh: ReadonlyMap<string, Uint8Array>, outgoing: readonly OutgoingMessage[] = []): Promise<void> {
    if (manifest.key !== this.#key) throw new SluiceError('INTERNAL', `${quote(manifest.key)} is not the key that was taken`, { place: this.#key });
    await this.#inTurn(async () => {
      const { text, base } = packManifest(manifest, this.#base);
      const named = new Set(Object.values(manifest.records));
      if (base) named.add(base.hash);
      const bytesOf = (hash: string): Uint8Array | undefined => (hash === base?.hash ? base.bytes : fresh.get(hash));
      const messages = (): Message[] => {
        const messages: Message[] = [];
        for (const hash of named) if (!this.#stored.has(hash)) this.#addPieces(messages, hash, bytesOf(hash));
        messages.push({ key: manifestKey(this.#key), value: text });
        this.#addRemovals(messages, named);
        return messages;
      };
      await this.#write(messages, { outgoing, isSaved: () => isDeepStrictEqual(this.#at.saved.manifest(this.#key), JSON.parse(JSON.stringify(manifest))) });
      const pieces = (hash: string): number => this.#stored.get(hash) ?? piecesOf(bytesOf(hash) as Uint8Array);
      this.#stored = new Map([...named].map((hash) => [hash, pieces(hash)]));
      [this.#manifest, this.#base] = [manifest, base];
    });
  }

  async forget(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#write(() => {
        const messages: Message[] = [{ key: manifestKey(this.#key), value: null }];
        this.#addRemovals(messages, new Set());
        return messages;
      });
      this.#stored = new Map();
      [this.#manifest, this.#base] = [undefined, undefined];
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#dropProducer();
    await this.#last;
    await this.#dropProducer();
    this.#at.outage.over(this);
  }

  /** One transaction at a time. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = Promise.allSettled([turn]);
    await turn;
  }

  async #take(): Promise<void> {
    const { outage, tail, saved } = this.#at;
    for (let attempt = 1; ; attempt++) {
      this.#throwClosed();
      const since = performance.now();
      try {
        await this.#open();
        break;
      } catch (error) {
        const failure = busError(error, this.#key);
        if (failure.code === 'BUS_FENCED') {
          // Another took it in the same moment: this one begins fenced off, and is told so when it saves.
          this.#fenced = failure;
          await tail.toEnd();
          break;
        }
        await this.#waitFor(failure, attempt, since, failure.code === 'BUS_UNAVAILABLE');
      }
    }
    outage.over(this);
    this.#manifest = saved.manifest(this.#key);
    this.#base = saved.base(this.#key);
    this.#stored = saved.pieces(this.#key);
  }

  /**
   * In one transaction, again and again while the cluster is away.
   * @param isSaved asked before a further attempt: what goes out with it may not go out twice
   * @throws BUS_FENCED
   */
  async #write(messages: () => Message[], { outgoing, isSaved }: { outgoing: readonly OutgoingMessage[]; isSaved(): boolean } = nothingElse): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (this.#fenced) throw this.#fenced;
      this.#throwClosed();
      const since = performance.now();
      try {
        if (!this.#producer) await this.#openAgain();
        if (attempt === 1 || !isSaved()) await this.#transact(messages(), outgoing);
        this.#at.outage.over(this);
        return;
      } catch (error) {
        const failure = busError(error, this.#key);
        await this.#dropProducer();
        if (failure.code === 'BUS_FENCED') this.#fenced = failure;
        await this.#waitFor(failure, attempt, since, failure.code !== 'BUS_FENCED' && failure.code !== 'INTERNAL');
      }
    }
  }

  /** @throws the failure when it is one that does not pass, or nobody waits any more */
  async #waitFor(failure: SluiceError, attempt: number, since: number, passes: boolean): Promise<void> {
    this.#throwClosed();
    const { outage, closed } = this.#at;
    if (!passes) {
      outage.over(this);
      throw failure;
    }
    outage.began(this, failure.what, since);
    await outage.backOff(attempt, AbortSignal.any([closed, this.#closing.signal, ...(outage.signal ? [outage.signal] : [])]));
  }

  /**
   * After a failure it is not known whether the transaction was committed. It is decided once the producer is open again, and
   * then seen what is stored. But the key is not taken over the head of another that has taken it meanwhile.
   */
  async #openAgain(): Promise<void> {
    const { tail, saved } = this.#at;
    await tail.toDecided();
    if (!this.#marks.has(saved.fence(this.#key)?.by ?? '')) throw this.#lost();
    await this.#open();
    const fence = saved.fence(this.#key);
    if (fence?.by !== this.#mark || !this.#marks.has(fence.before ?? '')) throw this.#lost();
    this.#stored = saved.pieces(this.#key);
  }

  /** Takes the key, and resolves when everything has been read that was saved before. */
  async #open(): Promise<void> {
    const { kafka, tail } = this.#at;
    await this.#dropProducer();
    this.#producer = kafka.producer({
      transactionalId: this.#key,
      transactionTimeout,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      // The broker refuses the next transaction for some milliseconds while it ends the one before.
      retry: { initialRetryTime: 5, retries: 6 },
    });
    await this.#producer.connect();
    this.#mark = randomUUID();
    this.#marks.add(this.#mark);
    await this.#transact([{ key: fenceKey(this.#key), value: this.#mark }]);
    await tail.until(this.#savedTo);
  }

  async #transact(messages: readonly Message[], outgoing: readonly OutgoingMessage[] = []): Promise<void> {
    const { topic } = this.#at;
    if (!this.#producer) throw this.#closed();
    const transaction = await this.#producer.transaction();
    try {
      for (const request of sendingsOf(outgoing)) await transaction.send(request);
      let savedTo = 0;
      for (const request of requestsOf(messages)) {
        const [{ baseOffset }] = await transaction.send({ topic, messages: request.map((message) => ({ ...message, partition: 0 })) });
        savedTo = Number(baseOffset) + request.length;
      }
      await transaction.commit();
      this.#savedTo = savedTo;
    } catch (error) {
      // One that stays open keeps everyone waiting who reads the topic. Where the broker is away it cannot be told.
      const { code } = busError(error, topic);
      if (transaction.isActive() && code !== 'BUS_UNAVAILABLE' && code !== 'BUS_FENCED') await Promise.allSettled([transaction.abort()]);
      throw error;
    }
  }

  async #dropProducer(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await Promise.allSettled([producer?.disconnect()]);
  }

  #addPieces(messages: Message[], hash: string, bytes: Uint8Array | undefined): void {
    if (!bytes) throw new SluiceError('INTERNAL', `the manifest names record ${hash}, which is neither stored nor given`, { place: this.#key });
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = piecesOf(bytes);
    for (let piece = 0; piece < count; piece++) {
      const value = whole.subarray(piece * pieceBytes, (piece + 1) * pieceBytes);
      messages.push({ key: pieceKey(this.#key, hash, piece), value, headers: { [piecesHeader]: String(count) } });
    }
  }

  #addRemovals(messages: Message[], named: ReadonlySet<string>): void {
    for (const [hash, pieces] of this.#stored) {
      if (named.has(hash)) continue;
      for (let piece = 0; piece < pieces; piece++) messages.push({ key: pieceKey(this.#key, hash, piece), value: null });
    }
  }

  #throwClosed(): void {
    if (this.#at.closed.aborted || this.#closing.signal.aborted) throw this.#closed();
  }

  #closed(): SluiceError {
    return new SluiceError('BUS_UNAVAILABLE', 'what keeps the position was closed', { place: this.#key });
  }

  #lost(): SluiceError {
    return new SluiceError('BUS_FENCED', 'another processor has taken over', { place: this.#key });
  }
}

const nothingElse = { outgoing: [], isSaved: (): boolean => false };

const piecesOf = (bytes: Uint8Array): number => Math.max(1, Math.ceil(bytes.length / pieceBytes));

/** Messages in order, as many in a request as it holds. */
function requestsOf(messages: readonly Message[]): Message[][] {
  const requests: Message[][] = [];
  let room = 0;
  for (const message of messages) {
    const size = 100 + Buffer.byteLength(message.key ?? '') + Buffer.byteLength(message.value ?? '');
    if (size > room || requests[requests.length - 1].length === mostMessages) {
      requests.push([]);
      room = requestBytes;
    }
    requests[requests.length - 1].push(message);
    room -= size;
  }
  return requests;
}

/** The messages of each partition in order, one partition a request. */
function sendingsOf(outgoing: readonly OutgoingMessage[]): ProducerRecord[] {
  const places = new Map<string, { topic: string; messages: Message[] }>();
  for (const { topic, partition, key, value } of outgoing) {
    const place = `${partition} ${topic}`;
    const to = places.get(place) ?? { topic, messages: [] };
    if (to.messages.push({ partition, key, value }) === 1) places.set(place, to);
  }
  return [...places.values()].flatMap(({ topic, messages }) => requestsOf(messages).map((request) => ({ topic, messages: request })));
}
