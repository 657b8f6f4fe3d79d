import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { defineDetector } from '../../core/component.ts';
import { makeSchema } from '../../core/schema.ts';
import { formatTime } from '../../core/time.ts';
import type { IncidentTurn } from '../../processor/incidents.ts';
import { type DetectorNotices, decide } from '../../processor/notice-policy.ts';
import { plantStart } from '../pipeline/small-plant.ts';
import { push, type Workbench, workbench } from '../pipeline/workbench.ts';
import { notice, senderOf } from './notice-samples.ts';
import { openReceiver } from './receiver.ts';

/** By hand: the square of the distance from the mean, of which each column contributes its own part. */
const distance = defineDetector({
  type: 'square-distance',
  summary: 'Squared distance from the mean.',
  fails: 'Everything else.',
  cost: 'One multiplication a cell.',
  source: 'Euclid',
  finds: [],
  attribution: 'Exact.',
  options: z.strictObject({}),
  fit: () => ({}),
  score(_model, { rows, cols, values }, out) {
    for (let i = 0; i < rows; i++) out[i] = values.subarray(i * cols, (i + 1) * cols).reduce((sum, x) => sum + x * x, 0);
  },
  explain(_model, _state, row, out) {
    out.reference.fill(0);
    out.weight.set(row);
  },
});

const text = `
stream: tank
source: { type: csv, path: not-read.csv }
train: { rows: 40, calibrate: none }
views: { plain: [{ standardise: {} }] }
detectors: { far: { type: square-distance, view: plain } }
threshold: { warn: { fixed: 4 }, error: { fixed: 9 } }
combine: { either: { any: [far] } }
outputs: []
incidents: { open: 3s, close: 10s, merge: 20s }
`;

const schema = makeSchema([
  { name: 'LEVEL', kind: 'continuous', unit: 'mm' },
  { name: 'FLOW', kind: 'continuous' },
]);

interface Excursion {
  readonly from: number;
  readonly to: number;
  readonly level?: number;
  readonly flow?: number;
}

/** A row a second: LEVEL swings between 95 and 105, so its mean is 100 and its deviation 5; FLOW between 9 and 11. */
function rowsWith(excursions: readonly Excursion[], rows = 1200): Batch {
  const batch = allocateBatch('tank', schema, rows);
  for (let row = 0; row < rows; row++) {
    const away = excursions.find(({ from, to }) => row >= from && row < to);
    batch.times[row] = plantStart + BigInt(row) * 1_000_000_000n;
    batch.values[2 * row] = away?.level ?? (row % 2 === 0 ? 95 : 105);
    batch.values[2 * row + 1] = away?.flow ?? (row % 2 === 0 ? 9 : 11);
  }
  return batch;
}

const second = (row: number): string => formatTime(plantStart + BigInt(row) * 1_000_000_000n);

interface Told {
  readonly change: string;
  /** Row of the newest flagged row. */
  readonly at: number;
  readonly heldBack: number;
}

