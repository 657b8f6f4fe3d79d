import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { openManifestLog } from '../../connectors/kafka/manifest-log.ts';
import type { ServiceContext } from '../../core/component.ts';
import type { Manifest, ManifestKeeper, ManifestLog } from '../../core/manifest.ts';
import { makeRandom } from '../../core/random.ts';
import { recordHash } from '../../core/record.ts';
import { nightly } from '../tier.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type KafkaServer, startKafka } from './servers.ts';

const built = resolve(import.meta.dirname, '../../dist');
const modelBytes = 700_000;
const stateBytes = 1_100_000;
const keysOf = (topic: string): string[] => [`group/${topic}/0`, `group/${topic}/1`];

/** Bytes that say which save they belong to, from the first to the last. */
const content = (rows: number, bytes: number): Buffer => Buffer.alloc(bytes, `save ${rows};`);

/** The manifest that save `rows` leaves: a state of its own, and a model that changes every ten saves. */
function manifestOf(key: string, rows: number): { manifest: Manifest; records: Map<string, Uint8Array> } {
  const state = content(rows, stateBytes);
  const model = content(rows - (rows % 10), modelBytes);
  const records = new Map([state, model].map((bytes) => [recordHash(bytes), bytes]));
  const named = { state: recordHash(state), model: recordHash(model) };
  return { manifest: { key, positions: { topic: { nextOffset: rows, shiftMs: 0 } }, totals: { rows }, records: named }, records };
}

/** What is saved, which must be whole: the manifest of some save, with its records. */
async function savedRows(keeper: Pick<ManifestKeeper, 'manifest' | 'record'>, key: string): Promise<number> {
  const rows = keeper.manifest?.totals.rows ?? 0;
  if (!keeper.manifest) return rows;
  const { manifest, records } = manifestOf(key, rows);
  expect(keeper.manifest).toEqual(manifest);
  for (const [hash, bytes] of records) expect(Buffer.compare(await keeper.record(hash), bytes)).toBe(0);
  return rows;
}

const kills = nightly ? 10 : 4;

let server: KafkaServer;
const open = async (topic: string, context?: ServiceContext): Promise<ManifestLog> => {
  const client = makeClient(connectionOptions.parse({ brokers: server.brokers }), context);
  const log = await openManifestLog(client, topic, 'group', { create: true, ...(context ? { context } : {}) });
  onTestFinished(() => log.close());
  return log;
};

/** A process that saves under two keys side by side, from where they stand, and says so before and after. */
function saver(topic: string): { lines: AsyncIterator<string>; kill(): Promise<void> } {
  if (!existsSync(built)) throw new Error(`${built} is missing: build first (npm run build)`);
  const script = `
    const { connectionOptions, makeClient } = await import(${JSON.stringify(join(built, 'connectors/kafka/client.js'))});
    const { openManifestLog } = await import(${JSON.stringify(join(built, 'connectors/kafka/manifest-log.js'))});
    const { recordHash } = await import(${JSON.stringify(join(built, 'core/record.js'))});
    const client = makeClient(connectionOptions.parse({ brokers: ${JSON.stringify(server.brokers)} }));
    const log = await openManifestLog(client, ${JSON.stringify(topic)}, 'group', { create: true });
    await Promise.all(${JSON.stringify(keysOf(topic))}.map(async (key, i) => {
      const keeper = await log.take(key);
      for (let rows = (keeper.manifest?.totals.rows ?? 0) + 1; ; rows++) {
        const state = Buffer.alloc(${stateBytes}, 'save ' + rows + ';');
        const model = Buffer.alloc(${modelBytes}, 'save ' + (rows - rows % 10) + ';');
        const records = new Map([state, model].map((bytes) => [recordHash(bytes), bytes]));
        const named = { state: recordHash(state), model: recordHash(model) };
        console.log('saving', i, rows);
        await keeper.save({ key, positions: { topic: { nextOffset: rows, shiftMs: 0 } }, totals: { rows }, records: named }, records);
        console.log('saved', i, rows);
      }
    }));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return { lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), kill };
}

describeWithStack('manifests on Kafka survive', { kafka: 'own' }, () => {
  it('kills -9 of a process while it saves under two keys', async () => {
    server = await startKafka();
    onTestFinished(() => server.close());
    const topic = 'plant';
    const keys = keysOf(topic);
    const random = makeRandom(11);
    const log = await open(topic);
    const last = [0, 0];
    for (let kill = 1; kill <= kills; kill++) {
      const child = saver(topic);
      const saving = [...last];
      const saved = [...last];
      const until = last[0] + 2 + random.int(6);
      while (saving[0] < until) {
        const { value, done } = await child.lines.next();
        if (done) throw new Error('the process ended before it was killed');
        const [what, key, rows] = value.split(' ');
        (what === 'saving' ? saving : saved)[Number(key)] = Number(rows);
      }
      // Somewhere in the save: the pieces, the manifest, the end of the transaction, or behind it.
      await sleep(random.next() * 40);
      await child.kill();
      for (let line = await child.lines.next(); !line.done; line = await child.lines.next()) {
        const [what, key, rows] = line.value.split(' ');
        (what === 'saving' ? saving : saved)[Number(key)] = Number(rows);
      }
      // Whoever began first is not always ended first.
      const order = kill % 2 === 0 ? [0, 1] : [1, 0];
      const keepers = await Promise.all(order.map((i) => log.take(keys[i])));
      for (const [at, i] of order.entries()) {
        last[i] = await savedRows(keepers[at], keys[i]);
        expect(last[i]).toBeGreaterThanOrEqual(saved[i]);
        expect(last[i]).toBeLessThanOrEqual(saving[i]);
      }
      console.log(`kill ${kill} of ${kills}: begun ${saving}, acknowledged ${saved}, kept ${last}`);
      await Promise.all(keepers.map((keeper) => keeper.close()));
    }
    // Another who reads all of it from its beginning sees the same.
    const other = await open(topic);
    expect((await other.manifests()).map(({ totals }) => totals.rows)).toEqual(last);
    for (const key of keys) await savedRows(await other.take(key), key);
  });

  it('a kill -9 of the broker while two keys are saved', async () => {
    server = await startKafka();
    onTestFinished(() => server.close());
    const topic = 'plant';
    const keys = keysOf(topic);
    const told: (string | undefined)[] = [];
    const warnings: string[] = [];
    const log = await open(topic, { warn: (message) => warnings.push(message), unavailable: (reason) => told.push(reason) });
    const keepers = await Promise.all(keys.map((key) => log.take(key)));
    const saved = [0, 0];
    let stop = false;
    const saving = keepers.map(async (keeper, i) => {
      while (!stop) {
        const { manifest, records } = manifestOf(keys[i], saved[i] + 1);
        await keeper.save(manifest, records);
        saved[i]++;
      }
    });
    const untilSaved = async (count: number): Promise<void> => {
      while (Math.min(...saved) < count) await Promise.race([sleep(10), Promise.all(saving)]);
    };
    await untilSaved(5);
    await server.kill();
    const before = [...saved];
    // For longer than the client itself keeps trying.
    while (told.length === 0) await sleep(50);
    await sleep(1000);
    expect(saved).toEqual(before);
    await server.start();
    await untilSaved(Math.max(...before) + 5);
    stop = true;
    await Promise.all(saving);
    expect(told).toEqual([expect.any(String), undefined]);
    expect(warnings).toHaveLength(2);
    expect((await log.manifests()).map(({ totals }) => totals.rows)).toEqual(saved);
    for (const [i, key] of keys.entries()) expect(await savedRows(await (await open(topic)).take(key), key)).toBe(saved[i]);
  });
});
