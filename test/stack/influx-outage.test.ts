import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import influxdb from '../../connectors/influxdb/store.ts';
import type { ServiceContext } from '../../core/component.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type Access, numbers, openWriter, origins, plant, rowsFrom, second, start, startProxy, writing } from './influx-writing.ts';
import { type InfluxServer, startInflux } from './servers.ts';

describeWithStack('a server that goes away', { influx: 'own' }, () => {
  let influx: InfluxServer;
  let access: Access;
  let told: string[];
  let states: (string | undefined)[];
  let ending: AbortController;
  const context = (): ServiceContext => ({ warn: (message) => told.push(message), unavailable: (reason) => states.push(reason), signal: ending.signal });

  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx?.close());
  beforeEach(async () => {
    if (influx.pid === undefined) await influx.start();
    access = { url: influx.url, org: influx.org, ...(await influx.freshBucket()) };
    [told, states, ending] = [[], [], new AbortController()];
  });

  const outages: Record<string, [away: () => Promise<void>, back: () => Promise<void>]> = {
    stopped: [() => influx.stop(), () => influx.start()],
    killed: [() => influx.kill(), () => influx.start()],
    'that hangs': [() => influx.pause(), () => influx.resume()],
  };
  for (const [what, [away, back]] of Object.entries(outages)) {
    it(`${what}: nothing is lost, nothing is doubled, and it is told once`, async () => {
      const writer = openWriter(access, { context: context(), timeout: 1000 });
      await writer.openStream('plant', plant);
      let sent = 0;
      const append = async (batches: number): Promise<void> => {
        for (let n = 0; n < batches; n++, sent += 250) await writer.append(writing(rowsFrom(sent, 250)));
      };
      await append(20);
      const leaving = away();
      // About 10 MB: more than may wait, so that appends wait too.
      const appending = append(400);
      const committing = appending.then(() => writer.commit());
      await leaving;
      await sleep(4000);
      expect(states).toEqual([expect.any(String)]);
      expect(sent).toBeLessThan(420 * 250);
      await back();
      expect(await committing).toEqual([]);
      expect(await origins(access)).toEqual(numbers(0, 420 * 250));
      expect(told).toEqual([expect.stringContaining('nothing is lost'), expect.stringContaining('takes requests again')]);
      expect(states).toEqual([expect.any(String), undefined]);
    });
  }

  it('is waited for by a commit, until all is to end', async () => {
    const writer = openWriter(access, { context: context(), timeout: 1000 });
    await writer.openStream('plant', plant);
    await influx.stop();
    await writer.append(writing(rowsFrom(0, 10)));
    let done = false;
    const commit = writer.commit().finally(() => {
      done = true;
    });
    commit.catch(() => {});
    await sleep(2000);
    expect(done).toBe(false);
    ending.abort();
    await expect(commit).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('gave up waiting') });
    await expect(writer.append(writing(rowsFrom(10, 10)))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(told).toHaveLength(1);
  });

  it('while nothing is written is noticed too, and that it is back', async () => {
    const options = influxdb.options.parse({ url: access.url, org: access.org, bucket: access.bucket, token: access.token });
    const store = await influxdb.open(options, 'own', context());
    onTestFinished(() => store.close());
    await influx.stop();
    await expect.poll(() => states).toEqual([expect.any(String)]);
    await influx.start();
    await expect.poll(() => states).toEqual([expect.any(String), undefined]);
    expect(told).toEqual([expect.stringContaining('nothing is lost'), expect.stringContaining('takes requests again')]);
  });

  it('that hangs is not waited for when all is to end, whatever was asked', async () => {
    const writer = openWriter(access, { context: context() });
    await influx.pause();
    onTestFinished(() => influx.resume());
    ending.abort();
    await expect(writer.openStream('plant', plant)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('gave up waiting') });
  });

  it('says when to come back is asked no sooner', async () => {
    let first: number | undefined;
    const proxy = await startProxy(influx.url, () => {
      first ??= performance.now();
      return performance.now() - first < 1900 ? { status: 429, headers: { 'Retry-After': '2' } } : undefined;
    });
    const writer = openWriter({ ...access, url: proxy.url }, { context: context() });
    await writer.annotate({ id: 'n', stream: 'plant', from: start, to: start, text: 'drill' });
    expect(proxy.refused()).toBe(1);
  });
});

describeWithStack('a server whose disk is full', { influx: 'own' }, () => {
  it('is waited for, and nothing is lost', async (test) => {
    const disk = mountDisk() ?? test.skip('needs the right to mount a tmpfs');
    const told: string[] = [];
    const states: (string | undefined)[] = [];
    const influx = await startInfluxIn(disk);
    onTestFinished(() => influx.close());
    const access = { url: influx.url, org: influx.org, ...(await influx.freshBucket()) };
    const writer = openWriter(access, { context: { warn: (message) => told.push(message), unavailable: (reason) => states.push(reason) } });
    await writer.openStream('plant', plant);
    await writer.append(writing(rowsFrom(0, 1000)));
    await writer.commit();
    const ballast = join(disk, 'ballast');
    spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k']);
    // Into a shard of its own, whose files do not fit any more.
    const later = rowsFrom(1000, 1000);
    for (let row = 0; row < later.rows; row++) later.times[row] += 1_000_000n * second;
    await writer.append(writing(later));
    const committing = writer.commit();
    while (states.length === 0) await sleep(50);
    expect(states).toEqual(['the disk under InfluxDB is full']);
    await rm(ballast);
    // InfluxDB does not open a shard again that it once could not.
    await influx.stop();
    await influx.start();
    expect(await committing).toEqual([]);
    expect(await origins(access)).toEqual(numbers(0, 2000));
    expect(told).toHaveLength(2);
    expect(states).toEqual([expect.any(String), undefined]);
  });
});

/** A small disk of its own until the test is over; undefined where this user may not mount one. */
function mountDisk(): string | undefined {
  const disk = join(tmpdir(), `sluice-influx-disk-${process.pid}`);
  mkdirSync(disk, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]).status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', disk]));
  return disk;
}

async function startInfluxIn(folder: string): Promise<InfluxServer> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  try {
    return await startInflux();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
