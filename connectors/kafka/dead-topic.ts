import { type Kafka, type Message, Partitioners, type Producer } from 'kafkajs';
import type { DeadLetter } from '../../core/chunk.ts';
import { quote } from '../../core/errors.ts';
import { busError } from './client.ts';
import type { Outage } from './outage.ts';
import { deadTopic, ensureTopic } from './topics.ts';
import { untilAcknowledged } from './until-acknowledged.ts';

export interface DeadTopicOptions {
  /** Make the topic where it is missing. */
  readonly create: boolean;
  readonly replication?: number | undefined;
  readonly outage: Outage;
}

/** A letter has some 25 kB at most, so this many stay below what a broker takes at once. */
const lettersAtOnce = 32;

/** Dead letters of a topic's rows where other systems find them: `<topic>.dead`, at least once, a key for each. */
export class DeadTopic {
  readonly #name: string;
  readonly #outage: Outage;
  readonly #producer: Producer;
  readonly #closing = new AbortController();
  readonly #giveUp: AbortSignal;

  /** @throws BUS_TOPIC when it is missing and may not be made; BUS_DENIED, BUS_UNAVAILABLE */
  static async open(kafka: Kafka, topic: string, { create, replication, outage }: DeadTopicOptions): Promise<DeadTopic> {
    const dead = new DeadTopic(kafka, topic, outage);
    const admin = kafka.admin();
    try {
      await Promise.all([admin.connect(), dead.#producer.connect()]);
      await ensureTopic(admin, dead.#name, { partitions: 1, replication, create });
    } catch (error) {
      await dead.close();
      throw busError(error, `topic ${quote(dead.#name)}`);
    } finally {
      await admin.disconnect();
    }
    return dead;
  }

  private constructor(kafka: Kafka, topic: string, outage: Outage) {
    this.#name = deadTopic(topic);
    this.#outage = outage;
    this.#giveUp = outage.signal ? AbortSignal.any([outage.signal, this.#closing.signal]) : this.#closing.signal;
    this.#producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
  }

  /** Resolves when the cluster has them. */
  async send(letters: readonly DeadLetter[]): Promise<void> {
    const wait = { outage: this.#outage, place: `topic ${quote(this.#name)}`, signal: this.#giveUp };
    for (let from = 0; from < letters.length; from += lettersAtOnce) {
      const messages = letters.slice(from, from + lettersAtOnce).map(messageOf);
      await untilAcknowledged(() => this.#producer.send({ topic: this.#name, messages }), wait);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(busError(new Error('the bus was closed'), `topic ${quote(this.#name)}`));
    await this.#producer.disconnect();
  }
}

const messageOf = (letter: DeadLetter): Message => ({ key: `${letter.source}/${letter.partition}/${letter.position}`, value: JSON.stringify(letter) });
