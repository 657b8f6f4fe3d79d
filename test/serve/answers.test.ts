import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldBuckets } from '../../connectors/conformance/store/plant.ts';
import { allocateBatch, sliceBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import { formatTime } from '../../core/time.ts';
import { isFlagged, Status } from '../../core/verdict.ts';
import * as api from '../../serve/api.ts';
import { plantSchema, plantStart } from '../pipeline/small-plant.ts';
import { type ServedPlant, servedPlant } from './served-plant.ts';

let plant: ServedPlant;
beforeAll(async () => {
  plant = await servedPlant();
});
afterAll(() => plant.close());

const second = 1_000_000_000n;
const iso = (seconds: number): string => formatTime(plantStart + BigInt(seconds) * second);
const ms = (time: bigint): number => Number(time / 1_000_000n);

/** What a path answers, which its schema allows. */
async function ask<T>(schema: { parse(value: unknown): T }, path: string): Promise<T> {
  const { status, body } = await plant.get(`/api${path}`);
  expect(status, JSON.stringify(body).slice(0, 300)).toBe(200);
  return schema.parse(body);
}

describe('the pipeline', () => {
  it('is told as it was understood, with the way that rows take', async () => {
    const info = await ask(api.pipelineInfo, '/pipeline');
    expect(info).toMatchObject({ stream: 'plant', lead: 'most', clock: 'original', timezone: null, simulator: false });
    expect(info.detectors.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'detector clusters',
      'detector joint',
      'detector constant-broken',
      'combination combined',
      'combination both',
      'combination most',
    ]);
    const ids = info.nodes.map(({ id }) => id);
    for (const { from, to } of info.edges) expect(ids).toEqual(expect.arrayContaining([from, to]));
    const reached = new Set(['source']);
    for (const _ of ids) for (const { from, to } of info.edges) if (reached.has(from)) reached.add(to);
    expect([...reached].sort()).toEqual([...ids].sort());
  });

  it('is told how it does: rows, warm-up, rates of the same edges, machine', async () => {
    const status = await ask(api.status, '/status');
    expect(status).toMatchObject({ ready: true, rows: { read: 3000, stored: 3000, dead: 0 }, streamCount: 1, services: [{ name: 'store', up: true }] });
    expect(status.streams).toMatchObject([{ stream: 'plant', warmUp: { stage: 'ready', have: 1500, need: 1500 }, newest: iso(2999) }]);
    // Rows of 2017: how old they are says nothing.
    expect(status.lag.seconds).toBeNull();
    const { edges } = await ask(api.pipelineInfo, '/pipeline');
    expect(status.edges.map(({ from, to }) => ({ from, to }))).toEqual(edges);
    expect(status.edges.find(({ to }) => to === 'store')?.rows).toBe(3000);
    expect(status.host.disk?.total).toBeGreaterThan(0);
  });
});

