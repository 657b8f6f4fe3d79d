import { expect, it } from 'vitest';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { openManifestLog } from '../../connectors/kafka/manifest-log.ts';
import { type Sluice, settings } from '../command-line.ts';
import { openReceiver, type Receiver } from '../notices/receiver.ts';
import { plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';
import { stackPlace, type Target } from './stack-place.ts';

const lines = plantLines(3000, {
  attacks: [
    { from: 1700, to: 1760, tag: 'LIT101', value: 1200 },
    { from: 2200, to: 2280, tag: 'FIT101', value: 4.5 },
  ],
});
const files = { 'plant.csv': plantText(lines), 'plant.yaml': plantPipeline };
const keysOf = ({ received }: Receiver): string[] => received.map(({ body }) => body.key);
/** Each where it came first. */
const inOrder = (keys: readonly string[]): string[] => [...new Set(keys)];

describeWithStack('messages of incidents over Kafka and InfluxDB', { kafka: 'shared', influx: 'shared' }, () => {
  it('go with the partition: none is missing, and one that comes again has the same key', async () => {
    const place = await stackPlace(files);
    const target = async (group: string): Promise<Target> => ({ group, bucket: await place.bucket() });
    const to = (receiver: Receiver): string[] =>
      settings({ outputs: `[{webhook: {url: '${receiver.url}'}}]`, 'bus.sessionTimeout': '1500ms', 'batch.rows': 50 });
    const expected = await openReceiver();
    const undisturbed = await target('alone');
    await place.produce('plant.yaml', undisturbed);
    await place.process('plant.yaml', undisturbed, ...to(expected));
    const keys = keysOf(expected);
    expect(keys.length).toBeGreaterThan(4);
    expect(new Set(keys).size).toBe(keys.length);

    // The receiver is away while the first processor has the partition; then one dies when its third message arrives.
    const receiver = await openReceiver();
    receiver.answer = (_, response) => response.writeHead(503).end();
    const moved = await target('moved');
    await place.process('plant.yaml', moved, ...to(receiver));
    expect(inOrder(keysOf(receiver))).toEqual(keys.slice(0, 1));
    receiver.received.length = 0;
    const second: Sluice = place.startProcess('plant.yaml', moved, ...to(receiver));
    receiver.answer = (_, response) => {
      if (receiver.received.length === 3) second.kill('SIGKILL');
      response.end();
    };
    expect((await second.ended).signal).toBe('SIGKILL');
    await place.process('plant.yaml', moved, ...to(receiver));
    expect(inOrder(keysOf(receiver))).toEqual(keys);
    const again = keysOf(receiver).length - keys.length;
    console.log(`${keys.length} messages, ${again} came again after the kill`);
    expect(again).toBeGreaterThan(0);

    // One that is fenced off stops, takes the partition again and goes on.
    const other = await openReceiver();
    const disturbed = await target('fenced');
    const { brokers } = await sharedKafka();
    const log = await openManifestLog(makeClient(connectionOptions.parse({ brokers })), place.topic, disturbed.group, { create: true });
    let cut: Promise<void> | undefined;
    other.answer = (_, response) => {
      cut ??= log.take(`${disturbed.group}/${place.topic}/0`).then((keeper) => keeper.close());
      response.end();
    };
    await place.process('plant.yaml', disturbed, ...to(other));
    await cut;
    await log.close();
    expect(inOrder(keysOf(other))).toEqual(keys);
  });
});
