import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Ended, repository, type Sluice, workplace } from '../command-line.ts';
import { plantLines, plantText } from '../plant-file.ts';
import { differences } from '../store-content.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type FreshBucket, influxRequest } from './influx-access.ts';
import { freePort } from './server-process.ts';
import { type InfluxServer, sharedInflux, sharedKafka, startInflux } from './servers.ts';
import { type StackPlace, stackPlace } from './stack-place.ts';

const pipeline = `
stream: plant
source: { type: csv, path: plant.csv, timezone: UTC }
train: { rows: 200 }
detectors: { mahalanobis: {} }
outputs: []
`;
const lines = plantLines(600);
const files = { 'plant.yaml': pipeline, 'plant.csv': plantText(lines) };

/** Everything that was printed, with the names of this test's topics, groups and buckets as the manual has them. */
let printed = '';

class Plant {
  readonly place: StackPlace;
  readonly bucket: FreshBucket;
  readonly group: string;
  readonly #names: [string, string][];

  private constructor(place: StackPlace, bucket: FreshBucket, influx: { readonly url: string; readonly org: string }) {
    this.place = place;
    this.bucket = bucket;
    this.group = `group-of-${place.topic}`;
    this.#names = [
      [this.group, 'sluice'],
      [`${place.topic}-b`, 'OTHER'],
      [place.topic, 'SWAT'],
      [bucket.bucket, 'plant'],
      [influx.url, 'http://127.0.0.1:8086'],
      [`of '${influx.org}'`, "of 'sluice'"],
    ];
  }

  static async open(own?: Parameters<typeof stackPlace>[1]): Promise<Plant> {
    const place = await stackPlace(files, own);
    return new Plant(place, await place.bucket(), own?.influx ?? (await sharedInflux()));
  }

  start(command: string, set: Readonly<Record<string, string | number>> = {}, ...args: string[]): Sluice {
    return this.place.start(...command.split(' '), 'plant.yaml', ...this.place.on(this, set), ...args);
  }

  /** To its end; what it printed is noted. */
  async call(command: string, set: Readonly<Record<string, string | number>> = {}, ...args: string[]): Promise<Ended> {
    return this.note(await this.start(command, set, ...args).ended);
  }

  note(ended: Ended): Ended {
    const named = (text: string): string => this.#names.reduce((at, [name, documented]) => at.replaceAll(name, documented), text);
    const [stdout, stderr] = [named(ended.stdout), named(ended.stderr)];
    expect(stdout + stderr).not.toContain(this.bucket.token);
    printed += stdout + stderr;
    return { ...ended, stdout, stderr };
  }
}

async function send(topic: string, messages: Message[], config: Readonly<Record<string, string>> = {}, partitions = 1): Promise<void> {
  const kafka = new Kafka({ brokers: (await sharedKafka()).brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, configEntries }] });
  await admin.disconnect();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}

const first = Date.parse('2026-01-01T00:00:00Z');
const at = (second: number): string => new Date(first + second * 1000).toISOString();
/** A row as any program would send it. */
const row = (second: number, more: object = {}, key = 'mill'): Message => ({
  key,
  value: JSON.stringify({ Timestamp: at(second), FLOW: 2 + Math.sin(second * 1.3), LEVEL: 500 + Math.cos(second), PUMP: 1 + (second % 2), ...more }),
});
const rows = (from: number, to: number, more: object = {}, key = 'mill'): Message[] => Array.from({ length: to - from }, (_, i) => row(from + i, more, key));

const letters = async (plant: Plant): Promise<{ position: number; reason: string; message: string }[]> =>
  JSON.parse((await plant.call('dead list', {}, '--last', '1000', '--json')).stdout).dead;