describe('series', () => {
  it('are the rows where there are few', async () => {
    const series = await ask(api.series, '/streams/plant/series?tags=LIT101,P102&last=100s');
    const stored = await plant.store.rows({ stream: 'plant', tags: ['LIT101', 'P102'], from: plantStart + 2900n * second });
    expect(series).toMatchObject({ level: 0, to: formatTime(plantStart + 2999n * second + 1_000_000n) });
    expect(series.times).toEqual(Array.from(stored.times, ms));
    expect(series.tags.map(({ value }) => value)).toEqual(stored.columns.map((column) => Array.from(column, (v) => (Number.isNaN(v) ? null : v))));
  });

  it.each([
    [100, 60_000],
    [20, 600_000],
  ])('of more rows than %i points are buckets of %i ms, those at the ends whole, the last one still open', async (points, level) => {
    const series = await ask(api.series, `/streams/plant/series?tags=AIT201,LIT101&points=${points}&from=${iso(95)}&to=${iso(2990)}`);
    const inOrder = await plant.store.rows({ stream: 'plant' });
    const batch = allocateBatch('plant', plantSchema, inOrder.times.length);
    batch.times.set(inOrder.times);
    for (const [t, column] of inOrder.columns.entries()) for (const [row, value] of column.entries()) batch.values[row * 6 + t] = value;
    const expected = foldBuckets(batch, level).filter(
      ({ time }) => time + BigInt(level) * 1_000_000n > plantStart + 95n * second && time < plantStart + 2990n * second,
    );
    expect(series.level).toBe(level);
    expect(series.times).toEqual(expected.map(({ time }) => ms(time)));
    expect(series.times.length).toBeLessThanOrEqual(points);
    for (const [i, t] of [5, 1].entries()) {
      expect(series.tags[i].min).toEqual(expected.map(({ min }) => min[t]));
      expect(series.tags[i].max).toEqual(expected.map(({ max }) => max[t]));
      expect(series.tags[i].value).toEqual(expected.map(({ sum, count }) => sum[t] / count[t]));
    }
  });

  it('of more than the longest kept buckets are those folded once more', async () => {
    const { store } = plant;
    const schema = makeSchema([{ name: 'level', kind: 'continuous' }]);
    const batch = allocateBatch('tank', schema, 60);
    for (let row = 0; row < 60; row++) {
      batch.times[row] = plantStart + BigInt(row) * 3_600n * second;
      batch.values[row] = row % 7 === 3 ? Number.NaN : row;
    }
    await store.openStream('tank', schema);
    await store.append({ batch, verdicts: [], incidents: [], thresholds: [], buckets: foldBuckets(batch, 3_600_000).slice(0, 40) });
    await store.commit();
    const series = await ask(api.series, '/streams/tank/series?tags=level&points=20');
    expect(series.level).toBe(6 * 3_600_000);
    const groups = new Map<number, number[]>();
    for (let row = 0; row < 60; row++) {
      const start = Math.floor(ms(batch.times[row]) / series.level) * series.level;
      groups.set(start, [...(groups.get(start) ?? []), ...(row % 7 === 3 ? [] : [row])]);
    }
    expect(series.times).toEqual([...groups.keys()]);
    expect(series.tags[0].max).toEqual([...groups.values()].map((values) => Math.max(...values)));
    expect(series.tags[0].value).toEqual([...groups.values()].map((values) => values.reduce((a, b) => a + b, 0) / values.length));
  });
});

describe('scores', () => {
  it('are the verdicts row by row where there are few', async () => {
    const { detectors, thresholds, level } = await ask(api.scores, '/streams/plant/scores?detectors=combined,clusters&rows=80');
    expect([level, detectors.map(({ detector }) => detector)]).toEqual([0, ['combined', 'clusters']]);
    const verdicts = await plant.store.verdicts({ stream: 'plant', detector: 'combined', limit: 80, last: true });
    expect(detectors[0].score).toEqual(verdicts.map(({ score }) => score));
    expect(detectors[0].status).toEqual(verdicts.map(({ status }) => status));
    expect(thresholds.map(({ detector }) => detector).sort()).toEqual(['clusters', 'combined']);
  });

  it('of more rows are the largest and the worst of each bucket, the same buckets as those of series', async () => {
    const range = `from=${iso(1700)}&to=${iso(2800)}&points=30`;
    const { detectors, level } = await ask(api.scores, `/streams/plant/scores?detectors=joint&${range}`);
    const series = await ask(api.series, `/streams/plant/series?tags=LIT101&${range}`);
    const [{ times, score, status }] = detectors;
    expect([level, times]).toEqual([series.level, series.times]);
    const verdicts = await plant.store.verdicts({ stream: 'plant', detector: 'joint' });
    for (const [i, start] of times.entries()) {
      const own = verdicts.filter(({ time }) => ms(time) >= start && ms(time) < start + level);
      expect(score[i]).toBe(Math.max(...own.map((each) => each.score)));
      expect(status[i]).toBe(Math.min(...own.map((each) => each.status)));
    }
    expect(status).toContain(Status.error);
  });
});

