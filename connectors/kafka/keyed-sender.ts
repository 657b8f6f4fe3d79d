import type { Kafka, Message, Producer } from 'kafkajs';
import { partitionOf } from '../../core/bus.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { busError, type ConnectionOptions, makeClient } from './client.ts';
import { idempotentProducer, isSequenceLost } from './idempotent-producer.ts';
import type { Outage } from './outage.ts';
import { ensureTopic } from './topics.ts';
import { untilAcknowledged } from './until-acknowledged.ts';

export interface KeyedMessage {
  readonly key: string;
  readonly value: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface KeyedSenderOptions {
  readonly connection: ConnectionOptions;
  readonly topic: string;
  /** Of a topic that is made here. */
  readonly partitions: number;
  readonly outage: Outage;
}

/** kafkajs sorts messages into partitions in a time that grows with the square of their number. */
const mostMessages = 1000;
/** Whoever waits for a cluster learns soon that it does not answer. */
const adminRetries = 2;

/**
 * Sends messages by their key, those of one key in order to one partition. A request goes out again until it is acknowledged, and is
 * taken once; only where the broker has forgotten the producer meanwhile, as after a restart without its data, can it be there twice.
 */
export class KeyedSender {
  readonly #options: KeyedSenderOptions;
  readonly #kafka: Kafka;
  readonly #place: string;
  readonly #closing = new AbortController();
  #producer: Producer;
  #partitions = 1;
  /** Something was taken: from then on a refusal is an outage. */
  #wasTaken = false;

  constructor(options: KeyedSenderOptions) {
    this.#options = options;
    this.#kafka = makeClient(options.connection, undefined, adminRetries);
    this.#place = `topic ${quote(options.topic)}`;
    this.#producer = idempotentProducer(this.#kafka);
  }

  /** Waits for the cluster, and makes the topic where it is missing. @throws BUS_DENIED, BUS_TOPIC; the signal's reason */
  async open(signal: AbortSignal): Promise<void> {
    const { topic, partitions } = this.#options;
    this.#partitions = await this.#untilDone(async () => {
      const admin = this.#kafka.admin();
      try {
        await Promise.all([admin.connect(), this.#producer.connect()]);
        return await ensureTopic(admin, topic, { partitions, create: true });
      } catch (error) {
        // A cluster that is away is waited for, whoever found that it is.
        throw error instanceof SluiceError && error.code === 'BUS_UNAVAILABLE' ? (error.cause ?? new Error(error.what)) : error;
      } finally {
        await admin.disconnect();
      }
    }, signal);
  }

  /**
   * Resolves when the cluster has all of them.
   * @throws BUS_DENIED, BUS_TOPIC when the first are refused; the signal's reason when it aborts while the cluster is away
   */
  async send(messages: readonly KeyedMessage[], signal: AbortSignal): Promise<void> {
    const parts = new Map<number, Message[]>();
    for (const { key, value, time } of messages) {
      const partition = partitionOf(key, this.#partitions);
      const part = parts.get(partition) ?? [];
      part.push({ partition, key, value, timestamp: String(time) });
      parts.set(partition, part);
    }
    // Of a request for several partitions kafkajs would count on in those that took it and back in the others.
    for (const part of parts.values()) {
      for (let from = 0; from < part.length; from += mostMessages) await this.#deliver(part.slice(from, from + mostMessages), signal);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new SluiceError('BUS_UNAVAILABLE', 'the sender was closed', { place: this.#place }));
    await this.#producer.disconnect();
  }

  async #deliver(messages: Message[], signal: AbortSignal): Promise<void> {
    const { topic } = this.#options;
    await this.#untilDone(async () => {
      try {
        await this.#producer.send({ topic, messages, acks: -1 });
      } catch (error) {
        if (isSequenceLost(error)) await this.#begin();
        throw error;
      }
    }, signal);
    this.#wasTaken = true;
  }

  /** With other sequence numbers. */
  async #begin(): Promise<void> {
    await this.#producer.disconnect();
    this.#producer = idempotentProducer(this.#kafka);
    await this.#producer.connect();
  }

  async #untilDone<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { outage } = this.#options;
    const place = this.#place;
    const isFinal = (error: unknown): boolean => !this.#wasTaken && busError(error, place).code !== 'BUS_UNAVAILABLE';
    try {
      return await untilAcknowledged(request, { outage, place, signal, closed: this.#closing.signal, isFinal });
    } catch (error) {
      throw isFinal(error) && error !== signal.reason ? busError(error, place) : error;
    }
  }
}
