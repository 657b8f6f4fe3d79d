import { expect, test } from 'vitest';
import { SluiceError } from './errors.ts';
import { type Manifest, parseManifest } from './manifest.ts';

const manifest: Manifest = {
  key: 'plant/0',
  positions: { 'csv:plant.csv': { nextOffset: 200, fingerprint: 'f00', shiftMs: 0 } },
  totals: { read: 200, 'incidents/k-means': 1 },
  records: { 'plant/state': 'ab12' },
};

test('a manifest comes back as it was written', () => {
  expect(parseManifest(JSON.stringify(manifest), 'plant.duckdb')).toEqual(manifest);
});

test('cut short at any place it is corrupt, and the error quotes it with place and fix', () => {
  const text = JSON.stringify(manifest);
  for (let length = 0; length < text.length; length++) {
    let error: unknown;
    try {
      parseManifest(text.slice(0, length), 'plant.duckdb');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SluiceError);
    expect(error).toMatchObject({ code: 'RECORD_CORRUPT', place: 'plant.duckdb', fix: expect.stringContaining('backup') });
  }
  expect(() => parseManifest('{"key":"pl', 'plant.duckdb')).toThrow(`the stored position '{"key":"pl' was cut short or altered (plant.duckdb).`);
});

test.each([
  ['no object', '[]'],
  ['no key', JSON.stringify({ ...manifest, key: undefined })],
  ['positions that are none', JSON.stringify({ ...manifest, positions: { 'csv:plant.csv': 200 } })],
  ['a position between rows', JSON.stringify({ ...manifest, positions: { 'csv:plant.csv': { nextOffset: 1.5, shiftMs: 0 } } })],
  ['totals that are text', JSON.stringify({ ...manifest, totals: { read: '200' } })],
  ['no records', JSON.stringify({ ...manifest, records: null })],
  ['records without a hash', JSON.stringify({ ...manifest, records: { 'plant/state': 7 } })],
])('with %s it is none', (_, text) => {
  expect(() => parseManifest(text, 'plant.duckdb')).toThrow(' is none (plant.duckdb).');
});