describe('rows', () => {
  it('are the newest of the range, with a verdict beside each and whether there are more', async () => {
    const rows = await ask(api.rows, `/streams/plant/rows?to=${iso(1950)}&limit=20&tags=LIT101,MV101&detector=combined`);
    const stored = await plant.store.rows({ stream: 'plant', tags: ['LIT101', 'MV101'], to: plantStart + 1950n * second, limit: 20, last: true });
    expect(rows).toMatchObject({ tags: ['LIT101', 'MV101'], detector: 'combined', more: true });
    expect(rows.times).toEqual(Array.from(stored.times, ms));
    expect(rows.labels).toEqual(Array.from(stored.labels));
    expect(rows.columns[0]).toEqual(Array.from(stored.columns[0], (value) => (Number.isNaN(value) ? null : value)));
    const verdicts = await plant.store.verdicts({ stream: 'plant', detector: 'combined', to: plantStart + 1950n * second, limit: 20, last: true });
    expect([rows.score, rows.status]).toEqual([verdicts.map(({ score }) => score), verdicts.map(({ status }) => status)]);
    expect((await ask(api.rows, '/streams/plant/rows?last=9s')).more).toBe(false);
  });

  it('before the end of the warm-up have no verdict', async () => {
    const { status, score } = await ask(api.rows, `/streams/plant/rows?to=${iso(3)}&tags=`);
    expect([new Set(status), new Set(score)]).toEqual([new Set([Status.undefined]), new Set([null])]);
  });

  it('as CSV are all rows of the range, whatever they are called', async () => {
    const { headers, body } = await plant.get(`/api/streams/plant/rows.csv?from=${iso(10)}&to=${iso(2900)}`);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="plant_2017-07-14T02-40-10Z_2017-07-14T03-28-19Z\.csv"/);
    const lines = (body as string).trimEnd().split('\r\n');
    const stored = await plant.store.rows({ stream: 'plant', from: plantStart + 10n * second, to: plantStart + 2900n * second });
    expect(lines).toHaveLength(1 + stored.times.length);
    expect(lines[0]).toBe('time,FIT101,LIT101,MV101,P101,P102,AIT201,label');
    for (const row of [0, 1, 777, stored.times.length - 1]) {
      const values = stored.columns.map((column) => (Number.isNaN(column[row]) ? '' : String(column[row])));
      expect(lines[row + 1]).toBe([formatTime(stored.times[row]), ...values, stored.labels[row]].join(','));
    }
  });

  it('as CSV hold nothing that a spreadsheet takes for a formula', async () => {
    const schema = makeSchema(['=1+1', '@SUM(A1)', '-a "b", c', 'plain'].map((name) => ({ name, kind: 'continuous' as const })));
    const batch = allocateBatch('=cmd', schema, 1);
    batch.values.set([-1, 2, Number.NaN, 4e-7]);
    await plant.store.openStream('=cmd', schema);
    await plant.store.append({ batch, verdicts: [], incidents: [], thresholds: [], buckets: [] });
    await plant.store.commit();
    const { body } = await plant.get('/api/streams/%3Dcmd/rows.csv');
    expect(body).toBe(`time,'=1+1,'@SUM(A1),"'-a ""b"", c",plain,label\r\n1970-01-01T00:00:00Z,-1,2,,4e-7,\r\n`);
  });
});

describe('figures', () => {
  it('streams with their tags', async () => {
    const streams = await ask(api.streams, '/streams');
    const found = streams.find(({ stream }) => stream === 'plant');
    expect(found).toMatchObject({ rows: 3000, first: iso(0), last: iso(2999) });
    expect(found?.tags[2]).toEqual({ name: 'MV101', kind: 'discrete', unit: null, stage: 'P1', description: null });
  });

  it('statistics are the store’s', async () => {
    const figures = await ask(api.statistics, `/streams/plant/statistics?tags=LIT101,P102&from=${iso(100)}&to=${iso(500)}`);
    expect(figures).toEqual(
      await plant.store.statistics({ stream: 'plant', tags: ['LIT101', 'P102'], from: plantStart + 100n * second, to: plantStart + 500n * second }),
    );
  });

  it('distribution counts every row with a value once', async () => {
    const asked = '/streams/plant/distribution?tag=LIT101&bins=12&detector=combined';
    const { edges, normal, anomalous, undefined: without, rows, newest } = await ask(api.distribution, asked);
    const { columns } = await plant.store.rows({ stream: 'plant', tags: ['LIT101'] });
    const values = columns[0].filter((value) => !Number.isNaN(value));
    expect([edges.length, edges[0], edges[12], newest]).toEqual([13, Math.min(...values), Math.max(...values), false]);
    const total = (column: readonly number[]): number => column.reduce((a, b) => a + b, 0);
    expect([rows, total(normal) + total(anomalous) + total(without)]).toEqual([values.length, values.length]);
    expect(total(without)).toBeGreaterThanOrEqual(1490);
    // The attack lifts the level to 1,200: a bin of its own. Smoothed scores follow a few rows later.
    expect([normal[11] + anomalous[11], anomalous[11] > 50]).toEqual([60, true]);
  });

  it('agreement counts flagged rows of each and of both', async () => {
    const { detectors, flagged, jaccard, times, share, rows, level } = await ask(api.agreement, '/streams/plant/agreement?detectors=joint,combined');
    const rowsOf = async (detector: string): Promise<Set<string>> =>
      new Set((await plant.store.verdicts({ stream: 'plant', detector, flagged: true })).map(({ time, seq }) => `${time}/${seq}`));
    const [a, b] = await Promise.all(detectors.map(rowsOf));
    const both = [...a].filter((row) => b.has(row)).length;
    expect([rows, flagged]).toEqual([3000, [a.size, b.size]]);
    expect(jaccard).toEqual([[1, both / (a.size + b.size - both)], [both / (a.size + b.size - both), 1]]); // biome-ignore format: one line
    const at = (row: number): number => Math.floor((ms(plantStart) + row * 1000) / level) * level;
    expect(share[0][times.indexOf(at(1930))]).toBeGreaterThan(0.5);
    // Nothing was judged in the warm-up.
    expect(share[0][times.indexOf(at(700))]).toBeNull();
  });
});

