import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { partitionOf } from '../../core/bus.ts';
import type { SimulatedItem } from '../../core/simulator.ts';
import { RemoteItems } from '../../producer/simulator/remote-items.ts';
import { openWorkplace, type Sluice, type Workplace } from '../command-line.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { sharedKafka } from './servers.ts';

interface Answer<T> {
  readonly status: number;
  readonly body: T & { readonly error: { readonly code: string; readonly message: string; readonly place?: string; readonly fix?: string } };
}

async function ask<T = SimulatedItem>(url: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
  const response = await fetch(`${url}${path}`, { method, headers, ...json });
  return { status: response.status, body: (await response.json()) as Answer<T>['body'] };
}

/** A message of the topic. */
interface Message {
  readonly id: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What is in a topic by now and comes later, by item in the order of its partition. */
class Listener {
  readonly strange: unknown[] = [];
  readonly #consumer: Consumer;
  readonly #items = new Map<string, Message[]>();
  #tell = (): void => undefined;

  constructor(kafka: Kafka) {
    this.#consumer = kafka.consumer({ groupId: freshName('listener') });
  }

  async open(topic: string, partitions: number): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic, fromBeginning: true });
    await this.#consumer.run({
      eachMessage: async ({ partition, message }) => {
        const { source_id: id, value, timestamp, ...rest } = JSON.parse(String(message.value));
        const time = Date.parse(timestamp);
        const expected = typeof value === 'number' && timestamp === new Date(time).toISOString() && Object.keys(rest).length === 0;
        if (!expected || String(message.key) !== id || Number(message.timestamp) !== time || partition !== partitionOf(id, partitions))
          this.strange.push(message);
        this.#items.set(id, [...this.of(id), { id, value, time }]);
        this.#tell();
      },
    });
  }

  of(id: string): Message[] {
    return this.#items.get(id) ?? [];
  }

  /** The messages of an item once these are as asked for. */
  when(id: string, wanted: (messages: Message[]) => boolean): Promise<Message[]> {
    return new Promise((done) => {
      this.#tell = () => wanted(this.of(id)) && done(this.of(id));
      this.#tell();
    });
  }

  close(): Promise<void> {
    return this.#consumer.disconnect();
  }
}

const steps = (messages: readonly Message[]): number[] => messages.slice(1).map(({ time }, i) => time - messages[i].time);

