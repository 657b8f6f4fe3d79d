import { readFileSync } from 'node:fs';
import type { ConnectionOptions as ConnectionTlsOptions } from 'node:tls';
import { type Cluster, Kafka, type KafkaJSError, type LogEntry, logLevel, type PartitionAssigner, type SASLOptions } from 'kafkajs';
import { z } from 'zod';
import type { ServiceContext } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';
import { SluiceError } from '../../core/errors.ts';
import { notKafka, socketOfWholeResponses } from './whole-responses.ts';

/** How to reach a cluster: shared by the bus and the output. */
export const connectionOptions = z.strictObject({
  brokers: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .default('127.0.0.1:9092')
    .transform((brokers) => (typeof brokers === 'string' ? brokers.split(',').map((broker) => broker.trim()) : brokers))
    .describe('Addresses host:port of some brokers, as a list or separated by commas; the cluster tells the others.'),
  tls: z
    .union([
      z.boolean(),
      z.strictObject({
        ca: z.string().optional().describe('File with the certificates that are trusted, PEM. Default: those of the system.'),
        cert: z.string().optional().describe('File with the client certificate, PEM.'),
        key: z.string().optional().describe('File with the key of the client certificate, PEM.'),
        serverName: z.string().optional().describe('Name that the certificate must carry, where it is not the address.'),
      }),
    ])
    .default(false)
    .describe('Encrypt the connection.'),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).describe('How the password is proven; plain needs tls.'),
      username: z.string().min(1).describe('User name.'),
      password: z.string().min(1).describe('Password; best taken from the environment.'),
    })
    .optional()
    .describe('Log in to the cluster.'),
  connectTimeout: duration().prefault('5s').describe('How long a connection may take to open.'),
  requestTimeout: duration().prefault('30s').describe('How long a broker may take to answer.'),
});

export type ConnectionOptions = z.output<typeof connectionOptions>;

/** A client of the cluster; connects when it is first used. @throws CONFIG_INVALID for a certificate file that cannot be read */
export function makeClient(options: ConnectionOptions, context?: Pick<ServiceContext, 'warn'>, retries = 8): Kafka {
  const { brokers, tls, sasl, connectTimeout, requestTimeout } = options;
  const warn = context?.warn ?? (() => {});
  return new Kafka({
    clientId: 'sluice',
    brokers,
    ssl: tlsSettings(tls),
    ...(sasl ? { sasl: sasl as SASLOptions } : {}),
    socketFactory: socketOfWholeResponses,
    connectionTimeout: connectTimeout,
    requestTimeout,
    retry: { retries, initialRetryTime: 100, maxRetryTime: 5000 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry: LogEntry) => {
      if (toldNowhereElse.has(entry.namespace)) warn(`kafka: ${entry.log.message}`);
    },
  });
}

/** What Node's TLS is told; false: no encryption. @throws CONFIG_INVALID for a certificate file that cannot be read */
export function tlsSettings(tls: ConnectionOptions['tls']): boolean | ConnectionTlsOptions {
  if (typeof tls === 'boolean') return tls;
  return {
    ...(tls.ca === undefined ? {} : { ca: [readPem(tls.ca, 'bus.tls.ca')] }),
    ...(tls.cert === undefined ? {} : { cert: readPem(tls.cert, 'bus.tls.cert') }),
    ...(tls.key === undefined ? {} : { key: readPem(tls.key, 'bus.tls.key') }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

/** Whatever else logs tells of each attempt; what comes of the attempts is an error to who asked. */
const toldNowhereElse = new Set(['Consumer', 'ConsumerGroup', 'Runner']);

function readPem(path: string, place: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new SluiceError('CONFIG_INVALID', `cannot read the file '${path}': ${(cause as Error).message}`, { place, fix: 'Name a readable PEM file.', cause });
  }
}

/** What went wrong at the cluster, in our words: BUS_DENIED, BUS_TOPIC, BUS_FENCED or BUS_UNAVAILABLE. */
export function busError(error: unknown, place: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const cause = rootOf(error);
  // A signal's reason need be no Error.
  const { type, message = String(cause), broker = '' } = cause as { type?: string; message?: string; broker?: string };
  const more = { place, cause: error };
  if (type === 'SASL_AUTHENTICATION_FAILED' || (cause as Error).name === 'KafkaJSSASLAuthenticationError') {
    return new SluiceError('BUS_DENIED', `the cluster refuses the user or the password: ${message}`, { ...more, fix: 'See bus.sasl.' });
  }
  if (type?.endsWith('_AUTHORIZATION_FAILED')) return new SluiceError('BUS_DENIED', message, { ...more, fix: 'Give the user of bus.sasl this right.' });
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') {
    return new SluiceError('BUS_TOPIC', 'the topic does not exist', { ...more, fix: 'Create it, or let `sluice produce` do so with bus.createTopics.' });
  }
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') {
    return new SluiceError('BUS_TOPIC', 'the topic takes no messages of this size', { ...more, fix: 'Raise its max.message.bytes to 1 MB or more.' });
  }
  if (type === 'INVALID_PRODUCER_EPOCH' || type === 'PRODUCER_FENCED' || type === 'INVALID_TXN_STATE') {
    return new SluiceError('BUS_FENCED', 'another processor has taken over', more);
  }
  // What kafkajs says of an address that takes connections and leaves it at that.
  const foreign = message === 'Broker not connected' || message.endsWith(notKafka);
  const what = foreign ? notKafka : message.replace(/\.$/, '');
  const where = what.includes(broker) ? '' : ` at ${broker}`;
  return new SluiceError('BUS_UNAVAILABLE', what + where, { ...more, fix: 'See bus.brokers; `sluice doctor` tells what is wrong.' });
}

/** kafkajs wraps what happened in what it tried. */
function rootOf(error: unknown): unknown {
  let at = error;
  for (let depth = 0; isKafkaError(at) && at.cause && depth < 10; depth++) at = at.cause;
  return at;
}

/** By name: the classes of kafkajs cannot be imported by name outside of a bundler. */
function isKafkaError(error: unknown): error is KafkaJSError {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}

/** What a broker called the error that it answered with, such as MESSAGE_TOO_LARGE. */
export function brokerErrorType(error: unknown): string | undefined {
  return (rootOf(error) as { type?: string }).type;
}

/**
 * A client's connections, for requests of our own. kafkajs shows them to whoever assigns partitions to the members of a group; this
 * one never joins a group.
 *
 * @param options.readUncommitted ends of partitions are those of all that was sent; otherwise of what is decided
 */
export function clusterOf(kafka: Kafka, { readUncommitted = false }: { readUncommitted?: boolean } = {}): Cluster {
  const shown: Cluster[] = [];
  const assigner: PartitionAssigner = ({ cluster }) => {
    shown.push(cluster);
    return { name: 'none', version: 0, protocol: () => ({ name: 'none', metadata: Buffer.alloc(0) }), assign: async () => [] };
  };
  kafka.consumer({ groupId: 'none', partitionAssigners: [assigner], allowAutoTopicCreation: false, readUncommitted });
  return shown[0];
}

/** After a failure: to whoever leads what by now. */
export async function reconnect(cluster: Cluster): Promise<void> {
  if (!cluster.isConnected()) await cluster.connect();
  await cluster.refreshMetadata();
}
