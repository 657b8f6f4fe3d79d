import type { Broker } from 'kafkajs';
import { connectionsOf } from './exchange.ts';
import { WireReader } from './wire-reader.ts';

const produce = { apiKey: 0, apiVersion: 3, apiName: 'Produce' };
const allReplicas = -1;

/** The broker's answers that are told apart elsewhere, by Kafka's names. */
const errorTypes: Readonly<Record<number, string>> = {
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  10: 'MESSAGE_TOO_LARGE',
  18: 'RECORD_LIST_TOO_LARGE',
  19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  29: 'TOPIC_AUTHORIZATION_FAILED',
  31: 'CLUSTER_AUTHORIZATION_FAILED',
  56: 'KAFKA_STORAGE_ERROR',
};

/**
 * Appends a finished batch to a partition that the broker leads; resolves when all replicas in sync have it. kafkajs would build
 * the batch from an object and several buffers per record, which takes four times as long.
 * @throws an error of the broker with its `type`, or of the connection
 */
export async function produceBatch(broker: Broker, topic: string, partition: number, batch: Buffer, timeoutMs: number): Promise<void> {
  const name = Buffer.from(topic);
  const head = Buffer.alloc(2 + 2 + 4 + 4 + 2 + name.length + 4 + 4 + 4);
  let at = head.writeInt16BE(-1, 0);
  at = head.writeInt16BE(allReplicas, at);
  at = head.writeInt32BE(timeoutMs, at);
  at = head.writeInt32BE(1, at);
  at = head.writeInt16BE(name.length, at);
  at += name.copy(head, at);
  at = head.writeInt32BE(1, at);
  at = head.writeInt32BE(partition, at);
  head.writeInt32BE(batch.length, at);
  const body = Buffer.concat([head, batch]);
  await connectionsOf(broker).send({
    request: { ...produce, encode: async () => ({ buf: body, buffer: body }) },
    response: {
      decode: async (answer) => {
        const reader = new WireReader(answer);
        return reader.array(() => {
          reader.string();
          return reader.array(() => {
            reader.int32();
            const error = reader.int16();
            for (let i = 0; i < 4; i++) reader.int32();
            return error;
          });
        });
      },
      parse: async (errors) => {
        const [[error]] = errors as number[][];
        if (error !== 0)
          throw Object.assign(new Error(`the broker refuses the messages: ${errorTypes[error] ?? `error ${error}`}`), { type: errorTypes[error] });
      },
    },
  });
}
