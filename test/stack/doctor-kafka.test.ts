import { createServer } from 'node:net';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../core/finding.ts';
import { examined, plantFolder } from '../doctor-report.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { freePort } from './server-process.ts';
import { type SecureKafkaServer, sharedKafka, startKafka } from './servers.ts';

const folder = plantFolder();

describeWithStack('sluice doctor with Kafka', { kafka: 'shared' }, () => {
  let brokers: string[];
  let admin: Admin;
  beforeAll(async () => {
    brokers = (await sharedKafka()).brokers;
    admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(() => admin?.disconnect());

  const bus = (more: object = {}) => ({ type: 'kafka', brokers, ...more });
  const made = async (settings: Record<string, string> = {}, { topic = freshName('doctor'), partitions = 1 } = {}): Promise<string> => {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, configEntries }] });
    return topic;
  };
  const sent = async (topic: string, messages: { value: string; timestamp?: string }[]): Promise<void> => {
    const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
  };

  it('all is well: topics that are not there yet will be made', async () => {
    const topic = freshName('doctor');
    const { of, ok } = await examined(folder, { bus: bus({ partitions: 3 }), topic });
    expect(ok).toBe(true);
    expect(of('bus kafka').map((line) => line.replace(/ in \d+ ms$/, ''))).toEqual([
      ...brokers.map((address) => expect.stringMatching(`^ok broker ${address}: Kafka \\d+\\.\\d+, answers$`)),
      'ok login: none is asked for',
      expect.stringMatching(/^ok cluster: (one broker|\d+ brokers): /),
      `ok topic ${topic}: does not exist yet; it will be made with 3 partitions`,
      `ok topic ${topic}.announcements: does not exist yet; it will be made with 1 partition, cleanup.policy=compact`,
      `ok topic ${topic}.sluice.state: does not exist yet; it will be made with 1 partition, cleanup.policy=compact`,
      'ok group sluice: nobody processes now; it has processed nothing yet',
    ]);
    const { topics } = await admin.fetchTopicMetadata();
    expect(topics.filter(({ name }) => name.startsWith(topic))).toEqual([]);
  });

  it('all is well: topics that are there', async () => {
    const topic = await made({}, { partitions: 2 });
    const group = freshName('group');
    await made({ 'cleanup.policy': 'compact' }, { topic: `${topic}.announcements` });
    await made({ 'cleanup.policy': 'compact' }, { topic: `${topic}.${group}.state` });
    await sent(
      topic,
      Array.from({ length: 10 }, () => ({ value: '{}' })),
    );
    await admin.setOffsets({ groupId: group, topic, partitions: [0, 1].map((partition) => ({ partition, offset: '0' })) });
    const { of } = await examined(folder, { bus: bus({ group, partitions: 2 }), topic });
    expect(of('bus kafka').slice(-8)).toEqual([
      `ok topic ${topic}: 2 partitions, one copy of each`,
      `ok messages ${topic}: 10 messages`,
      `ok retention ${topic}: rows are kept for 7 d`,
      `ok message size ${topic}: up to 1 MB`,
      `ok topic ${topic}.announcements: schemas and sources, compacted`,
      `ok topic ${topic}.${group}.state: positions and models, compacted`,
      `ok rights ${topic}: may read and write what is there`,
      `ok group ${group}: nobody processes now; 10 messages behind`,
    ]);
  });

  it('no broker answers, or one of several', async () => {
    const away = `127.0.0.1:${await freePort()}`;
    const { of, find } = await examined(folder, { bus: { type: 'kafka', brokers: [away, 'nobody.invalid:9092', 'nonsense'] } });
    expect(find(`broker ${away}`)).toMatchObject({
      status: 'failed',
      found: 'refuses connections: nothing listens there',
      fix: expect.stringMatching(/^Start Kafka there/),
    });
    expect(find('broker nobody.invalid:9092')).toMatchObject({ status: 'failed', found: expect.stringMatching(/^is a name that/) });
    expect(find('broker nonsense')).toMatchObject({ status: 'failed', found: 'is no host:port' });
    expect(of('bus').slice(3)).toEqual(['login', 'cluster', 'topic plant', 'group sluice'].map((check) => `not checked ${check}: no broker answers`));
    const one = await examined(folder, { bus: { type: 'kafka', brokers: [away, ...brokers] }, topic: freshName('doctor') });
    expect(one.ok).toBe(true);
    expect(one.find(`broker ${away}`).status).toBe('warning');
  });

  it('something else listens there', async () => {
    const [silent, closing, talking] = await Promise.all(
      [() => {}, (end: () => void) => end(), (_: () => void, write: (text: string) => void) => write('HTTP/1.1 400 Bad Request\r\n\r\n')].map(
        (answer) =>
          new Promise<{ address: string; close(): void }>((done) => {
            const server = createServer((socket) => {
              socket.on('error', () => {});
              socket.once('data', () =>
                answer(
                  () => socket.destroy(),
                  (text) => socket.write(text),
                ),
              );
            });
            server.listen(0, '127.0.0.1', () => done({ address: `127.0.0.1:${(server.address() as { port: number }).port}`, close: () => server.close() }));
          }),
      ),
    );
    const { find } = await examined(folder, { bus: { type: 'kafka', brokers: [silent.address, closing.address, talking.address] } });
    for (const { close } of [silent, closing, talking]) close();
    expect(find(`broker ${silent.address}`).found).toBe('takes connections, but does not answer within 3 s');
    expect(find(`broker ${closing.address}`).found).toMatch(/^takes connections, but closes them|^breaks off/);
    expect(find(`broker ${talking.address}`).found).toBe('answers, but not as Kafka does');
  });

  it('a topic is missing and may not be made', async () => {
    const topic = freshName('doctor');
    const { find } = await examined(folder, { bus: bus({ createTopics: false, partitions: 4 }), topic });
    expect(find(`topic ${topic}`)).toEqual({
      check: `topic ${topic}`,
      status: 'failed',
      found: 'it does not exist, and bus.createTopics is false',
      fix: 'Create it with 4 partitions, or set bus.createTopics to true.',
    });
    expect(find(`topic ${topic}.sluice.state`).fix).toBe('Create it with 1 partition, cleanup.policy=compact, or set bus.createTopics to true.');
  });

  it('topics that are not as they have to be', async () => {
    const topic = await made({ 'retention.ms': '3600000', 'max.message.bytes': '100000' });
    await made({}, { topic: `${topic}.announcements` });
    await made({ 'cleanup.policy': 'compact', 'max.message.bytes': '100000' }, { topic: `${topic}.sluice.state` });
    const { find } = await examined(folder, { bus: bus({ partitions: 3 }), topic });
    expect(find(`topic ${topic}`)).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('1 partition, one copy of each, bus.partitions says 3: no more than 1 processors'),
    });
    expect(find(`retention ${topic}`)).toMatchObject({ status: 'warning', found: 'rows are kept for 1 h: a processor that is away for longer loses rows' });
    expect(find(`message size ${topic}`)).toMatchObject({ status: 'warning', found: 'up to 98 KB, 1 MB may be needed' });
    expect(find(`topic ${topic}.announcements`)).toMatchObject({
      status: 'failed',
      found: 'schemas and sources: cleanup.policy is delete, so they are deleted with time',
    });
    expect(find(`topic ${topic}.sluice.state`)).toMatchObject({ status: 'failed', found: 'positions and models: up to 98 KB, 528 KB may be needed' });
    const compacted = await made({ 'cleanup.policy': 'compact' });
    expect((await examined(folder, { bus: bus(), topic: compacted })).find(`retention ${compacted}`)).toMatchObject({
      status: 'failed',
      fix: 'Set cleanup.policy to delete.',
    });
  });

  it('rows that were deleted before they were processed, and a clock that is ahead', async () => {
    const topic = await made();
    const group = freshName('group');
    await sent(topic, [...Array.from({ length: 9 }, () => ({ value: '{}' })), { value: '{}', timestamp: String(Date.now() + 600_000) }]);
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '2' }] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
    const { find } = await examined(folder, { bus: bus({ group }), topic });
    expect(find(`group ${group}`)).toMatchObject({
      status: 'failed',
      found: 'nobody processes now; 5 messages behind; 3 messages were deleted before they were processed',
    });
    expect(find(`messages ${topic}`)).toMatchObject({ status: 'warning', found: expect.stringMatching(/^5 messages, some stamped later than now/) });
  });
});

