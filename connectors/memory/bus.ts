import { z } from 'zod';
import type { Bus, BusConsumer } from '../../core/bus.ts';
import { defineBus } from '../../core/component.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { Group } from './group.ts';
import { Topic } from './topic.ts';

/**
 * Kafka's semantics within one process. What differs from a broker:
 * - a row's origin is its offset, so origins must grow within a partition (BUS_ORDER otherwise);
 * - batches are handed on without a copy: nobody may write to one after it was sent;
 * - what every group has committed is freed. A group sees what is held when it joins; one whose position lies before
 *   that begins at the first offset held (after a restart, the producer reads the source from that position again);
 * - a sender waits while the slowest group that has members is `capacity` rows behind. With no group, up to capacity.
 *   Dead letters count as rows;
 * - what was handed out but not committed is kept for the next reader of the partition, up to `keep` rows. A member
 *   that asks for more than that gets BUS_UNAVAILABLE instead of a silent gap.
 */
export default defineBus({
  type: 'memory',
  summary: 'In this process: partitions, offsets and consumer groups as on Kafka, bounded, nothing to install.',
  embedded: true,
  fails: 'Does not outlive the process: a restart reads the source again from the stored position. Producer and processor must be one process.',
  cost: 'No copy of rows where a micro-batch is one batch as it was sent; memory for `capacity` + `keep` rows per partition at most.',
  options: z.strictObject({
    capacity: z.int().min(1).default(8192).describe('Rows per partition that may wait for the slowest group; a sender waits while there are as many.'),
    keep: z.int().min(0).default(65_536).describe('Rows per partition kept after delivery until they are committed, for the next reader of the partition.'),
    partitions: z.int().min(1).max(1024).default(1).describe('Partitions of a topic that is used before it was created with a number of its own.'),
  }),
  async create({ capacity, keep, partitions }): Promise<Bus> {
    const topics = new Map<string, Topic>();
    let closed = false;
    const open = (name: string, count = partitions): Topic => {
      if (closed) throw new SluiceError('BUS_UNAVAILABLE', 'the bus was closed', { place: `topic ${quote(name)}` });
      const topic = topics.get(name) ?? new Topic(name, count, { capacity, keep });
      topics.set(name, topic);
      return topic;
    };
    return {
      async ensureTopic(name, options) {
        open(name, options.partitions);
      },
      async partitions(name) {
        return open(name).partitions.length;
      },
      async producer(name) {
        return open(name).producer();
      },
      async consumer(name, options): Promise<BusConsumer> {
        const topic = open(name);
        const group = topic.groups.get(options.group) ?? new Group(options.group, topic);
        topic.groups.set(options.group, group);
        return group.join(options);
      },
      async close() {
        closed = true;
        for (const topic of topics.values()) topic.close();
      },
    };
  },
});
