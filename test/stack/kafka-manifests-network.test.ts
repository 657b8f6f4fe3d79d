import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { expect, it, onTestFinished } from 'vitest';
import { openManifestLog } from '../../connectors/kafka/manifest-log.ts';
import { socketOfWholeResponses } from '../../connectors/kafka/whole-responses.ts';
import type { Manifest, ManifestLog } from '../../core/manifest.ts';
import { recordHash } from '../../core/record.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';

/** Requests by their numbers in the protocol. */
const requests = { produce: 0, initProducerId: 22, addPartitionsToTransaction: 24, endTransaction: 26 };
type Request = keyof typeof requests;

/** A client's way to the brokers, which can be cut. */
class Network {
  readonly #sockets = new Set<Socket>();
  #cut = false;
  #trap: { request: Request; before: boolean; skip: number; sprung: () => void } | undefined;
  #cutWithin: (() => void) | undefined;

  readonly socketFactory = (to: kafkajs.ISocketFactoryArgs): Socket => {
    // Nobody listens on the discard port.
    const socket = socketOfWholeResponses({ ...to, port: this.#cut ? 9 : to.port });
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // Who reads responses hears of this part too, as of the others.
    socket.prependListener('data', (piece: Buffer) => {
      if (!this.#cutWithin || piece.length < 1000 || piece.readInt32BE(0) + 4 <= piece.length) return;
      this.#cutWithin();
      this.#cutWithin = undefined;
      setImmediate(() => socket.destroy(new Error('cut by the test')));
    });
    const write = socket.write.bind(socket) as (bytes: Buffer, encoding?: string) => boolean;
    socket.write = ((bytes: Buffer, encoding?: string): boolean => {
      const trap = this.#trap;
      if (!trap || bytes.readInt16BE(4) !== requests[trap.request] || trap.skip-- > 0) return write(bytes, encoding);
      this.#trap = undefined;
      // A request that the broker has and whose answer never comes, or one that it never gets.
      if (!trap.before) write(bytes, encoding);
      setTimeout(() => socket.destroy(new Error('cut by the test')), trap.before ? 0 : 50);
      trap.sprung();
      return true;
    }) as typeof socket.write;
    return socket;
  };

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy(new Error('cut by the test'));
  }

  mend(): void {
    this.#cut = false;
  }

  /** Cuts the connection over which a long response comes next, in the middle of it; resolves when it did. */
  cutWithinResponse(): Promise<void> {
    return new Promise((sprung) => {
      this.#cutWithin = sprung;
    });
  }

  /** Cuts the connection of the next such request; resolves when it did. */
  trap(request: Request, { before, skip = 0 }: { before: boolean; skip?: number }): Promise<void> {
    return new Promise((sprung) => {
      this.#trap = { request, before, skip, sprung };
    });
  }
}

interface Place {
  readonly key: string;
  readonly brokers: string[];
  open(network?: Network, told?: (string | undefined)[]): Promise<ManifestLog>;
}

async function place(): Promise<Place> {
  const { brokers, freshName } = await sharedKafka();
  const topic = freshName('plant');
  return {
    key: `group/${topic}/0`,
    brokers,
    async open(network, told = []) {
      const way = network ? { socketFactory: network.socketFactory } : {};
      const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 2, initialRetryTime: 50 }, ...way });
      const context = { warn: () => {}, unavailable: (reason?: string) => void told.push(reason) };
      const log = await openManifestLog(kafka, topic, 'group', { create: true, context });
      onTestFinished(() => log.close());
      return log;
    },
  };
}

const bytesOf = (rows: number): Buffer => Buffer.alloc(1_300_000, `rows ${rows};`);
const save = (key: string, rows: number): [Manifest, Map<string, Uint8Array>] => {
  const bytes = bytesOf(rows);
  const hash = recordHash(bytes);
  return [{ key, positions: { topic: { nextOffset: rows, shiftMs: 0 } }, totals: { rows }, records: { state: hash } }, new Map([[hash, bytes]])];
};

/** What is saved, with its record. */
async function expectSaved(log: ManifestLog, key: string, rows: number): Promise<void> {
  const [manifest, records] = save(key, rows);
  expect(await log.manifest(key)).toEqual(manifest);
  for (const hash of records.keys()) expect(recordHash(await log.record(hash))).toBe(hash);
}