describe('incidents', () => {
  it('are listed, newest last, and told in full', async () => {
    const { incidents, more } = await ask(api.incidents, '/incidents?detector=combined');
    const stored = await plant.store.incidents({ detector: 'combined' });
    expect([incidents.map(({ id }) => id), more]).toEqual([stored.map(({ id }) => id), false]);
    const level = incidents.find(({ start }) => start >= iso(1900) && start < iso(1910));
    expect(level?.tags[0]).toMatchObject({ tag: 'LIT101', stage: 'P1' });
    expect(level?.stages[0].stage).toBe('P1');
    const last = await ask(api.incidents, '/incidents?limit=1');
    expect([last.more, last.incidents[0].start]).toEqual([true, (await ask(api.incidents, '/incidents')).incidents.at(-1)?.start]);

    const detail = await ask(api.incidentDetail, `/incidents/${level?.id}`);
    expect(detail).toMatchObject({ ...level, contributions: expect.arrayContaining(level?.tags ?? []) });
    for (const { detector, rows, flagged, first } of detail.agreed) {
      const own = (await plant.store.verdicts({ stream: 'plant', detector })).filter(
        ({ time, status }) => formatTime(time) >= detail.start && formatTime(time) <= detail.end && status !== Status.undefined,
      );
      const bad = own.filter(({ status }) => isFlagged(status));
      expect([rows, flagged, first]).toEqual([own.length, bad.length, bad.length === 0 ? null : formatTime(bad[0].time)]);
    }
    expect(detail.agreed.find(({ detector }) => detector === 'combined')?.flagged).toBe(detail.rows);
  });

  it('are asked for by time, and by whether they are open', async () => {
    const all = (await ask(api.incidents, '/incidents?limit=1000')).incidents;
    const { incidents } = await ask(api.incidents, `/incidents?from=${iso(2300)}&to=${iso(2600)}`);
    expect(incidents).toEqual(all.filter(({ start, end }) => start < iso(2600) && end >= iso(2300)));
    expect((await ask(api.incidents, '/incidents?open=true')).incidents).toEqual(all.filter(({ open }) => open));
  });

  it('are marked, marked otherwise and not any more', async () => {
    const [{ id }] = (await ask(api.incidents, '/incidents?detector=combined')).incidents;
    const mark = async (): Promise<unknown> => (await ask(api.incidentDetail, `/incidents/${id}`)).mark;
    expect(await mark()).toBeNull();
    expect((await plant.send('PUT', `/api/incidents/${id}/mark`, { alarm: 'true', note: 'valve, "stuck"' })).status).toBe(204);
    expect(await mark()).toEqual({ alarm: 'true', note: 'valve, "stuck"' });
    expect((await plant.send('PUT', `/api/incidents/${id}/mark`, { alarm: 'false' })).status).toBe(204);
    expect((await ask(api.incidents, '/incidents?detector=combined')).incidents[0].mark).toEqual({ alarm: 'false', note: '' });
    expect((await plant.send('DELETE', `/api/incidents/${id}/mark`)).status).toBe(204);
    expect(await mark()).toBeNull();
  });
});

