import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { connectionOptions } from '../connectors/kafka/client.ts';
import { type KeyedMessage, KeyedSender } from '../connectors/kafka/keyed-sender.ts';
import { Outage } from '../connectors/kafka/outage.ts';
import { quote, SluiceError } from '../core/errors.ts';
import { makeRandom } from '../core/random.ts';
import { type ItemMessages, Items } from '../producer/simulator/items.ts';
import { readItemId, readItemSettings } from '../producer/simulator/settings.ts';
import { startSimulatorService } from '../serve/simulator-service.ts';
import { tokenFor } from '../serve/token.ts';
import type { SimulateServiceOptions } from './commands/simulate.ts';
import { openDisplay } from './display.ts';
import { environment } from './environment.ts';
import { interruption } from './signals.ts';

const defaultPort = 8090;
const names = { host: '--host', port: '--port', setPort: '--port ' };
/** The display moves on so often where nothing is sent, ms. */
const idle = 1000;

const count = (n: number): string => n.toLocaleString('en-US');

/** `sluice simulate service`: items commanded over HTTP, their messages on Kafka. */
export async function simulateService(options: SimulateServiceOptions): Promise<void> {
  const signal = interruption();
  const variables = await environment();
  const { host = '127.0.0.1', topic, brokers = variables.KAFKA_BROKERS ?? '127.0.0.1:9092' } = options;
  const token = tokenFor(host, '--host', variables);
  const items = new Items(makeRandom(whole('--seed', options.seed ?? '0', 0, 2 ** 32 - 1), 'simulator'));
  for (const { id, settings } of (options.item ?? []).map(readItem)) await items.start(id, settings);
  const port = options.port === undefined ? undefined : whole('--port', options.port, 0, 65_535);
  const partitions = whole('--partitions', options.partitions ?? '1', 1, 10_000);
  const connection = connectionOptions.parse({ brokers });

  const { progress, log, people } = await openDisplay(options);
  let away: string | undefined = `${brokers}: connecting`;
  const outage = new Outage({
    signal,
    warn: () => undefined,
    unavailable(reason) {
      if (away === reason) return;
      away = reason;
      log.warn(reason === undefined ? 'kafka: back again' : `kafka: ${reason}; the items stand still until it is back`);
      show();
    },
  });
  const sender = new KeyedSender({ connection, topic, partitions, outage });
  const runtime = { metrics: metricsOf(items, () => away === undefined), startedAt: new Date(), notReady: () => away && `kafka: ${away}` };
  let server: { url: string; port: number; close(): Promise<void> } | undefined;
  const show = (): void => {
    const { items: running, sent, missed } = items.totals;
    const doing = `${count(running)} ${running === 1 ? 'item' : 'items'}${missed === 0 ? '' : `, ${count(missed)} missed`}`;
    progress.update({ read: sent, stage: away === undefined ? doing : `${doing}, kafka: ${away}` });
  };
  try {
    server = await startSimulatorService({ control: items, runtime, token, log, host, port: port ?? defaultPort, exact: port !== undefined, names });
    people.line(`service  ${server.url}${port === undefined && server.port !== defaultPort ? `  (port ${defaultPort} is taken)` : ''}`);
    people.line(`topic    ${topic} at ${connection.brokers.join(', ')}`);
    people.line(items.totals.items === 0 ? `items    none yet; start one: ${startLine(server.url, token !== undefined)}` : `items    ${items.totals.items}`);
    await sender.open(signal);
    away = undefined;
    for await (const due of items.run({ signal, idle, warn: (message) => log.warn(message) })) {
      await sender.send(messagesOf(due), signal);
      show();
    }
  } catch (error) {
    // Told to end while the cluster is away: nobody waits for what it did not take.
    if (!signal.aborted || error !== signal.reason) throw error;
    log.warn(`kafka: ${away ?? 'no answer'}; ended without its acknowledgment of the last messages`);
  } finally {
    await server?.close();
    await sender.close();
    progress.stop();
  }
  const { sent, missed } = items.totals;
  people.line(`stopped: ${count(sent)} messages sent to ${topic}, ${count(missed)} missed`);
}

/** By time, as they would have come one by one. */
function messagesOf(due: readonly ItemMessages[]): KeyedMessage[] {
  const messages = due.flatMap(({ id, times, values }) =>
    times.map((time, i) => ({ key: id, time, value: JSON.stringify({ source_id: id, value: values[i], timestamp: new Date(time).toISOString() }) })),
  );
  return messages.sort((a, b) => a.time - b.time);
}

/** `id,mean,variance,rate` @throws USAGE */
function readItem(text: string): { id: string; settings: ReturnType<typeof readItemSettings> } {
  const [id, ...numbers] = text.split(',').map((part) => part.trim());
  const fix = 'Write --item id,mean,variance,rate, e.g. --item pump-1,10,4,5.';
  const [mean, variance, rate] = numbers.map((part) => (part === '' ? Number.NaN : Number(part)));
  if (numbers.length !== 3 || [mean, variance, rate].some(Number.isNaN)) throw new SluiceError('USAGE', `${quote(text)} is no item`, { place: '--item', fix });
  try {
    return { id: readItemId(id), settings: readItemSettings({ mean, variance, rate }) };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    throw new SluiceError('USAGE', error.what, { place: `--item ${text}`, fix, cause: error });
  }
}

function whole(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new SluiceError('USAGE', `${option} ${quote(text)} is no whole number of ${count(least)} to ${count(most)}`, {
    fix: 'See sluice simulate service --help.',
  });
}

function startLine(url: string, token: boolean): string {
  const shown = token ? ' -H "Authorization: Bearer $SLUICE_TOKEN"' : '';
  return `curl -X POST ${url}/items/pump-1${shown} -H 'Content-Type: application/json' -d '{"mean": 10, "variance": 4, "rate": 5}'`;
}

/** docs/simulator.md lists them. */
function metricsOf(items: Items, isUp: () => boolean): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  gauge('sluice_simulator_items', 'Items that are running.', () => items.totals.items);
  gauge('sluice_simulator_rate', 'Messages a second of all items together, as they are set.', () => items.totals.rate);
  counter('sluice_simulator_messages_total', 'Messages that were sent.', () => items.totals.sent);
  counter('sluice_simulator_missed_total', 'Messages that were due while Kafka or the processor was away for long.', () => items.totals.missed);
  gauge('sluice_ready', 'What /readyz says: 1 when Kafka takes messages, 0 when it is waited for.', () => (isUp() ? 1 : 0));
  collectDefaultMetrics({ register: registry });
  return registry;
}
