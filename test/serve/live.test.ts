import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as api from '../../serve/api.ts';
import { type ServedPlant, servedPlant } from './served-plant.ts';

let plant: ServedPlant;
beforeAll(async () => {
  plant = await servedPlant({ taken: 1700 });
});
afterAll(() => plant.close());

interface Feed {
  readonly events: { readonly event: string; readonly data: unknown }[];
  /** The events of a kind so far, as their schema has them. */
  of<T>(event: string, schema: { parse(value: unknown): T }): T[];
  readonly ended: Promise<void>;
  close(): void;
}

/** Listens by the rules of Server-Sent Events. */
async function listen(path: string, url = plant.url): Promise<Feed> {
  const abort = new AbortController();
  const response = await fetch(`${url}/api/live${path}`, { signal: abort.signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const events: Feed['events'] = [];
  const read = async (): Promise<void> => {
    let rest = '';
    const pieces = (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(new TextDecoderStream());
    for await (const piece of pieces as unknown as AsyncIterable<string>) {
      const blocks = (rest + piece).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
        if (event !== undefined) events.push({ event, data: JSON.parse(data) });
        else expect(block).toMatch(/^(: |retry: \d+$)/);
      }
    }
  };
  const ended = read().catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
  return {
    ...{ events, ended, close: () => abort.abort() },
    of: (event, schema) => events.filter((each) => each.event === event).map(({ data }) => schema.parse(data)),
  };
}

it('begins with hello; rows come with their verdicts, each once and in order, to all who asked for them', async () => {
  const wishes = '?stream=plant&tags=LIT101,MV101&detectors=joint,combined&rate=10';
  const feeds = await Promise.all([listen(wishes), listen(wishes), listen('?stream=plant&tags=FIT101')]);
  await plant.push(1700, 1750);
  await plant.push(1750, 1790);
  for (const [i, feed] of feeds.entries()) {
    await expect.poll(() => feed.of('rows', api.liveRows).reduce((n, { times }) => n + times.length, 0)).toBe(90);
    const [hello] = feed.of('hello', api.liveHello);
    expect([feed.events[0].event, hello]).toEqual([
      'hello',
      { version: plant.runtime.version, startedAt: plant.runtime.startedAt.toISOString(), stream: 'plant' },
    ]);
    const frames = feed.of('rows', api.liveRows);
    expect(frames.every(({ skipped }) => skipped === 0)).toBe(true);
    const columns = i < 2 ? 2 : 1;
    const all = Array.from({ length: columns }, (_, t) => frames.flatMap(({ tags }) => tags[t]));
    const { times, columns: stored } = await plant.store.rows({ stream: 'plant', tags: i < 2 ? ['LIT101', 'MV101'] : ['FIT101'], limit: 90, last: true });
    // As they came: a few rows are late.
    const order = frames.flatMap((frame) => frame.times).map((time, at) => ({ time, at })).sort((a, b) => a.time - b.time); // biome-ignore format: one line
    expect(order.map(({ time }) => time)).toEqual(Array.from(times, (time) => Number(time / 1_000_000n)));
    expect(new Set(all[0].map(String))).toEqual(new Set(Array.from(stored[0], (value) => String(Number.isNaN(value) ? null : value))));
    expect(frames[0].verdicts.map(({ detector }) => detector)).toEqual(i < 2 ? ['joint', 'combined'] : []);
    for (const { times: own, verdicts } of frames)
      for (const { score, status } of verdicts) expect([score.length, status.length]).toEqual([own.length, own.length]);
    feed.close();
  }
});

it('more rows than a frame holds are thinned out, and counted', async () => {
  const feed = await listen('?stream=plant&tags=LIT101&rate=1');
  // Together before the first frame: those that are pushed at once come at once.
  await plant.push(1790, 1850);
  await plant.push(1850, 4600);
  const told = (): number[] => {
    const frames = feed.of('rows', api.liveRows);
    for (const { times } of frames) expect(times.length).toBeLessThanOrEqual(600);
    return [frames.reduce((n, { times }) => n + times.length, 0), frames.reduce((n, { skipped }) => n + skipped, 0)];
  };
  await expect.poll(() => told().reduce((a, b) => a + b)).toBe(2810);
  expect(told()[1]).toBeGreaterThan(2000);
  feed.close();
});

it('incidents come as they open and close, and as they are marked; status each second', async () => {
  const [feed, other] = await Promise.all([listen('?stream=plant'), listen('')]);
  const wanted = { from: 4700, to: 4760, tag: 'LIT101', value: 1200 };
  for (let row = wanted.from; row < wanted.to; row++) plant.rows.values[row * plant.rows.schema.tags.length + 1] = wanted.value;
  await plant.push(4600, 4730);
  await plant.push(4730, 4900);
  const changes = (of: Feed): api.LiveIncident[] => of.of('incident', api.liveIncident).filter(({ incident }) => incident.detector === 'combined');
  await expect.poll(() => changes(feed).map(({ change }) => change)).toEqual(expect.arrayContaining(['opened', 'closed']));
  const [{ incident }] = changes(feed);
  expect(incident.tags[0]).toMatchObject({ tag: 'LIT101', stage: 'P1' });
  await expect.poll(() => feed.of('status', api.status).length).toBeGreaterThan(0);
  expect((await plant.send('PUT', `/api/incidents/${incident.id}/mark`, { alarm: 'true', note: 'seen' })).status).toBe(204);
  for (const each of [feed, other])
    await expect.poll(() => changes(each).at(-1)).toMatchObject({ change: 'marked', incident: { id: incident.id, mark: { alarm: 'true', note: 'seen' } } });
  expect(feed.of('rows', api.liveRows)).toEqual([]);
  for (const each of [feed, other]) each.close();
});

it('who asks for what there is not is told so', async () => {
  for (const [path, status] of [
    ['?stream=other', 404],
    ['?stream=plant&tags=LIT', 404],
    ['?rate=11', 400],
  ] as const) {
    // biome-ignore format: a table
    const { status: found, body } = await plant.get(`/api/live${path}`);
    expect([found, api.problem.parse(body).error.fix]).toEqual([status, expect.any(String)]);
  }
  expect((await fetch(`${plant.url}/api/live`, { method: 'HEAD' })).status).toBe(405);
});

it('is let go when the server closes, at once', async () => {
  const server = await plant.serve();
  const feeds = await Promise.all(Array.from({ length: 20 }, () => listen('?stream=plant&tags=LIT101', server.url)));
  await server.close();
  // A connection that is cut off after the grace fails instead of ending.
  await Promise.all(feeds.map(({ ended }) => ended));
});

it('takes so many clients, and tells others to come later', async () => {
  const server = await plant.serve();
  const open = await Promise.all(
    Array.from({ length: 300 }, () => new Promise<IncomingMessage>((done, fail) => get(`${server.url}/api/live`, done).on('error', fail))),
  );
  expect(open.every(({ statusCode }) => statusCode === 200)).toBe(true);
  const refused = await fetch(`${server.url}/api/live`);
  expect([refused.status, api.problem.parse(await refused.json()).error.code]).toEqual([503, 'TOO_MANY_CLIENTS']);
  for (const each of open) each.destroy();
  await expect.poll(async () => {
    const again = await fetch(`${server.url}/api/live`);
    await again.body?.cancel();
    return again.status;
  }).toBe(200); // biome-ignore format: one poll
});
