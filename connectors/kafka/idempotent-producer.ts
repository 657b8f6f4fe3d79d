import { type Kafka, Partitioners, type Producer } from 'kafkajs';
import { brokerErrorType } from './client.ts';

/** Sends what it sends again with the same sequence numbers, so that the broker takes it once; one request at a time. */
export function idempotentProducer(kafka: Kafka): Producer {
  return kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 5, initialRetryTime: 50, maxRetryTime: 1000 },
  });
}

const sequenceErrors = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_PRODUCER_EPOCH',
]);

/** The broker knows nothing of this producer any more, or other things than the producer does: it takes another one to go on. */
export function isSequenceLost(error: unknown): boolean {
  return sequenceErrors.has(brokerErrorType(error) ?? '');
}