describe('a mistake', () => {
  it.each([
    ['/streams/plant/series', 400, 'tags', /query parameter 'tags' is missing/],
    ['/streams/plant/series?tags=LIT101&from=yesterday', 400, 'from', /'yesterday'.*/],
    ['/streams/plant/series?tags=LIT101&last=5 minutes', 400, 'last', /'5 minutes': expected a span/],
    ['/streams/plant/series?tags=LIT101&points=3', 400, 'points', /'3'/],
    ['/streams/plant/series?tags=LIT101&point=30', 400, 'point', /no query parameter 'point'/],
    ['/streams/plant/series?tags=LIT101&from=2017-07-14T03:00:00Z&to=2017-07-14T02:00:00Z', 400, 'from', /is not before/],
    ['/streams/plant/series?tags=LIT101&last=5m&rows=7', 400, 'rows', /'last' and 'rows' both say/],
    ['/streams/plant/series?tags=LIT101&tags=FIT101', 400, 'tags', /expected string/],
    ['/streams/plant/series?tags=LIT10', 404, 'tag', /no tag 'LIT10'/],
    ['/streams/plants/statistics', 404, 'stream', /no stream 'plants'/],
    ['/streams/plant/scores?detectors=combine', 404, 'detector', /no detector 'combine'/],
    ['/incidents/none', 404, 'id', /no incident 'none'/],
    ['/incidents?stream=other', 404, 'stream', /no stream 'other'/],
  ])('%s says what, where and what to do', async (path, status, place, message) => {
    const answer = await plant.get(`/api${path}`);
    expect(answer.status).toBe(status);
    const { error } = api.problem.parse(answer.body);
    expect(error).toMatchObject({ place, message: expect.stringMatching(message), fix: expect.any(String) });
  });

  it('in a body too', async () => {
    const [{ id }] = (await ask(api.incidents, '/incidents')).incidents;
    const { status, body } = await plant.send('PUT', `/api/incidents/${id}/mark`, { alarm: 'maybe' });
    expect([status, body.error.place, body.error.message]).toEqual([400, 'alarm', expect.stringContaining("'maybe'")]);
    const form = await fetch(`${plant.url}/api/incidents/${id}/mark`, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: '{"alarm":"true"}' });
    expect(form.status).toBe(415);
  });
});

it('a store that cannot be asked is 503 with the reason, and asked again at the next request', async () => {
  const { SluiceError } = await import('../../core/errors.ts');
  let away = true;
  const store = async () => {
    if (away) throw new SluiceError('STORE_UNAVAILABLE', 'InfluxDB does not answer', { place: 'http://127.0.0.1:1' });
    return plant.store;
  };
  const server = await plant.serve({ api: { registry: plant.registry, store } });
  const answer = await fetch(`${server.url}/api/streams`);
  expect([answer.status, await answer.json()]).toEqual([
    503,
    { error: { code: 'STORE_UNAVAILABLE', message: 'InfluxDB does not answer', place: 'http://127.0.0.1:1' } },
  ]);
  away = false;
  expect((await fetch(`${server.url}/api/streams`)).status).toBe(200);
});

it('requests that read the store wait for their turn; too many are told to come back, and those who went leave their place', async () => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const server = await plant.serve({ api: { registry: plant.registry, store: () => opened.then(() => plant.store) } });
  const path = '/api/streams/plant/series?tags=LIT101&rows=5';
  const [taken, more] = [52, 8];
  const refused: string[] = [];
  const waiting = new Set<Socket>();
  await new Promise<void>((full) => {
    for (let n = 0; n < taken + more; n++) {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`));
      waiting.add(socket);
      socket.setEncoding('utf8').once('data', (text: string) => {
        waiting.delete(socket);
        socket.destroy();
        if (refused.push(text) === more) full();
      });
    }
  });
  for (const text of refused) expect(text).toMatch(/^HTTP\/1.1 503 .*\r\nretry-after: \d+\r\n.*"code":"TOO_MANY_QUERIES"/s);
  expect((await fetch(`${server.url}/api/status`)).status).toBe(200);
  expect(waiting.size).toBe(taken);
  await Promise.all(Array.from(waiting, (socket) => new Promise((gone) => socket.once('close', gone).end())));
  const late = fetch(server.url + path);
  expect((await fetch(`${server.url}/api/status`)).status).toBe(200);
  open();
  expect((await late).status).toBe(200);
});

it('rows that were pushed later are there once they are durable', async () => {
  await plant.push(3000, 3200);
  const { times } = await ask(api.series, '/streams/plant/series?tags=LIT101&rows=5');
  const expected = sliceBatch(plant.rows, 0, 3200).times.slice().sort().subarray(-5);
  expect(times).toEqual(Array.from(expected, ms));
});
