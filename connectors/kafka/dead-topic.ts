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
  /** Something was written: from then on a refusal is an outage. */
  #wasTaken = false;

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
    this.#producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
  }

  /** Resolves when the cluster has them. */
  async send(letters: readonly DeadLetter[]): Promise<void> {
    const place = `topic ${quote(this.#name)}`;
    const closed = this.#closing.signal;
    const isFinal = (error: unknown): boolean => !this.#wasTaken && busError(error, place).code !== 'BUS_UNAVAILABLE';
    const wait = { outage: this.#outage, place, signal: this.#outage.signal ?? closed, closed, isFinal };
    for (let from = 0; from < letters.length; from += lettersAtOnce) {
      const messages = letters.slice(from, from + lettersAtOnce).map(messageOf);
      try {
        await untilAcknowledged(() => this.#producer.send({ topic: this.#name, messages }), wait);
        this.#wasTaken = true;
      } catch (error) {
        throw isFinal(error) ? busError(error, place) : error;
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(busError(new Error('the bus was closed'), `topic ${quote(this.#name)}`));
    await this.#producer.disconnect();
  }
}

const messageOf = (letter: DeadLetter): Message => ({ key: `${letter.source}/${letter.partition}/${letter.position}`, value: JSON.stringify(letter) });
