import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { settingsText } from './settings-text.ts';

const settings = {
  stream: 'swat',
  source: { type: 'xlsx', path: 'data/swat-sample.xlsx', timezone: 'Asia/Singapore', pace: '60x' },
  views: { tags: ['clean', { impute: { hold: '30s' } }, { standardise: { clip: 30 } }], calm: ['tags'] },
  detectors: Object.fromEntries(['one', 'two', 'three'].map((name) => [name, { type: 'k-means', view: 'tags', clusters: 8, restarts: 4 }])),
  threshold: { warn: { quantile: 0.99 }, risk: 1e-6 },
  outputs: [{ webhook: { url: 'https://example.org/x?y=1', token: '(hidden)', detectors: ['one', 'two'], template: 'a: "b" # c' } }],
  odd: { yes: 'no', number: '12', empty: '', none: null, on: true, list: [], nothing: {}, spaces: ' x ', dash: '- x', star: '*', 'a b: c': 1 },
};

describe('settings as text', () => {
  it('are read by YAML as what they are', () => {
    expect(parse(settingsText(settings))).toEqual(settings);
  });

  it('look as in a pipeline file', () => {
    expect(settingsText(settings).split('\n').slice(0, 7)).toEqual([
      'stream: swat',
      'source: { type: xlsx, path: data/swat-sample.xlsx, timezone: Asia/Singapore, pace: 60x }',
      'views:',
      '  tags:',
      '    - clean',
      '    - { impute: { hold: 30s } }',
      '    - { standardise: { clip: 30 } }',
    ]);
  });
});