describeWithStack('manifests on Kafka over a network that fails', { kafka: 'shared' }, () => {
  it.each([
    { request: 'endTransaction', before: false },
    { request: 'endTransaction', before: true },
    { request: 'produce', before: false },
    { request: 'produce', before: true },
    { request: 'produce', before: false, skip: 1 },
    { request: 'addPartitionsToTransaction', before: false },
    { request: 'addPartitionsToTransaction', before: true },
  ] as const)('a save whose connection breaks at $request (before it arrives: $before) goes through, whole', async ({ request, ...how }) => {
    const { key, open } = await place();
    const network = new Network();
    const log = await open(network);
    const keeper = await log.take(key);
    await keeper.save(...save(key, 1));
    const sprung = network.trap(request, how);
    await keeper.save(...save(key, 2));
    await sprung;
    const other = await open();
    await expectSaved(other, key, 2);
    await keeper.save(...save(key, 3));
    await expectSaved(log, key, 3);
    await expectSaved(other, key, 3);
  });

  it.each([
    { request: 'endTransaction', before: false },
    { request: 'endTransaction', before: true },
  ] as const)('what goes out with a save whose connection breaks at $request (before it arrives: $before) is there once', async ({ request, ...how }) => {
    const { key, brokers, open } = await place();
    const topic = `${key.replaceAll('/', '-')}-out`;
    const kafka = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
    const [admin, reader] = [kafka.admin(), kafka.consumer({ groupId: `${topic}-reader` })];
    onTestFinished(async () => void (await Promise.all([admin.disconnect(), reader.disconnect()])));
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    const network = new Network();
    const keeper = await (await open(network)).take(key);
    const send = (rows: number) =>
      keeper.save(
        ...save(key, rows),
        [1, 2].map((n) => ({ topic, partition: 0, key: 'plant', value: `${rows}.${n}` })),
      );
    await send(1);
    const sprung = network.trap(request, how);
    await send(2);
    await sprung;
    await send(3);
    const told: string[] = [];
    await reader.connect();
    await reader.subscribe({ topic, fromBeginning: true });
    await reader.run({ eachMessage: async ({ message: { value } }) => void told.push(String(value)) });
    while (told.at(-1) !== '3.2') await sleep(20);
    expect(told).toEqual(['1.1', '1.2', '2.1', '2.2', '3.1', '3.2']);
  });

  it.each([true, false])('a key is taken although the connection breaks (before the request arrives: %s)', async (before) => {
    const { key, open } = await place();
    const network = new Network();
    const first = await (await open()).take(key);
    await first.save(...save(key, 1));
    const log = await open(network);
    for (const request of ['initProducerId', 'endTransaction'] as const) {
      const sprung = network.trap(request, { before });
      const keeper = await log.take(key);
      await sprung;
      expect(keeper.manifest).toEqual(save(key, 1)[0]);
    }
    await expect(first.save(...save(key, 2))).rejects.toMatchObject({ code: 'BUS_FENCED' });
  });

  it('what was saved is read on, whole, after a connection that broke in the middle of it', async () => {
    const { key, open } = await place();
    const network = new Network();
    const log = await open(network);
    const keeper = await (await open()).take(key);
    for (let rows = 1; rows <= 3; rows++) {
      const sprung = network.cutWithinResponse();
      await keeper.save(...save(key, rows));
      await sprung;
      await expectSaved(log, key, rows);
    }
  });

  it('a save waits while nobody can be reached, and goes through then', async () => {
    const { key, open } = await place();
    const network = new Network();
    const told: (string | undefined)[] = [];
    const log = await open(network, told);
    const keeper = await log.take(key);
    network.cut();
    let saved = false;
    const saving = keeper.save(...save(key, 1)).then(() => {
      saved = true;
    });
    while (told.length === 0) await sleep(20);
    await sleep(2000);
    expect(saved).toBe(false);
    network.mend();
    await saving;
    await expectSaved(await open(), key, 1);
    while (told.length < 2) await sleep(20);
    expect(told).toEqual([expect.any(String), undefined]);
  });

  it('who was cut off while another took the key gives it up, and does not take it back', async () => {
    const { key, open } = await place();
    const network = new Network();
    const log = await open(network);
    const cutOff = await log.take(key);
    await cutOff.save(...save(key, 1));
    network.cut();
    const saving = expect(cutOff.save(...save(key, 100))).rejects.toMatchObject({ code: 'BUS_FENCED' });
    const other = await open();
    const keeper = await other.take(key);
    expect(keeper.manifest).toEqual(save(key, 1)[0]);
    await keeper.save(...save(key, 2));
    network.mend();
    await saving;
    await keeper.save(...save(key, 3));
    await expectSaved(other, key, 3);
    await expectSaved(log, key, 3);
  });

  it('closing ends a save that waits', async () => {
    const { key, open } = await place();
    const network = new Network();
    const told: (string | undefined)[] = [];
    const log = await open(network, told);
    const keeper = await log.take(key);
    network.cut();
    const saving = expect(keeper.save(...save(key, 1))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    while (told.length === 0) await sleep(20);
    await keeper.close();
    await saving;
    await log.close();
  });
});