describeWithStack('what is seen over Kafka and InfluxDB when something is wrong', { kafka: 'shared', influx: 'shared' }, () => {
  it('a setting, a right or a service is missing, or the pipeline was changed', async () => {
    const plant = await Plant.open();
    const away = `127.0.0.1:${await freePort()}`;
    const expected = async (code: number, name: string, command: string, set: Readonly<Record<string, string>> = {}): Promise<void> => {
      const ended = await plant.call(command, set, ...(command === 'process' ? ['--until-end'] : []));
      expect(ended.stderr, command).toContain(`error [${name}] `);
      expect(ended.code).toBe(code);
    };
    await expected(4, 'BUS_TOPIC', 'produce', { 'bus.createTopics': 'false' });
    await expected(4, 'BUS_TOPIC', 'process', { 'bus.createTopics': 'false' });
    expect((await plant.call('produce')).code).toBe(0);
    await Promise.all([
      expected(4, 'BUS_UNAVAILABLE', 'process', { 'bus.brokers': away }),
      expected(4, 'BUS_UNAVAILABLE', 'produce', { 'bus.brokers': away }),
      expected(4, 'STORE_UNAVAILABLE', 'process', { 'store.url': `http://${away}`, 'bus.group': `${plant.group}-away` }),
      (async () => {
        await expected(4, 'STORE_DENIED', 'process', { 'store.token': 'wrong' });
        await expected(4, 'STORE_UNAVAILABLE', 'process', { 'store.bucket': 'plants' });
        await expected(4, 'STORE_UNAVAILABLE', 'process', { 'store.org': 'nobody' });
        await expected(4, 'STORE_DENIED', 'process', { 'store.token': plant.bucket.readToken });
        await expected(4, 'STORE_UNAVAILABLE', 'dead list', { 'store.url': `http://${away}` });
        await expected(2, 'CONFIG_INVALID', 'run');
        await expected(2, 'CONFIG_INVALID', 'run', { bus: 'memory' });
        await expected(2, 'CONFIG_INVALID', 'produce', { bus: 'memory' });
        await expected(2, 'CONFIG_INVALID', 'process', { bus: 'memory' });
        await expected(2, 'CONFIG_INVALID', 'produce', { topic: '[A, B]' });
        expect((await plant.call('doctor', { 'store.token': 'wrong' })).stdout).toMatch(/failed +token +the server does not know it/);
        expect((await plant.call('doctor', { 'store.bucket': 'plants' })).stdout).toMatch(/failed +bucket plants +organisation '\w+' has no such bucket/);
      })(),
    ]);
    // None of this has left anything behind that the next start would stumble over.
    expect(await plant.place.process('plant.yaml', plant)).toMatchObject({ rowsStored: lines.length, ended: true });

    await plant.place.write('other.csv', `Timestamp,FIT101,LIT101,MV101,P101,P102,SPARE\n${at(0)},1,2,3,4,5,6\n`);
    await expected(5, 'SCHEMA_MISMATCH', 'produce', { 'source.path': 'other.csv' });
    expect((await plant.call('produce', { 'source.id': 'again' })).code).toBe(0);
    await expected(5, 'RECORD_VERSION', 'process', { 'detectors.second': '{type: k-means}' });
  });

  it('another program sends rows, and what is none', async () => {
    const plant = await Plant.open();
    const { topic } = plant.place;
    const bad: [Message, string, RegExp][] = [
      [{ key: 'mill', value: '[1,2]' }, 'syntax', /not a JSON object/],
      [{ key: 'mill', value: '{"FLOW":1}' }, 'time', /has no Timestamp/],
      [{ key: 'mill', value: '{"Timestamp":"2026-01-01 00:10:00","FLOW":1}' }, 'time', /'2026-01-01 00:10:00'.*ISO 8601 with a zone/],
      [{ key: 'mill', value: '{"Timestamp":1767225600000,"FLOW":1}' }, 'time', /1767225600000/],
      [{ key: 'mill', value: `{"Timestamp":"${at(399)}","FLOW":"high"}` }, 'number', /'high' as a number in tag 'FLOW'/],
      [{ key: 'mill', value: 'FLOW=1' }, 'syntax', /'FLOW=1' is not JSON/],
      [{ key: 'mill', value: Buffer.from([0xff, 0xfe, 0, 1, 0x80]) }, 'encoding', /not UTF-8/],
      [{ key: Buffer.from([0xff]), value: `{"Timestamp":"${at(399)}","FLOW":1}` }, 'encoding', /the key/],
      [{ key: 'mill', value: null }, 'syntax', /empty/],
      [{ key: 'mill', value: `{"Timestamp":"${at(399)}","note":"${'x'.repeat(3_000_000)}"}` }, 'line-too-long', /3000050 bytes/],
    ];
    const good = [...rows(0, 400), ...rows(400, 500, { SPARE: 3 }), ...rows(500, 600, { LEVEL: undefined, PUMP: null }), row(0, {}, '')];
    await send(topic, [...good.slice(0, 400), ...bad.map(([message]) => message), ...good.slice(400)], { 'max.message.bytes': '5000000' });
    const total = good.length + bad.length;
    const run = plant.start('process', {}, '--log-level', 'debug');
    await run.logged('committed', ({ nextOffset }) => nextOffset === total);
    run.kill('SIGINT');
    const { code, stdout, stderr } = plant.note(await run.ended);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('finishing the batch in hand');
    expect(stderr).toContain("stream 'mill' of topic 'SWAT': 'SPARE' is no tag of it: ignored");
    expect(stdout).toContain(`${total} read, ${good.length} stored, 0 duplicate, 0 late, ${bad.length} dead`);
    expect((await plant.call('dead list')).stdout).toContain('line-too-long');
    for (const [i, letter] of (await letters(plant)).entries()) {
      expect(letter).toMatchObject({ position: 400 + i, reason: bad[i][1], message: expect.stringMatching(bad[i][2]) });
    }
    const statistics = JSON.parse((await plant.call('query stats', { stream: 'mill' }, '--json')).stdout);
    expect(statistics).toMatchObject({ rows: 600 });
    expect((await plant.call('query stats', { stream: 'mill' })).stdout).toMatch(/^LEVEL +500 +100 /m);
    const retried = await plant.call('dead retry');
    expect(retried.stdout).toContain('10 dead letters tried: 0 taken in, 10 stay');
  });

  it('a field is stored as text in the bucket', async () => {
    const plant = await Plant.open();
    const { url, org } = await sharedInflux();
    const { bucket, token } = plant.bucket;
    const ask = async (path: string, body: string): Promise<void> => {
      const headers = { Authorization: `Token ${token}`, 'Content-Type': 'application/json' };
      const response = await fetch(`${url}/api/v2/${path}?org=${org}&bucket=${bucket}`, { method: 'POST', headers, body });
      expect(response.status, await response.text()).toBe(204);
    };
    // LIT101 is missing in some of the rows: those can be stored.
    const stored = lines.filter((line) => !/^\d/.test(line.split(',')[2])).length;
    expect(stored).toBeGreaterThan(0);
    await ask('write', `sensors,stream=plant LIT101="broken" ${Date.parse(lines[0].split(',')[0])}000000`);
    expect((await plant.call('produce')).code).toBe(0);
    const { stdout } = await plant.call('process', {}, '--until-end');
    expect(stdout).toContain(`600 read, ${stored} stored, `);
    expect(stdout).toContain(`rejected ${600 - stored}`);
    expect((await plant.call('dead list')).stdout).toContain("field 'LIT101' is stored as text in bucket 'plant', and a number came");
    expect((await plant.call('dead retry', {}, '--limit', '10')).stdout).toContain('10 dead letters tried: 0 taken in, 10 stay');
    const [from, until] = ['2017-07-14T00:00:00Z', '2017-07-15T00:00:00Z'];
    await ask('delete', JSON.stringify({ start: from, stop: until, predicate: '_measurement="sensors"' }));
    expect((await plant.call('dead retry')).stdout).toContain(`${600 - stored} dead letters tried: ${600 - stored} taken in, 0 stay`);
    expect((await plant.call('dead list')).stdout).toBe('no dead letters\n');
  });

  it('two topics at once, partitions that the store cannot take, a second group, and all anew', async () => {
    const plant = await Plant.open();
    const [one, other] = [plant.place.topic, `${plant.place.topic}-b`];
    expect((await plant.call('produce')).code).toBe(0);
    await send(other, rows(0, 300), {}, 2);
    const both = plant.start('process', { topic: `[${one}, ${other}]` }, '--log-level', 'debug');
    await both.logged('committed', ({ key, nextOffset }) => String(key).includes(`/${one}/`) && nextOffset === 600);
    await both.logged('committed', ({ key, nextOffset }) => String(key).includes(`/${other}/`) && nextOffset === 300);
    both.kill('SIGTERM');
    expect(plant.note(await both.ended)).toMatchObject({ code: 0, stdout: expect.stringContaining('900 read, 900 stored') });

    const duck = { store: '{type: duckdb, path: plant.duckdb, threads: 1}', 'bus.group': `${plant.group}-duck` };
    expect((await plant.call('process', duck, '--until-end')).stdout).toContain('600 read, 600 stored');
    const refused = await plant.call('process', { ...duck, topic: other });
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("store 'duckdb' takes topics of one partition, and 'OTHER' has 2") });

    const before = await plant.place.content(plant.bucket, 'plant');
    const again = await plant.place.process('plant.yaml', { group: `${plant.group}-2`, bucket: plant.bucket });
    expect(again).toMatchObject({ rowsRead: 600, rowsStored: 600, duplicates: 0 });
    expect(differences(await plant.place.content(plant.bucket, 'plant'), before)).toEqual([]);
    const anew = await plant.place.process('plant.yaml', plant, '--fresh');
    expect(anew).toMatchObject({ rowsRead: 600, rowsStored: 600, duplicates: 0 });
    expect(differences(await plant.place.content(plant.bucket, 'plant'), before)).toEqual([]);
  });
});