describeWithStack('sluice simulate service', { kafka: 'shared' }, () => {
  const partitions = 3;
  const topic = freshName('simulated');
  let place: Workplace;
  let service: Sluice;
  let listener: Listener;
  let url: string;
  const command = <T = SimulatedItem>(method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    ask<T>(url, method, path, body, headers);

  beforeAll(async () => {
    const { brokers } = await sharedKafka();
    place = await openWorkplace();
    const to = ['--brokers', brokers.join(','), '--topic', topic, '--partitions', String(partitions)];
    service = place.start('simulate', 'service', ...to, '--port', '0', '--seed', '5', '--item', 'steady,100,25,100');
    [, url] = await service.printed(/^service {2}(http:\S+)$/m);
    listener = new Listener(makeClient(connectionOptions.parse({ brokers })));
    while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(50);
    await listener.open(topic, partitions);
  });
  afterAll(async () => {
    await listener?.close();
    await place?.close();
  });

  it('sends values of the mean and variance asked for, at the rate asked for', async () => {
    const messages = (await listener.when('steady', (sent) => sent.length >= 400)).slice(0, 400);
    expect(listener.strange).toEqual([]);
    const { missed } = (await command('GET', '/items/steady')).body;
    expect(steps(messages).every((step) => step % 10 === 0)).toBe(true);
    expect((messages[399].time - messages[0].time) / 10).toBeLessThanOrEqual(399 + missed);
    const mean = messages.reduce((sum, { value }) => sum + value, 0) / 400;
    const variance = messages.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / 399;
    // Four standard errors: sqrt(25 / 400) and 25 sqrt(2 / 400).
    expect(Math.abs(mean - 100)).toBeLessThan(4 * 0.25);
    expect(Math.abs(variance - 25)).toBeLessThan(4 * 25 * Math.sqrt(2 / 400));
  });

  it('starts an item, lays anomalies over it in their order, and stops it', async () => {
    expect(await command('POST', '/items/flat', { mean: 50, variance: 0, rate: 100 })).toMatchObject({ status: 201, body: { id: 'flat', rate: 100, sent: 0 } });
    await listener.when('flat', (sent) => sent.length > 0);
    const injected = [
      await command('POST', '/items/flat/anomaly', { deltas: [5, -7.5, 20] }),
      await command('POST', '/items/flat/anomaly', { shape: 'ramp', size: 8, length: 4 }),
      await command('POST', '/items/flat/anomaly', { shape: 'stuck', size: 1, length: 2 }),
    ];
    expect(injected.map(({ status }) => status)).toEqual([202, 202, 202]);
    const isMoved = ({ value }: Message): boolean => value !== 50;
    const disturbed = await listener.when('flat', (sent) => sent.filter(isMoved).length === 9 && !isMoved(sent[sent.length - 1]));
    const moved = disturbed.filter(isMoved).map(({ value }) => value);
    expect(moved.slice(0, 7)).toEqual([55, 42.5, 70, 52, 54, 56, 58]);
    // Held is the value before: the last of the ramp, or 50 when a message came between the commands.
    expect([59, 51]).toContain(moved[7]);
    expect(moved[8]).toBe(moved[7]);
    const { status, body } = await command('DELETE', '/items/flat');
    expect(status).toBe(200);
    expect(body.pending).toBe(0);
    const all = await listener.when('flat', (sent) => sent.length === body.sent);
    expect(all.at(-1)).toEqual({ id: 'flat', value: 50, time: Date.parse(body.last?.timestamp as string) });
    expect((await command('GET', '/items/flat')).status).toBe(404);
  });

  it('takes on another mean and rate from the next message on', async () => {
    await command('POST', '/items/moved', { mean: 0, variance: 0, rate: 50 });
    await listener.when('moved', (sent) => sent.length >= 3);
    expect(await command('PATCH', '/items/moved', { mean: 9, rate: 10 })).toMatchObject({ status: 200, body: { mean: 9, variance: 0, rate: 10 } });
    const sent = await listener.when('moved', (messages) => messages.filter(({ value }) => value === 9).length >= 3);
    const after = sent.filter(({ value }) => value === 9).slice(0, 3);
    expect(sent.findIndex(({ value }) => value === 9)).toBe(sent.filter(({ value }) => value === 0).length);
    expect(steps(after)).toEqual([100, 100]);
    await command('DELETE', '/items/moved');
  });

  it('is commanded from another process as items of its own would be', async () => {
    const remote = new RemoteItems(`${url}/`);
    expect(await remote.start('far', { mean: 3, variance: 0, rate: 20 })).toMatchObject({ id: 'far', mean: 3, pending: 0 });
    expect(await remote.inject('far', { shape: 'step', size: 1, length: 1000 })).toMatchObject({ pending: 1000 });
    expect(await remote.update('far', { variance: 4 })).toMatchObject({ mean: 3, variance: 4, rate: 20 });
    expect((await remote.list()).map(({ id }) => id)).toEqual(['steady', 'far']);
    expect(await remote.get('far')).toMatchObject({ id: 'far', variance: 4 });
    await expect(remote.start('far', { mean: 3, variance: 0, rate: 20 })).rejects.toMatchObject({ code: 'ITEM_EXISTS', place: 'item far' });
    await expect(remote.update('far', { rate: 1000 })).rejects.toMatchObject({ code: 'ITEM_INVALID', place: 'rate' });
    await expect(remote.inject('far', { shape: 'step', size: 1, length: 99_999 })).rejects.toMatchObject({ code: 'ITEM_LIMIT' });
    expect(await remote.stop('far')).toMatchObject({ id: 'far' });
    await expect(remote.stop('far')).rejects.toMatchObject({ code: 'ITEM_UNKNOWN', what: "there is no item 'far'" });
  });

  it('says what is wrong with a command, and how it is written', async () => {
    const settings = { mean: 1, variance: 1, rate: 1 };
    const wrong = await command('POST', '/items/new', { mean: 'high', variance: -1, rate: 101 });
    expect(wrong).toMatchObject({
      status: 400,
      body: { error: { code: 'ITEM_INVALID', place: 'mean, variance, rate', fix: expect.stringContaining('"rate": 5') } },
    });
    expect(wrong.body.error.message).toContain('rate: expected at most 100, got 101');
    const refusals = await Promise.all([
      command('POST', '/items/a b', settings),
      command('PATCH', '/items/steady', {}),
      command('POST', '/items/steady/anomaly', { shape: 'spyke', size: 1, length: 1 }),
      command('POST', '/items/steady/anomaly', { deltas: [1, null] }),
      command('POST', '/items/steady', settings),
      command('GET', '/items/none'),
      command('PATCH', '/items/none', { rate: 5 }),
      command('DELETE', '/items/none'),
      command('POST', '/items/none/anomaly', { deltas: [1] }),
      command('PUT', '/items/steady', settings),
      command('POST', '/items/new', { deltas: 'x'.repeat(70_000) }),
      command('POST', '/items/new', settings, { origin: 'https://elsewhere.example' }),
      command('POST', '/items/new', settings, { 'content-type': 'text/plain' }),
    ]);
    expect(refusals.map(({ status, body: { error } }) => `${status} ${error.code}`)).toEqual([
      '400 ITEM_INVALID',
      '400 ITEM_INVALID',
      '400 ITEM_INVALID',
      '400 ITEM_INVALID',
      '409 ITEM_EXISTS',
      '404 ITEM_UNKNOWN',
      '404 ITEM_UNKNOWN',
      '404 ITEM_UNKNOWN',
      '404 ITEM_UNKNOWN',
      '405 METHOD_NOT_ALLOWED',
      '413 FST_ERR_CTP_BODY_TOO_LARGE',
      '403 ORIGIN_REFUSED',
      '415 FST_ERR_CTP_INVALID_MEDIA_TYPE',
    ]);
    const { body } = await command<{ items: SimulatedItem[] }>('GET', '/items');
    expect(body.items.map(({ id }) => id)).toEqual(['steady']);
  });

  it('shows the figures that docs/simulator.md lists', async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const shown = [...text.matchAll(/^# HELP (sluice_\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |`);
    const page = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
    expect(page.split('\n').filter((line) => line.startsWith('| `sluice_'))).toEqual(shown);
    expect(text).toMatch(/^sluice_simulator_items 1$/m);
    expect(text).toMatch(/^sluice_ready 1$/m);
  });

  it('ends by Ctrl-C when Kafka has everything', async () => {
    service.kill('SIGINT');
    const { code, stdout } = await service.ended;
    expect(code).toBe(0);
    const [, sent] = /^stopped: ([\d,]+) messages sent to \S+, \d+ missed$/m.exec(stdout) ?? [];
    const received = () => ['steady', 'flat', 'moved', 'far'].reduce((sum, id) => sum + listener.of(id).length, 0);
    await expect.poll(received, { timeout: 10_000 }).toBe(Number(sent.replaceAll(',', '')));
    expect(listener.strange).toEqual([]);
  });
});

describe('the service without Kafka, for other machines', () => {
  const nowhere = ['--brokers', '127.0.0.1:1', '--port', '0', '--host', '0.0.0.0'];
  const token = '0123456789abcdef01234567';
  let place: Workplace;
  beforeAll(async () => {
    place = await openWorkplace();
  });
  afterAll(() => place.close());

  it('does not begin without a token', async () => {
    const { code, stderr } = await place.call('simulate', 'service', ...nowhere);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error \[CONFIG_INVALID\] other machines can reach '0\.0\.0\.0', and there is no token .*SLUICE_TOKEN/);
  });

  it('asks for the token, waits for Kafka with its items at rest, and ends by Ctrl-C', async () => {
    await place.write('.env', `SLUICE_TOKEN=${token}\n`);
    const service = place.start('simulate', 'service', ...nowhere, '--item', 'pump-1,10,4,5');
    const [, port] = await service.printed(/^service {2}http:\/\/0\.0\.0\.0:(\d+)$/m);
    await service.line(({ text }) => text.includes('the items stand still until it is back'));
    const url = `http://127.0.0.1:${port}`;
    const statuses = async (headers: Record<string, string>): Promise<number[]> =>
      await Promise.all(['/items', '/items/pump-1', '/healthz', '/readyz'].map(async (path) => (await fetch(url + path, { headers })).status));
    expect(await statuses({})).toEqual([401, 401, 200, 503]);
    expect(await statuses({ authorization: 'Bearer wrong' })).toEqual([401, 401, 200, 503]);
    expect(await statuses({ authorization: `Bearer ${token}` })).toEqual([200, 200, 200, 503]);
    expect((await ask(url, 'GET', '/items/pump-1', undefined, { authorization: `Bearer ${token}` })).body).toMatchObject({ sent: 0, missed: 0, last: null });
    expect(await new RemoteItems(url, token).list()).toHaveLength(1);
    await expect(new RemoteItems(url, 'wrong').list()).rejects.toMatchObject({ code: 'SIMULATOR_UNAVAILABLE', fix: expect.stringContaining('SLUICE_TOKEN') });
    service.kill('SIGINT');
    const { code, stderr } = await service.ended;
    expect(code).toBe(0);
    expect(stderr).not.toContain(token);
    await expect(new RemoteItems(url, token).list()).rejects.toMatchObject({
      code: 'SIMULATOR_UNAVAILABLE',
      what: expect.stringContaining('cannot be asked: '),
    });
  });

  it.each([
    [['--item', 'pump-1,10,4'], /'pump-1,10,4' is no item .*Write --item id,mean,variance,rate/],
    [['--item', 'pump-1,10,4,500'], /rate: expected at most 100, got 500 \(--item pump-1,10,4,500\)/],
  ])('%j is a mistake', async (args, message) => {
    const { code, stderr } = await place.call('simulate', 'service', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
