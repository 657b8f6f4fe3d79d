import { Kafka, logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedInflux, sharedKafka } from './servers.ts';

describeWithStack('the servers that tests share', { kafka: 'shared', influx: 'shared' }, () => {
  it('hand over what was sent to Kafka', async () => {
    const { brokers, freshName } = await sharedKafka();
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    const topic = freshName('topic');
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'a' }, { value: 'b' }] });
    expect((await admin.fetchTopicOffsets(topic))[0].high).toBe('2');
    await Promise.all([producer.disconnect(), admin.disconnect()]);
  });

  it('keep the buckets of tests apart', async () => {
    const influx = await sharedInflux();
    const [mine, other] = await Promise.all([influx.freshBucket(), influx.freshBucket()]);
    const write = async (bucket: string, token: string): Promise<number> => {
      const response = await fetch(`${influx.url}/api/v2/write?org=${influx.org}&bucket=${bucket}`, {
        method: 'POST',
        headers: { Authorization: `Token ${token}` },
        body: 'm f=1 1',
      });
      return response.status;
    };
    expect(await write(mine.bucket, mine.token)).toBe(204);
    expect(await write(mine.bucket, mine.readToken)).toBe(403);
    expect(await write(other.bucket, mine.token)).toBe(403);
  });
});