describeWithStack('an InfluxDB that goes away and comes back', { kafka: 'shared', influx: 'own' }, () => {
  let influx: InfluxServer;
  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx?.close());

  it('is waited for, at the start and later; /readyz says so', async () => {
    const plant = await Plant.open({ brokers: (await sharedKafka()).brokers, influx });
    const port = await freePort();
    const ready = async (): Promise<string> => {
      const response = await fetch(`http://127.0.0.1:${port}/readyz`);
      return `${response.status} ${await response.text()}\n`;
    };
    const see = async (status: number): Promise<void> => {
      let text = '';
      await vi.waitFor(
        async () => {
          text = await ready();
          expect(text).toMatch(new RegExp(`^${status} `));
        },
        { timeout: 60_000, interval: 100 },
      );
      printed += text;
      expect(await metric('sluice_ready')).toBe(status === 200 ? 1 : 0);
    };
    const metric = async (line: string): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(
        text
          .split('\n')
          .find((each) => each.startsWith(`${line} `))
          ?.slice(line.length + 1),
      );
    };
    const services = async (): Promise<number[]> =>
      Promise.all(
        [
          'service_up{service="store"}',
          'outages_total{service="store"}',
          'service_up{service="bus"}',
          'outages_total{service="bus"}',
          'retries_total{service="bus"}',
        ].map((name) => metric(`sluice_${name}`)),
      );
    const rest = plantLines(1200).slice(lines.length);
    await plant.place.write('rest.csv', plantText(rest));
    await influx.stop();
    const run = plant.start('process', { serve: `{port: ${port}}` }, '--log-level', 'debug');
    await run.line(({ log }) => log?.msg.includes('InfluxDB does not answer') ?? false);
    await see(503);
    expect(await services()).toEqual([0, 1, 1, 0, 0]);
    await influx.start();
    await see(200);
    expect(await services()).toEqual([1, 1, 1, 0, 0]);
    expect(await metric('sluice_retries_total{service="store"}')).toBeGreaterThan(0);
    // A token may be taken away and given back.
    const { authorizations } = await influxRequest<{ authorizations: { id: string; token: string }[] }>(influx, 'GET', '/api/v2/authorizations');
    const id = authorizations.find(({ token }) => token === plant.bucket.token)?.id;
    const setToken = (status: string): Promise<unknown> => influxRequest(influx, 'PATCH', `/api/v2/authorizations/${id}`, { status });
    await setToken('inactive');
    expect((await plant.call('produce')).code).toBe(0);
    await see(503);
    expect(await services()).toEqual([0, 2, 1, 0, 0]);
    const retries = await metric('sluice_retries_total{service="store"}');
    await setToken('active');
    await see(200);
    expect(await metric('sluice_retries_total{service="store"}')).toBeGreaterThan(retries);
    await influx.stop();
    // All that is sent while it is away.
    expect((await plant.call('produce', { 'source.path': 'rest.csv', 'source.id': 'rest' })).code).toBe(0);
    await see(503);
    await influx.start();
    await run.logged('committed', ({ nextOffset }) => nextOffset === 2 * lines.length);
    expect(await services()).toEqual([1, 3, 1, 0, 0]);
    run.kill('SIGINT');
    const { code, stdout, stderr } = plant.note(await run.ended);
    expect(code, stderr.slice(-2000)).toBe(0);
    expect(stdout).toContain('1,200 read, 1,200 stored, 0 duplicate');
    // The log tells it once each time; the display may show it as long as it lasts.
    const log = stderr.split('\n').filter((line) => line.startsWith('{"level":"warn"'));
    const told = (what: RegExp): number => log.filter((line) => what.test(line)).length;
    expect(told(/InfluxDB does not answer/)).toBe(2);
    expect(told(/that the token may read|the token may not|does not know the token/)).toBe(1);
    expect(told(/InfluxDB takes requests again/)).toBe(3);
  });
});

describeWithStack('the manual', { kafka: 'shared', influx: 'own' }, () => {
  const manual = ['faults', 'operations'].map((page) => readFileSync(join(repository, `docs/${page}.md`), 'utf8')).join('');
  const blocks = (language: string): string[] => [...manual.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, block]) => block);

  it('quotes what was printed', () => {
    const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/\d[\d.,]*/g, '0');
    const all = plain(printed);
    const quoted = blocks('text').flatMap((block) => block.trimEnd().split('\n'));
    expect(quoted.length).toBeGreaterThan(20);
    expect(quoted.filter((line) => !all.includes(plain(line)))).toEqual([]);
  });

  it('shows settings that are valid', async () => {
    const place = await workplace({ ...files, '.env': 'KAFKA_PASSWORD=secret\nINFLUX_TOKEN=secret\n' });
    const examples = blocks('yaml');
    expect(examples).toHaveLength(3);
    for (const example of examples) {
      await place.write('example.yaml', `${pipeline}${example}`);
      expect(await place.call('check', 'example.yaml')).toMatchObject({ code: 0 });
    }
  });
});
