import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { fetchJars } from './kafka-jars.ts';
import { onPath } from './programs.ts';
import { freePort, type Server, ServerProcess, serverFolder } from './server-process.ts';

export interface KafkaOptions {
  /** The largest message that the broker takes, in bytes. */
  readonly messageMaxBytes?: number;
}

export interface KafkaServer extends Server {
  readonly brokers: string[];
}

const logging = `<Configuration status="error"><Appenders><Console name="A"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
<Loggers><Root level="warn"><AppenderRef ref="A"/></Root></Loggers></Configuration>
`;

/** Starts a Kafka of one's own, one node of KRaft, in a temporary folder. */
export async function startKafkaServer(options: KafkaOptions = {}): Promise<KafkaServer> {
  const jars = await fetchJars(onPath('mvn') ?? 'mvn');
  const folder = await serverFolder('kafka');
  const port = await freePort();
  const controller = await freePort();
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 2,
    'num.io.threads': 4,
    ...(options.messageMaxBytes === undefined ? {} : { 'message.max.bytes': options.messageMaxBytes }),
  };
  const file = join(folder, 'server.properties');
  await writeFile(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  await writeFile(join(folder, 'log4j2.xml'), logging);
  const java = ['java', `-Dlog4j2.configurationFile=${join(folder, 'log4j2.xml')}`, '-cp', `${jars}/*`];
  const cluster = `A${randomBytes(16).toString('base64url').slice(1)}`;
  await promisify(execFile)(java[0], [...java.slice(1), 'kafka.tools.StorageTool', 'format', '-t', cluster, '-c', file]);
  const brokers = [`127.0.0.1:${port}`];
  const command = [java[0], '-Xms256m', '-Xmx512m', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', ...java.slice(1), 'kafka.Kafka', file];
  const server = new ServerProcess(command, folder, () => answers(brokers));
  await server.start();
  return Object.assign(server, { brokers });
}

/** A connection is accepted before the broker is of use; it is when it names itself in its metadata. */
async function answers(brokers: string[]): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 1000, requestTimeout: 2000, retry: { retries: 0 } }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0) throw new Error('no broker is registered');
  } finally {
    await admin.disconnect();
  }
}