describe('which incidents are told', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench(text, [distance]);
  });
  afterAll(() => bench.close());

  let stores = 0;
  /** What a webhook with these options is sent, over any batches and with a restart at each of the rows. */
  async function told(options: object, excursions: readonly Excursion[], { sizes = [1200], restarts = [] as number[] } = {}) {
    const receiver = await openReceiver();
    const store = await bench.openStore(`rules-${stores++}`);
    const counted: string[] = [];
    const rows = rowsWith(excursions);
    let from = 0;
    for (const to of [...restarts, rows.rows]) {
      const notices = await senderOf({ webhook: { url: receiver.url, ...options } });
      const pipeline = await bench.openPipeline(store, {
        outputs: [{ notices, close: async () => {} }],
        observer: { notified: (_, outcome) => counted.push(outcome) },
      });
      await push(pipeline, rows, sizes, from, to);
      await pipeline.commit();
      await pipeline.sendWaiting(10_000);
      await pipeline.stopSending(0);
      await pipeline.commit();
      from = to;
    }
    await store.close();
    const bodies = receiver.received.map(({ body }) => body);
    const summary = bodies.map(({ event, end, heldBack }): Told => {
      return { change: event.replace('incident-', ''), at: Number((BigInt(Date.parse(end)) * 1_000_000n - plantStart) / 1_000_000_000n), heldBack };
    });
    return { bodies, summary, counted: counted.filter((outcome) => outcome !== 'sent') };
  }

  it('says what the main tag read and what was expected, in its own unit', async () => {
    const { bodies } = await told({ detectors: ['far', 'either'] }, [{ from: 100, to: 110, level: 130, flow: 8 }]);
    expect(bodies.map(({ detector, event }) => `${detector} ${event}`)).toEqual([
      'far incident-opened',
      'either incident-opened',
      'far incident-closed',
      'either incident-closed',
    ]);
    for (const { tags, peakScore, detector } of bodies) {
      // LEVEL lies (130 - 100) / 5 = 6 deviations off and FLOW (8 - 10) / 1 = -2: 36 + 4.
      if (detector === 'far') expect(peakScore).toBeCloseTo(40, 9);
      expect(tags).toEqual([
        { tag: 'LEVEL', unit: 'mm', share: expect.closeTo(0.9, 9), direction: 'above', actual: expect.closeTo(130, 9), expected: expect.closeTo(100, 9) },
        { tag: 'FLOW', share: expect.closeTo(-0.1, 9), direction: 'below', actual: expect.closeTo(8, 9), expected: expect.closeTo(10, 9) },
      ]);
    }
    expect(bodies[0]).toMatchObject({ start: second(100), end: second(103), rows: 4 });
    expect(bodies[2]).toMatchObject({ start: second(100), end: second(109), rows: 10 });
  });

  it.each([
    ['LEVEL', 'above', 30, 0],
    ['LEVEL', 'above', 29, 2],
    ['LEVEL', 'below', 30, 2],
    ['FLOW', 'above', 30, 2],
    ['MISSING', 'above', 1000, 2],
  ])('of LEVEL 30 per cent above, with %s %s ignored within %i per cent, there are %i messages', async (tag, direction, within, messages) => {
    const { summary, counted } = await told({ detectors: ['far'], ignore: [{ tag, direction, within }] }, [{ from: 100, to: 110, level: 130 }]);
    expect(summary).toHaveLength(messages);
    expect(counted).toEqual(messages === 0 ? ['ignored'] : []);
  });

  it('one that was ignored is told as soon as no rule covers it any more', async () => {
    const ignore = [{ tag: 'LEVEL', direction: 'above', within: 30 }];
    const { summary, bodies } = await told({ detectors: ['far'], ignore }, [
      { from: 100, to: 110, level: 130 },
      { from: 110, to: 115, level: 131 },
    ]);
    expect(summary).toEqual([
      { change: 'opened', at: 110, heldBack: 0 },
      { change: 'closed', at: 114, heldBack: 0 },
    ]);
    expect(bodies[0].start).toBe(second(100));
    expect(bodies[0].key).toMatch(/\/1\/opened$/);
  });

  const short = (from: number): Excursion => ({ from, to: from + 10, level: 130 });

  it('during a cool-down others are held back, and the next message says how many', async () => {
    // The first is over at row 119, when ten seconds were quiet: until row 719 all others are held back.
    const { summary, counted } = await told({ detectors: ['far'], cooldown: '10m' }, [short(100), short(200), short(300), short(800)]);
    expect(summary).toEqual([
      { change: 'opened', at: 103, heldBack: 0 },
      { change: 'closed', at: 109, heldBack: 0 },
      { change: 'opened', at: 803, heldBack: 2 },
      { change: 'closed', at: 809, heldBack: 0 },
    ]);
    expect(counted).toEqual(['held', 'held']);
  });

  it('of a late row, which may lie before the last message, there is none unless asked for', () => {
    const known = new Map<string, DetectorNotices>();
    const turn = (id: string, at: bigint): IncidentTurn => {
      const peak = { start: at, end: at, peakTime: at, peakScore: 9, peakGrade: 1, rows: 1, causes: [], contributions: new Float64Array(0) };
      const none = new Float64Array(0);
      return { incident: { id, stream: 'tank', detector: 'far', open: true, ...peak }, turn: 'opened', number: 1, at, actual: none, expected: none };
    };
    const decided = (id: string, at: bigint, cooldown: number): unknown => decide(turn(id, at), schema, { cooldown, ignore: [] }, known);
    expect(decided('first', plantStart, 0)).toHaveProperty('notice');
    expect(decided('late', plantStart - 1n, 0)).toHaveProperty('notice');
    expect(decided('later', plantStart, 1000)).toEqual({ outcome: 'held' });
  });

  it('nothing is sent before the commit that makes it durable', async () => {
    const receiver = await openReceiver();
    const store = await bench.openStore(`rules-${stores++}`);
    const notices = await senderOf({ webhook: { url: receiver.url, detectors: ['far'] } });
    const pipeline = await bench.openPipeline(store, { outputs: [{ notices, close: async () => {} }] });
    await push(pipeline, rowsWith([short(100)]), [1200], 0, 1200);
    await pipeline.sendWaiting(10_000);
    expect(receiver.received).toEqual([]);
    await pipeline.commit();
    await pipeline.sendWaiting(10_000);
    expect(receiver.received).toHaveLength(2);
    await pipeline.stopSending(0);
    await store.close();
  });

  it('is each detector on its own', async () => {
    const { bodies } = await told({ cooldown: '10m' }, [short(100)]);
    expect(bodies.map(({ detector }) => detector)).toEqual(['far', 'either', 'far', 'either']);
  });

  it('one that still goes on when the cool-down is over is told then', async () => {
    const { summary } = await told({ detectors: ['far'], cooldown: '10m' }, [short(100), short(200), { from: 300, to: 900, level: 130 }]);
    expect(summary).toEqual([
      { change: 'opened', at: 103, heldBack: 0 },
      { change: 'closed', at: 109, heldBack: 0 },
      // Looked at every minute since row 300; the one of row 200 is what was held back.
      { change: 'opened', at: 720, heldBack: 1 },
      { change: 'closed', at: 899, heldBack: 0 },
    ]);
  });

  it('an incident that goes on after it was closed is told, also during the cool-down', async () => {
    const { summary, bodies } = await told({ detectors: ['far'], cooldown: '10m' }, [short(100), short(125), short(300)]);
    expect(summary.map(({ change, at }) => `${change} ${at}`)).toEqual(['opened 103', 'closed 109', 'continued 128', 'closed 134']);
    expect(new Set(bodies.map(({ incident }) => incident)).size).toBe(1);
    expect(bodies.map(({ key }) => key.split('/').slice(1).join('/'))).toEqual(['1/opened', '2/closed', '3/continued', '4/closed']);
  });

  it('decides the same however rows are batched, and over restarts', async () => {
    const options = { cooldown: '5m', ignore: [{ tag: 'LEVEL', direction: 'above', within: 30 }] };
    const excursions = [
      ...[short(100), short(125), { from: 200, to: 210, level: 60 }, { from: 300, to: 700, level: 140 }],
      ...[
        { from: 760, to: 770, level: 130 },
        { from: 770, to: 775, level: 150 },
        { from: 900, to: 910, flow: 20 },
      ],
    ];
    const whole = await told(options, excursions);
    expect(whole.bodies.length).toBeGreaterThan(4);
    expect(whole.counted).toContain('held');
    for (const [sizes, restarts] of [
      [[1], []],
      [
        [7, 130],
        [102, 107, 119, 206, 305, 500, 773],
      ],
    ]) {
      const other = await told(options, excursions, { sizes, restarts });
      expect(other.bodies).toEqual(whole.bodies);
    }
  });
});

