import { CompressionTypes, type Kafka, type Producer } from 'kafkajs';
import { type DeadLetter, deadPayloadLimit } from '../../core/chunk.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { brokerErrorType, busError } from './client.ts';
import { idempotentProducer, isSequenceLost } from './idempotent-producer.ts';
import { lastOrigins } from './last-origins.ts';
import type { Outage } from './outage.ts';
import type { Request, RequestLimit, RowMessages } from './row-messages.ts';
import { untilAcknowledged } from './until-acknowledged.ts';

export interface RowSenderOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** What the rows name as their source. */
  readonly source: string;
  readonly rows: RowMessages;
  readonly compression: 'none' | 'gzip';
  readonly outage: Outage;
  readonly warn: (message: string) => void;
}

/**
 * A broker takes 1 MB at once unless it is told otherwise; kafkajs sorts messages into partitions in a time that grows with the square
 * of their number.
 */
const usualLimit: RequestLimit = { bytes: 900_000, messages: 1000 };

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/**
 * Sends requests one after the other, each exactly once. A request is one batch of one partition. It goes out again as it is, from the
 * same idempotent producer and so with the same sequence numbers, until it is acknowledged, and the broker takes it once
 * however often it arrives. (Of a request for several partitions kafkajs would count on in those that were taken and back in the
 * others, and what was taken would be taken again.)
 */
export class RowSender {
  readonly #options: RowSenderOptions;
  readonly #place: string;
  readonly #sent = new Map<number, number>();
  readonly #closing = new AbortController();
  #producer: Producer;
  #limit = usualLimit;

  constructor(options: RowSenderOptions) {
    this.#options = options;
    this.#place = `topic ${quote(options.topic)}`;
    this.#producer = idempotentProducer(options.kafka);
  }

  /** How much the next request may hold. */
  get limit(): RequestLimit {
    return this.#limit;
  }

  /** Partition -> origin of the last row that was acknowledged. */
  get sent(): ReadonlyMap<number, number> {
    return this.#sent;
  }

  async connect(): Promise<void> {
    await this.#producer.connect();
  }

  /**
   * Resolves when the cluster has the request. A row that is too large for it is replaced by a dead letter.
   * @param signal ends the wait for a cluster that is away
   * @throws the signal's reason when it aborts; BUS_DENIED, BUS_TOPIC when the first request is refused; after either, nothing may follow
   */
  async deliver(request: Request, signal: AbortSignal): Promise<void> {
    const { topic, outage, compression } = this.#options;
    const acks = -1;
    const codec = compression === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None;
    const isFinal = (error: unknown): boolean => {
      const type = brokerErrorType(error) ?? '';
      return tooLarge.has(type) || isSequenceLost(error) || (this.#sent.size === 0 && busError(error, this.#place).code !== 'BUS_UNAVAILABLE');
    };
    try {
      await untilAcknowledged(() => this.#producer.send({ topic, messages: [...request.messages], acks, compression: codec }), {
        ...{ outage, place: this.#place, signal, closed: this.#closing.signal },
        isFinal,
      });
    } catch (error) {
      const type = brokerErrorType(error) ?? '';
      if (tooLarge.has(type)) return this.#deliverSmaller(request, signal);
      if (isSequenceLost(error)) return this.#deliverAnew(request, signal);
      throw isFinal(error) ? busError(error, this.#place) : error;
    }
    this.#sent.set(request.partition, request.origins[request.origins.length - 1]);
  }

  /** @param reason what a delivery that waits rejects with */
  async close(reason: SluiceError): Promise<void> {
    this.#closing.abort(reason);
    await this.#producer.disconnect();
  }

  /** The broker took nothing of it, so the same sequence numbers are due. */
  async #deliverSmaller(request: Request, signal: AbortSignal): Promise<void> {
    const { messages, origins } = request;
    const half = Math.floor(messages.length / 2);
    if (half === 0) {
      await this.deliver(this.#withoutRow(request), signal);
      return;
    }
    this.#limit = { ...this.#limit, bytes: Math.min(this.#limit.bytes, Math.ceil(request.bytes / 2)) };
    const bytes = request.bytes / 2;
    await this.deliver({ ...request, messages: messages.slice(0, half), origins: origins.slice(0, half), bytes }, signal);
    await this.deliver({ ...request, messages: messages.slice(half), origins: origins.slice(half), bytes }, signal);
  }

  #withoutRow({ partition, messages: [{ key, value }], origins, bytes }: Request): Request {
    const { topic, source, rows, warn } = this.#options;
    const row = `row ${origins[0]} of ${source}`;
    if (value === null) {
      throw new SluiceError('BUS_TOPIC', `the cluster takes not even the dead letter of ${row}, ${bytes} bytes`, {
        place: this.#place,
        fix: 'Raise max.message.bytes of the topic.',
      });
    }
    const message =
      `${row} has ${value.length} bytes as JSON, more than the cluster takes. ` +
      `Raise max.message.bytes of topic ${quote(topic)} (or message.max.bytes of the brokers), or shorten the row.`;
    warn(message);
    const letter: DeadLetter = {
      source,
      partition: 0,
      position: origins[0],
      ...(key ? { stream: key.toString() } : {}),
      reason: 'line-too-long',
      message,
      payload: value.toString().slice(0, deadPayloadLimit),
    };
    return { partition, messages: [rows.dead(partition, letter)], origins, bytes };
  }

  /** With a new producer, and without the rows that the partition holds by now. */
  async #deliverAnew(request: Request, signal: AbortSignal): Promise<void> {
    const { kafka, topic, source, outage } = this.#options;
    const { partition, messages, origins } = request;
    await this.#producer.disconnect();
    this.#producer = idempotentProducer(kafka);
    const last = await untilAcknowledged(
      async () => {
        await this.#producer.connect();
        return (await lastOrigins(kafka, topic, source, [partition])).get(partition)?.origin ?? -1;
      },
      { outage, place: this.#place, signal, closed: this.#closing.signal },
    );
    const sent = this.#sent.get(partition) ?? -1;
    if (last < sent) {
      throw new SluiceError(
        'BUS_UNAVAILABLE',
        `the cluster has lost rows that it had acknowledged: row ${sent} of ${source} was, and the last one there is ${last}`,
        {
          place: `partition ${partition} of ${this.#place}`,
          fix: 'Start `sluice produce` again: it goes on behind the last row that is there.',
        },
      );
    }
    const first = origins.findIndex((origin) => origin > last);
    if (first < 0) this.#sent.set(partition, last);
    else await this.deliver({ ...request, messages: messages.slice(first), origins: origins.slice(first) }, signal);
  }
}