describeWithStack('sluice doctor with a Kafka that asks who is there', { kafka: 'own' }, () => {
  let server: SecureKafkaServer;
  beforeAll(async () => {
    const settings = { 'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users': 'User:ANONYMOUS' };
    server = await startKafka({ sasl: true, settings });
  });
  afterAll(() => server?.close());

  const sasl = (more: object = {}) => ({ mechanism: 'scram-sha-512', username: server.auth.username, password: server.auth.password, ...more });
  const login = async (more: object): Promise<Finding> =>
    (await examined(folder, { bus: { type: 'kafka', brokers: server.auth.saslBrokers, ...more } })).find('login');

  it('the login', async () => {
    expect(await login({ sasl: sasl() })).toMatchObject({ status: 'ok', found: `${server.auth.username} by scram-sha-512` });
    for (const mechanism of server.auth.mechanisms) {
      const wrong = await login({ sasl: sasl({ mechanism, password: 'hunter2' }) });
      expect(wrong).toMatchObject({
        status: 'failed',
        found: expect.stringMatching(/^the cluster refuses the user or the password: /),
        fix: 'Correct bus.sasl.username and bus.sasl.password.',
      });
      expect(JSON.stringify(wrong)).not.toContain('hunter2');
    }
    expect(await login({})).toMatchObject({
      status: 'failed',
      found: expect.stringMatching(/^the broker asks for one \((?=.*PLAIN)(?=.*SCRAM-SHA-256)(?=.*SCRAM-SHA-512).*\), bus\.sasl is not set$/),
    });
    expect(await login({ brokers: server.brokers, sasl: sasl() })).toMatchObject({ status: 'failed', found: 'this listener asks for none, bus.sasl is set' });
  });

  it('the encryption', async () => {
    const broker = async (address: string, more: object): Promise<Finding> =>
      (await examined(folder, { bus: { type: 'kafka', brokers: [address], ...more } })).find(`broker ${address}`);
    const [tls] = server.auth.tlsBrokers;
    const [plain] = server.brokers;
    expect((await broker(tls, { tls: { ca: server.auth.caFile } })).found).toMatch(/^Kafka \d/);
    expect(await broker(tls, { tls: true })).toMatchObject({
      status: 'failed',
      found: 'its certificate is not accepted: self-signed certificate',
      fix: expect.stringContaining('bus.tls: { ca: ca.pem }'),
    });
    expect(await broker(tls, { tls: { ca: server.auth.caFile, serverName: 'kafka.example.com' } })).toMatchObject({
      status: 'failed',
      fix: expect.stringContaining('bus.tls.serverName'),
    });
    expect(await broker(tls, {})).toMatchObject({
      status: 'failed',
      found: 'speaks TLS',
      fix: 'Set bus.tls: true, or use the port of a listener without TLS.',
    });
    expect(await broker(plain, { tls: true })).toMatchObject({
      status: 'failed',
      found: 'does not speak TLS',
      fix: 'Set bus.tls: false, or use the port of a listener with TLS.',
    });
    expect(await broker(tls, { tls: { ca: 'none.pem' } })).toMatchObject({
      status: 'failed',
      found: expect.stringContaining("cannot read the file 'none.pem'"),
      fix: 'Name a readable PEM file.',
    });
    const both = await examined(folder, { bus: { type: 'kafka', brokers: server.auth.saslTlsBrokers, tls: { ca: server.auth.caFile }, sasl: sasl() } });
    expect(both.find('login').status).toBe('ok');
  });

  it('the rights', async () => {
    const admin = new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topic = freshName('doctor');
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic }] });
    // By the numbers of the protocol: a topic (2), this very name (3), READ (3) and DESCRIBE (8), allowed (3).
    const acl = (operation: number) => ({
      resourceType: 2,
      resourceName: topic,
      resourcePatternType: 3,
      principal: `User:${server.auth.username}`,
      host: '*',
      operation,
      permissionType: 3,
    });
    const bus = { type: 'kafka', brokers: server.auth.saslBrokers, sasl: sasl() };
    try {
      const none = await examined(folder, { bus, topic });
      expect(none.find(`topic ${topic}`)).toMatchObject({
        status: 'failed',
        found: 'the user may not see it',
        fix: expect.stringContaining(`on topic ${topic}`),
      });
      expect(none.find('group sluice')).toMatchObject({
        status: 'failed',
        found: expect.stringMatching(/^the user may not use it/),
        fix: 'Allow READ on group sluice to the user of bus.sasl.',
      });
      await admin.createAcls({ acl: [acl(3), acl(8)] });
      const reads = await examined(folder, { bus, topic });
      expect(reads.find(`topic ${topic}`).status).toBe('ok');
      expect(reads.find(`rights ${topic}`)).toMatchObject({ status: 'failed', found: `the user lacks WRITE on ${topic}` });
      expect(reads.find(`retention ${topic}`)).toMatchObject({ status: 'not checked', found: 'the user may not see its settings (DESCRIBE_CONFIGS)' });
      await admin.createAcls({ acl: [acl(4), acl(10)] });
      const writes = await examined(folder, { bus, topic });
      expect([writes.find(`rights ${topic}`).status, writes.find(`retention ${topic}`).status]).toEqual(['ok', 'ok']);
    } finally {
      await admin.disconnect();
    }
  });
});
