import type { Kafka } from 'kafkajs';
import type { SluiceError } from '../../core/errors.ts';
import { type DiagnoseContext, type Finding, failed, notChecked, ok, warning } from '../../core/finding.ts';
import { busError, type ConnectionOptions, clusterOf, makeClient } from './client.ts';
import { groupFinding, topicFindings } from './diagnose-topics.ts';
import { type Answered, ProbeError, probeBroker, type Unanswered } from './probe.ts';
import { type ClusterDetails, describeTopics } from './topic-details.ts';
import { announcementsTopic, deadTopic, stateTopic } from './topics.ts';

export interface DiagnosedOptions extends ConnectionOptions {
  readonly partitions: number;
  readonly createTopics: boolean;
  readonly maxMessageBytes: number;
}

/** A check is to take seconds, whatever patience the pipeline has. */
const connectWithin = 3000;
const answerWithin = 5000;
const retries = 2;

/** What `sluice doctor` finds of a cluster and of a pipeline's topics on it. Creates and changes nothing. */
export async function* diagnoseKafka(options: DiagnosedOptions, context: DiagnoseContext): AsyncGenerator<Finding> {
  const within = Math.min(connectWithin, options.connectTimeout);
  const probes = await probeAll(options.brokers, options, within, context.signal);
  const answered = probes.flatMap(({ answer }) => answer ?? []);
  yield* probes.map(({ address, answer, error }) =>
    answer ? ok(`broker ${address}`, answerText(answer)) : unanswered(address, error as Error, answered.length > 0),
  );
  const rest = ['login', 'cluster', ...context.topics.map((topic) => `topic ${topic}`), `group ${context.group}`];
  if (answered.length === 0) return yield* rest.map((check) => notChecked(check, 'no broker answers'));
  const wrongLogin = loginMistake(options.sasl, answered[0].mechanisms);
  if (wrongLogin) yield* [wrongLogin, ...rest.slice(1).map((check) => notChecked(check, 'not logged in'))];
  else yield* diagnoseCluster(makeClient({ ...options, connectTimeout: within, requestTimeout: answerWithin }, undefined, retries), options, context, rest);
}

interface Probe {
  readonly address: string;
  readonly answer?: Answered;
  readonly error?: Error;
}

function probeAll(addresses: readonly string[], { tls }: ConnectionOptions, within: number, signal: AbortSignal): Promise<Probe[]> {
  return Promise.all(
    addresses.map((address) =>
      probeBroker(address, tls, within, signal).then(
        (answer) => ({ address, answer }),
        (error: Error) => ({ address, error }),
      ),
    ),
  );
}

const answerText = ({ release, took }: Answered): string => `${release}, answers in ${Math.max(1, Math.round(took))} ms`;

const remedies: Readonly<Record<Unanswered, string>> = {
  address: 'Write bus.brokers as host:port, e.g. 127.0.0.1:9092.',
  'unknown-name': 'Correct the name in bus.brokers (KAFKA_BROKERS).',
  refused: 'Start Kafka there, or correct bus.brokers (KAFKA_BROKERS).',
  silent: 'See that it is Kafka and runs, that no firewall is between, and that bus.brokers (KAFKA_BROKERS) is right.',
  unreachable: 'See that there is a way there, and that bus.brokers (KAFKA_BROKERS) is right.',
  'wants-tls': 'Set bus.tls: true, or use the port of a listener without TLS.',
  'speaks-no-tls': 'Set bus.tls: false, or use the port of a listener with TLS.',
  untrusted: 'Name the file with the certificate that signed it: bus.tls: { ca: ca.pem }.',
  'other-name': 'Use the name of the certificate in bus.brokers, or set bus.tls.serverName.',
  expired: 'Renew the certificate of the broker, and see that the clocks are right.',
  'wants-certificate': 'Name a client certificate and its key: bus.tls: { cert: client.pem, key: client.key }.',
  tls: 'See the log of the broker for the TLS versions and ciphers that it takes.',
  'no-kafka': 'Correct bus.brokers (KAFKA_BROKERS): something else listens there.',
};

