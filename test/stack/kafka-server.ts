import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { fetchImage, inContainer } from './container.ts';
import { freshName } from './fresh-name.ts';
import { type KafkaAuth, type Listener, secureListeners } from './kafka-auth.ts';
import { haveJars, kafkaJars, keptClasses, quickJvm } from './kafka-jars.ts';
import { dockerAnswers, java17, onPath } from './programs.ts';
import { freePort, type Server, ServerProcess, serverFolder } from './server-process.ts';

export interface KafkaOptions {
  /** The largest batch of records that the broker takes, in bytes. */
  readonly messageMaxBytes?: number;
  /** Also listeners that ask for a password, that are encrypted, or both. */
  readonly sasl?: boolean;
  /** More settings of the broker, by its own names. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface KafkaAccess {
  /** Plain, and open to everyone. */
  readonly brokers: string[];
  /** A name for a topic or group that nobody else uses. */
  freshName(prefix: string): string;
}

export interface KafkaServer extends KafkaAccess, Server {}

export interface SecureKafkaServer extends KafkaServer {
  readonly auth: KafkaAuth;
}

const image = 'apache/kafka:4.3.0';

const canRunJars = (): boolean => java17() !== undefined && (haveJars() || onPath('mvn') !== undefined);

export const canStartKafka = (): boolean => canRunJars() || dockerAnswers();

/** What to do where it cannot be started. */
export const kafkaRemedy = 'install Java 17+ and Maven, or Docker';

/** Fetches what a start needs and this machine does not have yet. */
export async function prepareKafka(): Promise<void> {
  if (!canStartKafka()) throw new Error(`no Kafka can be started: ${kafkaRemedy}`);
  if (!canRunJars()) return await fetchImage(image);
  await kafkaJars();
  const classes = keptClasses();
  if (existsSync(classes)) return;
  // A broker that comes and goes leaves the classes it loaded: all others start in a third of the time.
  const aside = `${classes}.${process.pid}`;
  const first = await launch({}, aside);
  await first.stop();
  await first.close();
  if (existsSync(aside)) await rename(aside, classes);
}

/** A Kafka of one's own, one node, in a temporary folder, to be stopped, killed and started again. Close it. */
export async function startKafka(options: KafkaOptions & { readonly sasl: true }): Promise<SecureKafkaServer>;
export async function startKafka(options?: KafkaOptions): Promise<KafkaServer>;
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  await prepareKafka();
  return await launch(options);
}

async function launch(options: KafkaOptions, leaveClassesIn?: string): Promise<KafkaServer> {
  const java = canRunJars() ? java17()?.program : undefined;
  const jars = java === undefined ? '/opt/kafka/libs' : await kafkaJars();
  const folder = serverFolder('kafka');
  const container = java === undefined ? basename(folder.path) : undefined;
  const secure = options.sasl ? await secureListeners(folder.path) : undefined;
  const plain: Listener = { name: 'PLAIN', protocol: 'PLAINTEXT', port: await freePort() };
  const listeners = [plain, ...(secure?.listeners ?? [])];
  const settings = {
    ...basicSettings(listeners, await freePort(), container === undefined ? '127.0.0.1' : '0.0.0.0'),
    'log.dirs': join(folder.path, 'data'),
    ...(options.messageMaxBytes === undefined ? {} : { 'message.max.bytes': String(options.messageMaxBytes) }),
    ...secure?.settings,
    ...options.settings,
  };
  const settingsFile = join(folder.path, 'server.properties');
  const loggingFile = join(folder.path, 'log4j2.xml');
  await writeFile(
    settingsFile,
    Object.entries(settings).reduce((text, [key, value]) => `${text}${key}=${value}\n`, ''),
  );
  await writeFile(loggingFile, logging);
  const commandFor = (...args: readonly string[]): string[] => {
    const command = [java ?? 'java', ...(java === undefined ? [] : quickJvm()), `-Dlog4j2.configurationFile=${loggingFile}`, '-cp', `${jars}/*`, ...args];
    if (container === undefined) return command;
    return inContainer({ image, name: container, folder: folder.path, ports: listeners.map(({ port }) => port) }, command);
  };
  const brokers = [addressOf(plain)];
  const jvm = ['-Xms256m', '-Xmx512m', ...(leaveClassesIn === undefined ? [] : [`-XX:ArchiveClassesAtExit=${leaveClassesIn}`])];
  const server = new ServerProcess({ command: commandFor(...jvm, 'kafka.Kafka', settingsFile), folder, container, ready: () => answers(brokers) });
  try {
    const cluster = `A${randomBytes(16).toString('base64url').slice(1)}`;
    const [program, ...args] = commandFor('kafka.tools.StorageTool', 'format', '-t', cluster, '-c', settingsFile, ...(secure?.formatOptions ?? []));
    await promisify(execFile)(program, args);
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }
  return Object.assign(server, { brokers, freshName }, secure && { auth: secure.auth });
}

const addressOf = ({ port }: Listener): string => `127.0.0.1:${port}`;

const logging = `<Configuration status="error">
<Appenders><Console name="A"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
<Loggers><Root level="warn"><AppenderRef ref="A"/></Root></Loggers>
</Configuration>
`;

function basicSettings(listeners: readonly Listener[], controllerPort: number, host: string): Record<string, string> {
  const controller = `127.0.0.1:${controllerPort}`;
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...listeners.map(({ name, port }) => `${name}://${host}:${port}`), `CONTROLLER://${controller}`].join(','),
    'advertised.listeners': listeners.map((listener) => `${listener.name}://${addressOf(listener)}`).join(','),
    'listener.security.protocol.map': [...listeners.map(({ name, protocol }) => `${name}:${protocol}`), 'CONTROLLER:PLAINTEXT'].join(','),
    'inter.broker.listener.name': listeners[0].name,
    'auto.create.topics.enable': 'false',
    // A killed broker may come back only when the controller has given it up.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    'num.network.threads': '2',
    'num.io.threads': '4',
    // One node holds everything, and not in more pieces than a test needs.
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // A group with one member waits for no others.
    'group.initial.rebalance.delay.ms': '0',
    // What is thinned out, or left open by a process that died, is so at once.
    'log.cleaner.backoff.ms': '200',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
    // A member that was killed is missed sooner.
    'group.min.session.timeout.ms': '1000',
  };
}

/** A connection is accepted before the broker is of use; it is when its metadata name it. */
async function answers(brokers: string[]): Promise<void> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, connectionTimeout: 1000, requestTimeout: 2000, retry: { retries: 0 } });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0) throw new Error('no broker is registered');
  } finally {
    await admin.disconnect();
  }
}
