import type { Kafka } from 'kafkajs';
import { withBatchEnds } from './batch-ends.ts';
import { clusterOf } from './client.ts';
import type { FetchedPartition } from './committed-records.ts';

/** Where a source stands in one partition. */
export interface LastOrigin {
  /** Of its last row there; undefined when there is none of it. */
  readonly origin: number | undefined;
  /** First offset that the partition still has; above 0 it has forgotten rows. */
  readonly begin: number;
}

/** A window of offsets, reading backward, and how much longer the next one is. */
const firstWindow = 16;
const growth = 8;
const largestWindow = 65_536;

const readUncommitted = 0;
const fetchBytes = 8 * 1024 * 1024;

/**
 * The last row of a source in each of these partitions. Looks from the end backward, so that it takes long only where much
 * came from others since. Rows that others send in transactions of theirs are no hindrance.
 * @throws errors of the client; another try may help
 */
export async function lastOrigins(kafka: Kafka, topic: string, source: string, partitions: Iterable<number>): Promise<Map<number, LastOrigin>> {
  const cluster = clusterOf(kafka, { readUncommitted: true });
  const origins = new Map<number, LastOrigin>();

  const offset = async (partition: number, fromBeginning: boolean): Promise<number> => {
    const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning }]);
    return Number(found.partitions[0].offset);
  };

  /** The last origin in [from, to). */
  const lastIn = async (partition: number, from: number, to: number): Promise<number | undefined> => {
    let origin: number | undefined;
    for (let next = from; next < to; ) {
      const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
      const broker = withBatchEnds(await cluster.findBroker({ nodeId }));
      const { responses } = await broker.fetch({
        isolationLevel: readUncommitted,
        maxWaitTime: 100,
        minBytes: 1,
        maxBytes: fetchBytes,
        topics: [{ topic, partitions: [{ partition, fetchOffset: String(next), maxBytes: fetchBytes }] }],
      });
      const { messages, highWatermark, end = next } = responses[0].partitions[0] as FetchedPartition;
      if (Number(highWatermark) < to) throw new Error(`a new leader of partition ${partition} does not know yet how far its rows go`);
      for (const { offset: at, headers = {}, isControlRecord } of messages) {
        if (isControlRecord || Number(at) < next || Number(at) >= to) continue;
        if (headers.source?.toString() === source && headers.row !== undefined) origin = Number(headers.row.toString());
      }
      // To take what is not shown for what is not there would send rows twice.
      if (end <= next) throw new Error(`partition ${partition} shows nothing from offset ${next} on, and goes up to ${highWatermark}`);
      next = end;
    }
    return origin;
  };

  try {
    await cluster.connect();
    await cluster.addTargetTopic(topic);
    for (const partition of partitions) {
      const [begin, end] = [await offset(partition, true), await offset(partition, false)];
      let origin: number | undefined;
      for (let to = end, size = firstWindow; to > begin && origin === undefined; size = Math.min(size * growth, largestWindow)) {
        const from = Math.max(begin, to - size);
        origin = await lastIn(partition, from, to);
        to = from;
      }
      origins.set(partition, { origin, begin });
    }
    return origins;
  } finally {
    await cluster.disconnect();
  }
}
