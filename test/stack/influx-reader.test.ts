import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { firstTime, lastTime } from '../../connectors/influxdb/layout.ts';
import influxdb from '../../connectors/influxdb/store.ts';
import { allocateBatch, type Batch, concatBatches } from '../../core/batch.ts';
import { makeRandom } from '../../core/random.ts';
import { makeSchema } from '../../core/schema.ts';
import type { RowsResult, Store } from '../../core/store.ts';
import { Status, topContributions, type Verdicts } from '../../core/verdict.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { influxRequest } from './influx-access.ts';
import { type Access, plant, rowsFrom, second, start, startProxy, writeLines, writing } from './influx-writing.ts';
import { sharedInflux } from './servers.ts';

describeWithStack('what is read from InfluxDB', { influx: 'shared' }, () => {
  let access: Access;

  beforeEach(async () => {
    const influx = await sharedInflux();
    access = { url: influx.url, org: influx.org, ...(await influx.freshBucket()) };
  });

  /** A store that is closed when the test is over. */
  async function open(given: Partial<Access> = {}, mode: 'own' | 'read' = 'own'): Promise<Store> {
    const { url, org, bucket, token } = { ...access, ...given };
    const store = await influxdb.open(influxdb.options.parse({ url, org, bucket, token }), mode);
    onTestFinished(() => store.close());
    return store;
  }

  async function storeWith(batch: Batch, verdicts: readonly Verdicts[] = []): Promise<Store> {
    const store = await open();
    await store.openStream(batch.stream, batch.schema);
    await store.append(writing(batch, { verdicts }));
    await store.commit();
    return store;
  }

  const anyText = fc
    .oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      fc.string({
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Flux would put a variable there.
        unit: fc.constantFrom('"', "'", '\\', '$', '{', '}', '${', '${r}', '\n', '\r', '\t', '\0', '%', '/', '😀', '\u0085', '\ud800', 'a', ' ', ')', ';'),
        minLength: 1,
      }),
    )
    .filter((text) => text.trim() !== '');

  it('streams, tags, detectors, sources and ids of any name are found by it, and by no other', async () => {
    const store = await open();
    const taken = new Set<string>();
    const name = anyText.filter((text) => !taken.has(text));
    await fc.assert(
      fc.asyncProperty(name, fc.uniqueArray(anyText, { minLength: 1, maxLength: 4 }), anyText, anyText, async (stream, tags, detector, source) => {
        if (taken.has(stream)) return;
        taken.add(stream);
        const schema = makeSchema(tags.map((tag) => ({ name: tag, kind: 'continuous' as const })));
        const batch = rowsFrom(0, 2, schema, stream);
        await store.openStream(stream, schema);
        const incident = {
          ...{ id: `${stream}${detector}`, stream, detector, start, end: start + second, open: false, rows: 2, peakTime: start, peakScore: 1, peakGrade: 1 },
          ...{ causes: [detector], contributions: Float64Array.from(tags, () => 0.5) },
        };
        await store.append(writing(batch, { verdicts: [oneVerdict(detector, batch)], incidents: [incident] }));
        await store.appendDead([{ source: `${stream}${source}`, partition: 0, position: 1, stream, reason: 'number', message: detector, payload: source }]);
        await store.commit();
        const asked = [...tags].reverse();
        const { tags: found, columns } = await store.rows({ stream, tags: asked });
        expect(found).toEqual(asked);
        for (const [i, column] of columns.entries()) expect([...column]).toEqual([0, 1].map((row) => row + tags.indexOf(asked[i]) / 10));
        const verdicts = await store.verdicts({ stream, detector });
        expect(verdicts.map((verdict) => [verdict.detector, verdict.contributions?.[0].tag])).toEqual([
          [detector, tags[0]],
          [detector, tags[0]],
        ]);
        expect(await store.verdicts({ stream, detector: `${detector}x` })).toEqual([]);
        expect(await store.incidents({ stream, detector, limit: 1 })).toEqual([incident]);
        expect(await store.deadLetters({ source: `${stream}${source}` })).toMatchObject([{ stream, message: detector, payload: source }]);
        expect([...(await store.known(stream, batch.times, batch.seqs))]).toEqual([1, 1]);
      }),
      { numRuns: 25 },
    );
    expect(new Set((await store.streams()).map(({ stream }) => stream))).toEqual(taken);
  });

  it('a bucket of any name is read', async () => {
    const { orgs } = await influxRequest<{ orgs: { id: string }[] }>(
      { ...access, token: (await sharedInflux()).token },
      'GET',
      `/api/v2/orgs?org=${encodeURIComponent(access.org)}`,
    );
    const bucket = `a 'b' \\ \${r} ${access.bucket}`;
    const { token } = await sharedInflux();
    await influxRequest({ ...access, token }, 'POST', '/api/v2/buckets', { orgID: orgs[0].id, name: bucket, retentionRules: [] });
    const store = await open({ bucket, token });
    await store.openStream('plant', plant);
    await store.append(writing(rowsFrom(0, 3)));
    await store.commit();
    expect((await store.streams())[0].rows).toBe(3);
  });

  it('rows and verdicts of many pages, with bursts, gaps, equal times and late rows', async () => {
    const random = makeRandom(17);
    const rows = 40_000;
    const schema = makeSchema([{ name: 'a', kind: 'continuous' }]);
    const batch = allocateBatch('plant', schema, rows, true);
    const counts = new Map<bigint, number>();
    let newest = start;
    for (let row = 0; row < rows; row++) {
      // A burst of rows a microsecond apart, now and then a gap of some hours or months, many at one moment.
      const kind = random.next();
      if (row > 10_000 && row < 22_000) newest += 1000n;
      else if (kind < 0.0005) newest += BigInt(random.int(5000)) * 3600n * second;
      else if (kind < 0.9) newest += second;
      const time = kind > 0.98 ? newest - BigInt(random.int(60)) * second : newest;
      batch.times[row] = time;
      batch.seqs[row] = counts.get(time) ?? 0;
      counts.set(time, batch.seqs[row] + 1);
      batch.origins[row] = 2 * row;
      batch.values[row] = row % 7 === 0 ? Number.NaN : row;
      (batch.labels as Int8Array)[row] = (row % 3) - 1;
    }
    const verdicts: Verdicts = {
      detector: 'var',
      score: Float64Array.from({ length: rows }, (_, i) => i),
      grade: new Float64Array(rows).fill(Number.NaN),
      status: Int8Array.from({ length: rows }, (_, i) => (i % 4000 < 10 ? Status.error : Status.ok)),
      contributions: { rows: [], tags: [], shares: [], rest: [] },
    };
    const store = await storeWith(batch, [verdicts]);
    const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) =>
      batch.times[a] < batch.times[b] ? -1 : batch.times[a] > batch.times[b] ? 1 : batch.seqs[a] - batch.seqs[b],
    );
    const isAt = ({ times, seqs, labels, columns }: RowsResult, expected: readonly number[]): void => {
      expect(Buffer.compare(bytesOf(times), bytesOf(BigInt64Array.from(expected, (row) => batch.times[row])))).toBe(0);
      expect(Buffer.compare(bytesOf(seqs), bytesOf(Int32Array.from(expected, (row) => batch.seqs[row])))).toBe(0);
      expect(Buffer.compare(bytesOf(labels), bytesOf(Int8Array.from(expected, (row) => (row % 3) - 1)))).toBe(0);
      expect(Buffer.compare(bytesOf(columns[0]), bytesOf(Float64Array.from(expected, (row) => batch.values[row])))).toBe(0);
    };
    isAt(await store.rows({ stream: 'plant' }), order);
    for (const limit of [1, 333, 17_000, 39_999]) {
      isAt(await store.rows({ stream: 'plant', limit }), order.slice(0, limit));
      isAt(await store.rows({ stream: 'plant', limit, last: true }), order.slice(-limit));
    }
    const scanned = concatBatches(await drain(store.scan({ stream: 'plant' })));
    expect(Buffer.compare(bytesOf(scanned.origins), bytesOf(batch.origins))).toBe(0);
    expect(Buffer.compare(bytesOf(scanned.values), bytesOf(batch.values))).toBe(0);
    const scores = async (query: object): Promise<number[]> => (await store.verdicts({ stream: 'plant', ...query })).map(({ score }) => score);
    expect(await scores({})).toEqual(order);
    expect(await scores({ limit: 20_000, last: true })).toEqual(order.slice(-20_000));
    expect(await scores({ flagged: true })).toEqual(order.filter((row) => row % 4000 < 10));
    expect(await scores({ flagged: true, limit: 25, last: true })).toEqual(order.filter((row) => row % 4000 < 10).slice(-25));
    // Rows far from each other, and others at moments where there is none.
    const asked = Array.from({ length: 300 }, () => random.int(rows));
    const known = await store.known(
      'plant',
      BigInt64Array.from(asked, (row, i) => batch.times[row] + BigInt(i % 2)),
      Int32Array.from(asked, (row) => batch.seqs[row]),
    );
    const stored = new Set(Array.from(batch.times, (time, i) => `${time}/${batch.seqs[i]}`));
    expect([...known]).toEqual(asked.map((row, i) => Number(stored.has(`${batch.times[row] + BigInt(i % 2)}/${batch.seqs[row]}`))));
  });

  it('streams of more tags than a query names', async () => {
    const schema = makeSchema(Array.from({ length: 150 }, (_, i) => ({ name: `T${i}`, kind: 'continuous' as const })));
    const batch = rowsFrom(0, 50, schema);
    const store = await storeWith(batch);
    for (const count of [1, 63, 64, 65, 150]) {
      const tags = schema.tags.slice(-count).map(({ name }) => name);
      const rows = await store.rows({ stream: 'plant', tags });
      for (const [i, column] of rows.columns.entries()) expect([...column]).toEqual(Array.from({ length: 50 }, (_, row) => row + (150 - count + i) / 10));
      const statistics = await store.statistics({ stream: 'plant', tags });
      expect(statistics.map((each) => [each.tag, each.count, each.min])).toEqual(tags.map((tag, i) => [tag, 50, (150 - count + i) / 10]));
    }
  });

  it('rows at the ends of time', async () => {
    const batch = rowsFrom(0, 3);
    batch.times.set([firstTime, -1n, lastTime]);
    const store = await storeWith(batch);
    expect([...(await store.rows({ stream: 'plant' })).times]).toEqual([firstTime, -1n, lastTime]);
    expect([...(await store.rows({ stream: 'plant', from: -(2n ** 70n), to: 2n ** 70n })).times]).toEqual([firstTime, -1n, lastTime]);
    expect([...(await store.rows({ stream: 'plant', limit: 1, last: true })).times]).toEqual([lastTime]);
    expect(concatBatches(await drain(store.scan({ stream: 'plant' }))).rows).toBe(3);
    expect(await store.streams()).toMatchObject([{ rows: 3, first: firstTime, last: lastTime }]);
    expect((await store.statistics({ stream: 'plant', to: 0n }))[0]).toMatchObject({ count: 2, missing: 0 });
  });

  it('what others put into the bucket disturbs nothing', async () => {
    const store = await storeWith(rowsFrom(0, 3));
    await writeLines(
      access,
      [
        `sensors,stream=plant extra="a, ""b""",FIT101=7 ${start + second / 2n}`,
        `sensors,stream=other FIT101=7,_origin=1 ${start}`,
        `sensors,stream=plant,room=3 FIT101=9 ${start}`,
        `temperature,room=3 FIT101=9 ${start}`,
      ].join('\n').replaceAll('""', '\\"'), // biome-ignore format: lines
    );
    const { times, columns } = await store.rows({ stream: 'plant' });
    expect([times.length, ...columns.map((column) => [...column])]).toEqual([3, [0, 1, 2], [0.1, 1.1, 2.1], [0.2, 1.2, 2.2]]);
    expect((await store.streams()).map(({ stream, rows }) => [stream, rows])).toEqual([['plant', 3]]);
  });

  it('a server that is away for a moment is asked again; one that stays away is an error', async () => {
    await storeWith(rowsFrom(0, 3));
    let refusals = 0;
    const proxy = await startProxy(access.url, (body) => (body.includes('"flux"') && refusals-- > 0 ? { status: 503 } : undefined));
    const store = await open({ url: proxy.url }, 'read');
    refusals = 2;
    expect((await store.rows({ stream: 'plant' })).times.length).toBe(3);
    refusals = 1000;
    await expect(store.rows({ stream: 'plant' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', kind: 'away' });
  });

  it('a token that is no longer good is an error at once', async () => {
    await storeWith(rowsFrom(0, 3));
    let denied = false;
    const proxy = await startProxy(access.url, () => (denied ? { status: 401 } : undefined));
    const store = await open({ url: proxy.url }, 'read');
    denied = true;
    await expect(store.verdicts({ stream: 'plant' })).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect(proxy.refused()).toBe(1);
  });

  it('an answer that breaks off is asked for again, and never taken for the whole', async () => {
    await storeWith(rowsFrom(0, 20_000));
    let breaks = 0;
    const url = await startBreakingProxy(access.url, () => breaks-- > 0);
    const store = await open({ url }, 'read');
    breaks = 3;
    expect((await store.rows({ stream: 'plant' })).times.length).toBe(20_000);
    breaks = 1000;
    await expect(store.rows({ stream: 'plant' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('an answer that the server gives up in its middle is asked for again, and says why', async () => {
    await storeWith(rowsFrom(0, 20_000));
    let breaks = 0;
    // As InfluxDB ends an answer that it cannot finish.
    const url = await startBreakingProxy(access.url, () => breaks-- > 0, '\r\n\r\n,error,reference\r\n,"no ""luck"", sorry",\r\n');
    const store = await open({ url }, 'read');
    breaks = 2;
    expect((await store.rows({ stream: 'plant' })).times.length).toBe(20_000);
    breaks = 1000;
    await expect(store.rows({ stream: 'plant' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('no "luck", sorry') });
  });

  it('no manifests, and no records', async () => {
    const store = await open({}, 'read');
    expect(await store.manifest('plant/0')).toBeUndefined();
    expect(await store.manifests()).toEqual([]);
    await expect(store.record('c0ffee')).rejects.toMatchObject({ code: 'RECORD_CORRUPT' });
  });

  it('an export leaves nothing behind but its file, also when it fails', async () => {
    const store = await storeWith(rowsFrom(0, 3));
    const folder = await mkdtemp(join(tmpdir(), 'sluice-reader-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const request = { what: 'rows', format: 'csv', stream: 'plant' } as const;
    expect(await store.export({ ...request, path: join(folder, 'rows.csv') })).toEqual({ rows: 3 });
    await expect(store.export({ ...request, path: join(folder, 'none', 'rows.csv') })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(store.export({ ...request, stream: 'none', path: join(folder, 'none.csv') })).rejects.toMatchObject({ code: 'USAGE' });
    expect(await readdir(folder)).toEqual(['rows.csv']);
  });
});

function oneVerdict(detector: string, { rows }: Batch): Verdicts {
  const explained = Array.from({ length: rows }, (_, i) => i);
  return {
    detector,
    score: new Float64Array(rows).fill(2),
    grade: new Float64Array(rows).fill(1),
    status: new Int8Array(rows).fill(Status.error),
    contributions: {
      rows: explained,
      tags: explained.flatMap(() => [0, ...new Array<number>(topContributions - 1).fill(-1)]),
      shares: explained.flatMap(() => [1, ...new Array<number>(topContributions - 1).fill(0)]),
      rest: explained.map(() => 0),
    },
  };
}

/** Passes on what is asked, but breaks off answers in their middle while told to: with these last words, or none. */
async function startBreakingProxy(target: string, breaks: () => boolean, words?: string): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const passed = request(new URL(incoming.url as string, target), { method: incoming.method as string, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode as number, answer.headers);
      let left = 20_000;
      answer.on('data', (piece: Buffer) => {
        if (outgoing.writableEnded || outgoing.destroyed) return;
        left -= piece.length;
        if (left > 0 || !breaks()) outgoing.write(piece);
        else if (words === undefined) outgoing.destroy();
        else outgoing.end(`${piece.subarray(0, piece.lastIndexOf('\n') + 1)}${words}`);
      });
      answer.on('end', () => outgoing.end());
    });
    passed.on('error', (error) => outgoing.destroy(error));
    incoming.pipe(passed);
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((closed) => proxy.close(() => closed())));
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

async function drain<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
