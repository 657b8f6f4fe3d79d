import { it } from 'vitest';
import { manifestLogConformance } from '../../connectors/conformance/manifest-log.ts';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { openManifestLog } from '../../connectors/kafka/manifest-log.ts';
import type { ManifestLog } from '../../core/manifest.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';

describeWithStack('manifests on Kafka', { kafka: 'shared' }, () => {
  const checks = manifestLogConformance(async () => {
    const { brokers, freshName } = await sharedKafka();
    const topic = freshName('plant');
    const opened: ManifestLog[] = [];
    return {
      async open() {
        const log = await openManifestLog(makeClient(connectionOptions.parse({ brokers })), topic, 'group', { create: true });
        opened.push(log);
        return log;
      },
      key: (partition) => `group/${topic}/${partition}`,
      close: async () => void (await Promise.all(opened.map((log) => log.close()))),
    };
  });
  for (const { name, run } of checks) it(name, run, 60_000);
});
