import { expect, test } from 'vitest';
import { load, mistakesIn } from './pipeline-text.ts';

const pipeline = (more: string, source = '{ type: simulator }'): string =>
  `stream: playground\nsource: ${source}\ndetectors: { mahalanobis: {} }\noutputs: []\n${more}`;

test('a source whose rows come as they happen is marked as such', async () => {
  expect((await load(pipeline(''))).source).toMatchObject({ type: 'simulator', live: true, options: { items: [] } });
  expect((await load(pipeline('', '{ type: csv, path: plant.csv }'))).source).not.toHaveProperty('live');
});

test('a service elsewhere can be named, by its address', async () => {
  expect((await load(pipeline('serve: { simulator: "http://127.0.0.1:8090" }'))).serve).toMatchObject({ port: 8080, simulator: 'http://127.0.0.1:8090' });
  expect(await mistakesIn(pipeline('serve: { simulator: "127.0.0.1:8090" }'))).toMatchObject([
    { path: 'serve.simulator', message: expect.stringMatching(/^expected an address such as http:/) },
  ]);
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
