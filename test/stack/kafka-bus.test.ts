import { it } from 'vitest';
import { busConformance } from '../../connectors/conformance/bus.ts';
import kafka from '../../connectors/kafka/bus.ts';
import type { Bus } from '../../core/bus.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';

/** A bus of its own on a cluster that others use too: its topics and groups have names of their own. */
function apart(bus: Bus, name: string): Bus {
  const own = (shared: string): string => `${name}-${shared}`;
  return {
    ensureTopic: (topic, options) => bus.ensureTopic(own(topic), options),
    partitions: (topic) => bus.partitions(own(topic)),
    producer: (topic, options) => bus.producer(own(topic), options),
    consumer: (topic, options) => bus.consumer(own(topic), { ...options, group: own(options.group) }),
    close: () => bus.close(),
  };
}

describeWithStack('the kafka bus keeps the contract of a bus', { kafka: 'shared' }, () => {
  for (const { name, run } of busConformance(
    async () => {
      const { brokers, freshName } = await sharedKafka();
      const bus = await kafka.create(kafka.options.parse({ brokers }));
      return { bus: apart(bus, freshName('bus')), handsOverAtOnce: true, close: async () => {} };
    },
    { runs: 5 },
  )) {
    it(name, run);
  }
});
