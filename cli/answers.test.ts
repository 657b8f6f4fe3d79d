import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../connectors/duckdb/open.ts';
import { allocateBatch } from '../core/batch.ts';
import { makeSchema } from '../core/schema.ts';
import type { Store } from '../core/store.ts';
import { dead, incidents, rows, verdicts } from './answers.ts';
import type { Stored } from './stored.ts';

const tags = 51;
let folder: string;
let store: Store;
let stored: Stored;

/** A plant as wide as SWaT: 51 tags, three rows with scores that no table can show exactly. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-answers-'));
  store = await openStore({ path: join(folder, 'plant.duckdb'), memoryLimit: '150MB', threads: 1 });
  const schema = makeSchema(Array.from({ length: tags }, (_, t) => ({ name: `LIT${101 + t}`, kind: 'continuous' as const })));
  await store.openStream('plant', schema);
  const batch = allocateBatch('plant', schema, 3, true);
  for (let i = 0; i < 3; i++) batch.times[i] = (1_451_296_800n + BigInt(i)) * 1_000_000_000n;
  batch.values.fill(1000 / 7);
  const verdict = {
    ...{ detector: 'mahalanobis', score: new Float64Array(3).fill(20 / 3), grade: new Float64Array(3).fill(1), status: new Int8Array(3).fill(-1) },
    contributions: { rows: [2], tags: [0, 1, 2, -1, -1], shares: [0.5, -0.3, 0.004, 0, 0], rest: [0.196] },
  };
  const incident = {
    ...{ id: 'plant-mahalanobis-1451296800', stream: 'plant', detector: 'mahalanobis', start: batch.times[0], end: batch.times[2], open: false, rows: 3 },
    ...{ peakTime: batch.times[1], peakScore: 20 / 3, peakGrade: 1, causes: ['k-means', 'mahalanobis'] },
    contributions: Float64Array.from({ length: tags }, (_, t) => [0.5, -0.3, 0.2][t] ?? 0),
  };
  await store.append({ batch, verdicts: [verdict], incidents: [incident], thresholds: [], buckets: [] });
  const letter = { source: 'plant.csv', partition: 0, position: 7, reason: 'number', message: "'x' is no number", payload: '1,2,3,'.repeat(50) } as const;
  await store.appendDead([letter]);
  await store.commit();
  const streams = await store.streams();
  stored = { store, stream: streams[0], streams, timezone: undefined };
});

afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const lines = async (answer: Promise<{ text: string }>): Promise<string[]> => (await answer).text.trimEnd().split('\n');

test.each([40, 80, 100, 160])('no line is wider than a terminal of %d columns', async (width) => {
  for (const answer of [incidents, verdicts, dead]) {
    for (const line of await lines(answer(stored, {}, width))) expect(line.length).toBeLessThanOrEqual(Math.max(width, 70));
  }
  for (const line of await lines(rows(stored, {}, width))) expect(line.length).toBeLessThanOrEqual(width);
});

describe('incidents', () => {
  const whole = '2015-12-28T10:00:00Z  2 s       mahalanobis     3  6.667  LIT101 ↑ 50 %, LIT102 ↓ 30 %, LIT103 ↑ 20 %';

  test.each([
    [undefined, `${whole}  k-means, mahalanobis  plant-mahalanobis-1451296800`, undefined],
    [160, `${whole}  k-means, mahalanobis  plant-mahalanobis-1451296800`, undefined],
    [130, `${whole}  k-means, mahalanobis`, 'ID'],
    [105, whole, 'ID, CAUSES'],
    [90, whole.slice(0, whole.lastIndexOf(',')), 'ID, CAUSES'],
  ])('in %s columns', async (width, line, hidden) => {
    const [, row, note] = await lines(incidents(stored, {}, width));
    expect([row, note]).toEqual([line, hidden && `too wide for this terminal: ${hidden}; see --json`]);
  });
});

describe('rows', () => {
  test('as many tags as fit, and how many more there are', async () => {
    const shown = await lines(rows(stored, {}, 80));
    expect(shown[0]).toBe('TIME                  LIT101   LIT102   LIT103   LIT104   LIT105   LABEL');
    expect(shown[1]).toBe('2015-12-28T10:00:00Z  142.857  142.857  142.857  142.857  142.857      0');
    expect(shown.at(-1)).toBe('46 more tags: use --tags');
    expect(shown).toHaveLength(5);
  });

  test('tags asked for that do not fit', async () => {
    const asked = Array.from({ length: 6 }, (_, t) => `LIT${120 + t}`).join();
    expect((await lines(rows(stored, { tags: asked }, 80))).at(-1)).toBe('1 more tag: name fewer with --tags, or use --json');
  });

  test('all of them where there is no terminal', async () => {
    const shown = await lines(rows(stored, {}));
    expect(shown[0].split(/ +/)).toHaveLength(tags + 2);
    expect(shown).toHaveLength(4);
  });
});

test('verdicts round scores and leave out tags; JSON is exact', async () => {
  const { text, json } = await verdicts(stored, {}, 70);
  expect(text.split('\n')[3]).toBe('2015-12-28T10:00:02Z  mahalanobis  error   6.667      1  LIT101 ↑ 50 %');
  expect(JSON.stringify(json)).toContain('6.666666666666667');
  expect((await verdicts(stored, {})).text).toContain('LIT101 ↑ 50 %, LIT102 ↓ 30 %, LIT103 ↑ < 1 %');
});

test('a dead letter on a terminal has its raw row below it, cut to the width', async () => {
  const [title, raw] = await lines(dead(stored, {}, 80));
  expect(title).toBe("row 7  number  'x' is no number");
  expect([raw.length, raw.slice(0, 8), raw.at(-1)]).toEqual([80, '  1,2,3,', '…']);
});