describe('the outbox', () => {
  it('does not ask again at the end before the receiver wants it', async () => {
    const { NoticeQueue } = await import('../../processor/notice-queue.ts');
    const receiver = await openReceiver();
    receiver.answer = (_, response) => response.writeHead(429, { 'Retry-After': '300' }).end();
    const queue = new NoticeQueue(await senderOf({ webhook: { url: receiver.url } }), { outcome: () => {}, waits: () => {}, warn: () => {} });
    queue.add(notice());
    queue.release(queue.snapshot());
    await receiver.came(1);
    await queue.drain(60_000);
    // One that came while it was already ending, and no more.
    expect(receiver.received.length).toBeLessThanOrEqual(2);
    expect(queue.snapshot()).toHaveLength(1);
  });

  it('keeps a thousand messages, and of those of one incident the last', async () => {
    const { NoticeQueue } = await import('../../processor/notice-queue.ts');
    const receiver = await openReceiver();
    const counted: string[] = [];
    const warned: string[] = [];
    const queue = new NoticeQueue(await senderOf({ webhook: { url: receiver.url } }), {
      outcome: (outcome) => counted.push(outcome),
      waits: () => {},
      warn: (message) => warned.push(message),
    });
    const add = (incident: string, number: number): void => queue.add(notice({ key: `${incident}/${number}/x`, incident }));
    add('first', 1);
    for (let n = 0; n < 998; n++) add(`i${n}`, 1);
    add('i5', 2);
    // Full: the first of the two of i5 goes; then the oldest, twice.
    for (const incident of ['a', 'b', 'c']) add(incident, 1);
    queue.release(queue.snapshot());
    await queue.drain(50_000);
    const keys = receiver.received.map(({ body }) => body.key);
    expect(keys).toHaveLength(1000);
    expect(keys.slice(0, 6)).toEqual(['i1/1/x', 'i2/1/x', 'i3/1/x', 'i4/1/x', 'i6/1/x', 'i7/1/x']);
    expect(keys.slice(-4)).toEqual(['i5/2/x', 'a/1/x', 'b/1/x', 'c/1/x']);
    expect(counted.filter((outcome) => outcome === 'dropped')).toHaveLength(3);
    expect(warned).toHaveLength(1);
  });
});
