import { expect, test } from 'vitest';
import { load, mistakesIn } from './pipeline-text.ts';

const pipeline = (more: string, source = '{ type: simulator }'): string =>
  `stream: playground\nsource: ${source}\ndetectors: { mahalanobis: {} }\noutputs: []\n${more}`;

test('a source whose rows come as they happen is marked as such', async () => {
  expect((await load(pipeline(''))).source).toMatchObject({ type: 'simulator', live: true, options: { items: [] } });
  expect((await load(pipeline('', '{ type: csv, path: plant.csv }'))).source).not.toHaveProperty('live');
});

test.each([
  ['', '{ type: simulator, pace: 60x }', 'source.pace', "does not apply: rows of the source 'simulator' come as they happen"],
  ['', '{ type: simulator, loop: true }', 'source.loop', "does not apply: rows of the source 'simulator' come as they happen"],
  ['clock: shifted', undefined, 'clock', "expected original: rows of the source 'simulator' are of now"],
  ['train: { file: simulator }', undefined, 'train.file', "expected a source that ends, got 'simulator', whose rows come as they happen"],
  ['', '{ type: simulator, items: [{ id: a, mean: 1, variance: 1, rate: 200 }] }', 'source.items.0.rate', 'expected at most 100, got 200'],
  [
    '',
    '{ type: simulator, items: [{ id: a, mean: 1, variance: 1, rate: 1 }, { id: a, mean: 1, variance: 1, rate: 1 }] }',
    'source.items',
    expect.stringMatching(/^expected items that differ in their id/),
  ],
])('%s %s is a mistake', async (more, source, path, message) => {
  expect(await mistakesIn(pipeline(more, source))).toMatchObject([{ path, message }]);
});