/** One of several that is away is a loss that the client can bear. */
function unanswered(address: string, error: Error, othersAnswer: boolean): Finding {
  const check = `broker ${address}`;
  if (!(error instanceof ProbeError)) return failed(check, error.message, (error as SluiceError).fix ?? remedies['no-kafka']);
  const certificate = error.kind === 'untrusted' || error.kind === 'other-name' || error.kind === 'expired';
  const found = certificate ? `its certificate is not accepted: ${error.message}` : error.message;
  return (othersAnswer ? warning : failed)(check, found, remedies[error.kind]);
}

function loginMistake(sasl: ConnectionOptions['sasl'], mechanisms: readonly string[]): Finding | undefined {
  const offered = mechanisms.join(', ');
  if (!sasl && mechanisms.length > 0) {
    return failed('login', `the broker asks for one (${offered}), bus.sasl is not set`, 'Set bus.sasl: { mechanism, username, password }.');
  }
  if (!sasl) return undefined;
  if (mechanisms.length === 0) {
    return failed('login', 'this listener asks for none, bus.sasl is set', 'Leave bus.sasl out, or use the port of the listener that asks for a login.');
  }
  if (!mechanisms.includes(sasl.mechanism.toUpperCase())) {
    return failed('login', `bus.sasl.mechanism is ${sasl.mechanism}, the broker offers ${offered}`, 'Choose one that it offers.');
  }
  return undefined;
}

async function* diagnoseCluster(kafka: Kafka, options: DiagnosedOptions, context: DiagnoseContext, rest: readonly string[]): AsyncGenerator<Finding> {
  const cluster = clusterOf(kafka);
  const admin = kafka.admin();
  try {
    try {
      await Promise.all([cluster.connect(), admin.connect()]);
    } catch (error) {
      const { code, what } = busError(error, '');
      const denied = code === 'BUS_DENIED';
      yield failed('login', what, denied ? 'Correct bus.sasl.username and bus.sasl.password.' : 'See the log of the broker.');
      return yield* rest.slice(1).map((check) => notChecked(check, 'not logged in'));
    }
    yield ok('login', options.sasl ? `${options.sasl.username} by ${options.sasl.mechanism}` : 'none is asked for');
    const topics = context.topics.flatMap((topic) => [topic, announcementsTopic(topic), stateTopic(topic, context.group), deadTopic(topic)]);
    let details: ClusterDetails;
    try {
      details = await describeTopics(cluster, topics);
    } catch (error) {
      yield failed('cluster', busError(error, '').what, 'See the log of the brokers.');
      return yield* rest.slice(2).map((check) => notChecked(check, 'the cluster does not tell'));
    }
    const whole = await clusterFinding(details, options, context.signal);
    yield whole;
    if (whole.status === 'failed') return yield* rest.slice(2).map((check) => notChecked(check, 'its brokers cannot be reached'));
    yield* await topicFindings(admin, details, options, context);
    yield await groupFinding(admin, cluster, context, details);
  } finally {
    await Promise.allSettled([admin.disconnect(), cluster.disconnect()]);
  }
}

/** Clients go on to the addresses that the cluster names; in containers these are often names that only containers know. */
async function clusterFinding({ brokers }: ClusterDetails, options: DiagnosedOptions, signal: AbortSignal): Promise<Finding> {
  const named = brokers.filter((address) => !options.brokers.includes(address));
  const away = (await probeAll(named, options, connectWithin, signal)).filter(({ answer }) => !answer);
  const found = `${brokers.length === 1 ? 'one broker' : `${brokers.length} brokers`}: ${brokers.join(', ')}`;
  if (away.length === 0) return ok('cluster', found);
  const [{ address, error }] = away;
  const what = `${found}; of these ${away.map((each) => each.address).join(', ')} cannot be used from here: ${address} ${(error as Error).message}`;
  const fix = 'Correct advertised.listeners of the broker: every client must be able to reach what it names.';
  return (away.length === brokers.length ? failed : warning)('cluster', what, fix);
}
