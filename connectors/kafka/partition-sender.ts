import type { Cluster } from 'kafkajs';
import { quote } from '../../core/errors.ts';
import { busError, reconnect } from './client.ts';
import type { Outage } from './outage.ts';
import { produceBatch } from './produce-batch.ts';
import { RecordBatch } from './record-batch.ts';
import { untilAcknowledged } from './until-acknowledged.ts';

export interface SenderOptions {
  readonly cluster: Cluster;
  readonly topic: string;
  readonly partition: number;
  readonly outage: Outage;
  /** Aborted when nothing is to be sent any more. */
  readonly closed: AbortSignal;
}

/** Brokers take batches of 1 MB unless they are told otherwise. */
const batchBytes = 900 * 1024;
/** So much may wait before whoever adds has to. */
const waitingBytes = 8 * 1024 * 1024;
const acknowledgedWithinMs = 30_000;

interface Sending {
  readonly batch: RecordBatch;
  readonly acknowledged: Promise<void>;
  readonly done: () => void;
}

/**
 * Sends messages to one partition in the order in which they were added, a batch after the other: what comes while one is under
 * way makes up the next. A batch whose acknowledgment is lost goes out again, and is then there twice.
 */
export class PartitionSender {
  readonly #options: SenderOptions;
  readonly #queue: Sending[] = [];
  #running = false;
  #failed: unknown;
  #unsure = false;
  /** Something was sent: from then on a refusal is an outage. */
  #wasTaken = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  add(key: string, value: string): void {
    let last = this.#queue.at(-1);
    // The first one is on its way.
    if (!last || (this.#running && this.#queue.length === 1) || last.batch.bytes + key.length + value.length > batchBytes) {
      let done = (): void => {};
      const acknowledged = new Promise<void>((resolve) => {
        done = resolve;
      });
      last = { batch: new RecordBatch(), acknowledged, done };
      this.#queue.push(last);
    }
    last.batch.add(key, value);
  }

  /** Begins to send what was added. Resolves when there is room for more. @throws what ended the sending */
  async send(): Promise<void> {
    this.#start();
    while (this.#queue.reduce((sum, { batch }) => sum + batch.bytes, 0) > waitingBytes) await this.#outcome(this.#queue[0]);
    this.#throwFailed();
  }

  /** Resolves when the cluster has everything that was added before. @throws what ended the sending */
  async flush(): Promise<void> {
    this.#start();
    const last = this.#queue.at(-1);
    if (last) await this.#outcome(last);
    this.#throwFailed();
  }

  async #outcome({ acknowledged }: Sending): Promise<void> {
    await acknowledged;
    this.#throwFailed();
  }

  #throwFailed(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  #start(): void {
    if (this.#running || this.#failed !== undefined || this.#queue.length === 0) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      for (let first = this.#queue.at(0); first; first = this.#queue.at(0)) {
        await this.#deliver(first.batch.finish(Date.now()));
        this.#queue.shift();
        first.done();
      }
    } catch (error) {
      this.#failed = error;
      for (const { done } of this.#queue.splice(0)) done();
    } finally {
      this.#running = false;
    }
  }

  async #deliver(batch: Buffer): Promise<void> {
    const { topic, outage, closed } = this.#options;
    const place = `topic ${quote(topic)}`;
    const isFinal = (error: unknown): boolean => !this.#wasTaken && busError(error, place).code !== 'BUS_UNAVAILABLE';
    try {
      await untilAcknowledged(() => this.#request(batch), { outage, place, closed, signal: outage.signal ?? closed, isFinal });
      this.#wasTaken = true;
    } catch (error) {
      throw isFinal(error) ? busError(error, place) : error;
    }
  }

  /** @throws what kafkajs throws */
  async #request(batch: Buffer): Promise<void> {
    const { cluster, topic, partition } = this.#options;
    try {
      if (this.#unsure) await reconnect(cluster);
      await cluster.refreshMetadataIfNecessary();
      const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
      await produceBatch(await cluster.findBroker({ nodeId }), topic, partition, batch, acknowledgedWithinMs);
      this.#unsure = false;
    } catch (error) {
      this.#unsure = true;
      throw error;
    }
  }
}
