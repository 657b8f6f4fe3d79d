// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of pipeline files
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { least, load, mistakesIn } from './pipeline-text.ts';

const tenMistakes = `stream: my plant
source: { type: xslx, path: plant.xlsx }
bus: { type: memory, partitoins: 2 }
batch: { rows: 0 }
lateness: 60
views:
  plain: [clean, { imputee: 30s }]
detectors:
  near: { type: k-means, view: plian }
threshold: { warn: { quantile: 1.5 } }
combine:
  combined: { any: [nera] }
clock: shiftd
outputs: []
`;

test('ten mistakes are ten lines, each with its place, the value and what is allowed', async () => {
  const error = await load(tenMistakes).catch((caught: Error) => caught);
  expect((error as Error).message).toMatch(/^10 mistakes in plant\.yaml\n/);
  const mistakes = await mistakesIn(tenMistakes);
  expect(mistakes.map(({ place, path }) => `${place} ${path}`)).toEqual([
    '1:9 stream',
    '2:17 source.type',
    '3:22 bus.partitoins',
    '4:16 batch.rows',
    '5:11 lateness',
    '7:20 views.plain.1.imputee',
    '9:32 detectors.near.view',
    '10:32 threshold.warn.quantile',
    '12:21 combine.combined.any.0',
    '13:8 clock',
  ]);
  const messages = mistakes.map(({ message }) => message);
  expect(messages[0]).toBe("expected a name of letters, digits, dots, dashes and underscores that begins with a letter or digit, got 'my plant'");
  expect(messages[1]).toMatch(/^there is no source 'xslx'; did you mean 'xlsx'\? \(known: csv, /);
  expect(messages[2]).toMatch(/^unknown key 'partitoins'; did you mean 'partitions'\? \(allowed: |^unknown key 'partitoins'/);
  expect(messages[3]).toBe('expected at least 1, got 0');
  expect(messages[4]).toBe('expected a span of time with its unit, such as 30s, got 60');
  expect(messages[5]).toMatch(/^there is no preprocess step 'imputee'; did you mean 'impute'\? /);
  expect(messages[6]).toBe("there is no view 'plian'; did you mean 'plain'? (declared: plain)");
  expect(messages[7]).toBe('expected less than 1, got 1.5');
  expect(messages[8]).toBe("there is no detector 'nera'; did you mean 'near'? (declared: near)");
  expect(messages[9]).toBe("expected 'original' or 'shifted', got 'shiftd'; did you mean 'shifted'?");
});

test.each([
  ['source:', 'source', 'is missing: expected a source: its name or { type: name, … }'],
  ['source: 3', 'source', 'expected a source: its name or { type: name, … }, got 3'],
  ['source: { path: x }', 'source', "'type' is missing: expected a source: its name or { type: name, … }"],
  ['source: { type: 3 }', 'source', 'expected the name of a source as type, got 3'],
  ['source: { type: csv }', 'source.path', 'is missing: expected text'],
  ['source: { type: csv, path: 007 }', 'source.path', 'expected text, got 007; put it in quotes: "007"'],
  ['stream: 1', 'stream', 'expected text, got 1; put it in quotes: "1"'],
  ['stream: true', 'stream', 'expected text, got true; put it in quotes: "true"'],
  ['stream: null', 'stream', 'expected text, got null; put it in quotes: "null"'],
  ['source: { type: csv, path: x, ignore: [a, 1e3] }', 'source.ignore.1', 'expected text, got 1e3; put it in quotes: "1e3"'],
  ['stream: [a]', 'stream', 'expected text, got ["a"]'],
  ['source: data/plant.csv', 'source', "expected a source, e.g. { type: csv, path: data/plant.csv }, got 'data/plant.csv'"],
  ['source: { type: csv, path: x, pace: 60 }', 'source.pace', "write '60x' for a multiple of the rows' own time or '60/s' for a rate, got 60"],
  [
    'source: { type: csv, path: x, pace: fast }',
    'source.pace',
    "expected max, a multiple of the rows' own time such as 60x, or a rate such as 100/s, got 'fast'",
  ],
  ['source: { type: csv, path: x, pace: 0x }', 'source.pace', "expected a pace above 0, got '0x'"],
  ['source: { type: csv, path: x, loop: yes }', 'source.loop', "expected true or false, got 'yes'; write true"],
  ['outputs: terminal', 'outputs', "expected a list, got 'terminal'"],
  ['batch: { rows: "500" }', 'batch.rows', "expected a number, got '500'; write it without quotes"],
  ['batch: { rows: 1.5 }', 'batch.rows', 'expected a whole number, got 1.5'],
  ['batch: 500', 'batch', 'expected keys with values, got 500'],
  ['commit: { interval: soon }', 'commit.interval', "expected a span of time such as 250ms, 30s, 5m, 1.5h or 7d, got 'soon'"],
  ['train: { rows: 1, model: m }', 'train', 'expected one of rows, file or model, got rows and model'],
  ['train: { rows: 8000-3500 }', 'train.rows', "expected a number or a range that begins below its end, got '8000-3500'"],
  ['train: { rows: many }', 'train.rows', "expected a number or a range of data rows such as 3500-8000, got 'many'"],
  ['train: { file: normal.csv }', 'train.file', "expected a source, e.g. { type: csv, path: normal.csv }, got 'normal.csv'"],
  ['train: { file: C:\\plant\\Normal.XLSX }', 'train.file', 'expected a source, e.g. { type: xlsx, path: C:\\plant\\Normal.XLSX }'],
  ['views: { plain: [{ impute: 30 }] }', 'views.plain.0.impute', "expected 'drop' or a span of time with its unit, such as 30s, got 30"],
  ['train: { file: { type: csv } }', 'train.file.path', 'is missing: expected text'],
  ['train: { calibrate: half }', 'train.calibrate', "expected 'split' or 'none', got 'half'"],
  ['views: { plain: clean }', 'views.plain', "expected a list, got 'clean'"],
  ['views: { "": [clean] }', 'views.""', 'expected a name of letters, digits, dots, dashes and underscores that begins with a letter or digit'],
  ['views: { plain: [{ drop-constant: 3 }] }', 'views.plain.0.drop-constant', "expected keys with values for 'drop-constant', got 3 (allowed: watch)"],
  ['views: { clean: [clean] }', 'views.clean', "the view 'clean' has the name of a preprocess step; choose another"],
  ['views: { plain: [{ impute: 30s, clean: {} }] }', 'views.plain.0', 'got 2 keys (impute, clean): each preprocess step is an entry of its own'],
  ['views: { plain: [{ impute: soon }] }', 'views.plain.0.impute', "expected 'drop' or a span of time such as 250ms, 30s, 5m, 1.5h or 7d, got 'soon'"],
  [
    'views: { a: [clean], b: [clean, a] }\ndetectors: { k-means: { view: b } }',
    'views.b.1',
    "the view 'a' can only come first: the chain goes on from what it gives",
  ],
  ['views: { a: [b], b: [a] }\ndetectors: { k-means: { view: b } }', 'views.a.0', "the view 'a' starts from itself: a <- b <- a"],
  ['views: { a: [a] }', 'views.a.0', "the view 'a' starts from itself: a <- a"],
  ['views: { a: [clean], b: [clean] }', 'detectors.mahalanobis', "'view' is missing: there are 2 views and none is named default; name one (a or b)"],
  ['detectors: {}', 'detectors', 'at least one detector is needed (known: '],
  ['detectors:', 'detectors', 'is missing: expected names with values'],
  ['detectors: [mahalanobis]', 'detectors', 'expected names with values, got ["mahalanobis"]'],
  ['detectors: { near: {} }', 'detectors.near', "'type' is missing, and there is no detector 'near' (known: "],
  ['detectors: { near: k-meens }', 'detectors.near', "there is no detector 'k-meens'; did you mean 'k-means'?"],
  ['detectors: { near: [k-means] }', 'detectors.near', 'expected a detector: its name or { type: name, … }, got ["k-means"]'],
  [
    'detectors: { k-means: { threshold: { warn: 3 } } }',
    'detectors.k-means.threshold.warn',
    'expected a threshold such as { quantile: 0.99 } or { fixed: 3 }, got 3',
  ],
  ['combine: { mahalanobis: { any: [mahalanobis] } }', 'combine.mahalanobis', "the name 'mahalanobis' is taken by a detector; choose another"],
  ['combine: { both: [mahalanobis] }', 'combine.both', 'expected combiners with their members, such as { fuse: [a, b] }, got ["mahalanobis"]'],
  ['combine: { both: {} }', 'combine.both', 'at least one combiner is needed (known: '],
  ['combine: { both: { any: [] } }', 'combine.both.any', 'expected a list of detectors, got []'],
  ['combine: { both: { any: { of: x } } }', 'combine.both.any.of', "expected a list of detectors, got 'x'"],
  ['combine: { both: { any: [mahalanobis, mahalanobis] } }', 'combine.both.any.1', "'mahalanobis' is listed twice"],
  ['combine: { both: { fuse: [mahalanobis], smooth: 10 } }', 'combine.both.smooth', "there is no combiner 'smooth'"],
  [
    'views: { v: [clean] }\ncombine: { c: { any: [constant-broken] } }',
    'combine.c.any.0',
    "there is no detector 'constant-broken': no view drops constant tags",
  ],
  ['serve: yes', 'serve', "expected false or keys with values, got 'yes'"],
  ['serve: { port: 99999 }', 'serve.port', 'expected at most 65535, got 99999'],
  ['seed: -1', 'seed', 'expected at least 0, got -1'],
  ['stream: ${PLANT}', 'stream', "the environment variable 'PLANT' is not set"],
  ['batch: { rows: ${ROWS} }', 'batch.rows', "the environment variable 'ROWS' is not set"],
])('%s', async (change, path, message) => {
  const keys = { ...(parse(least) as object) };
  const text = `${stringify(Object.fromEntries(Object.entries(keys).filter(([key]) => !new RegExp(`^${key}:`, 'm').test(change))))}${change}\n`;
  const mistakes = await mistakesIn(text);
  expect(mistakes.map((mistake) => `${mistake.path}: ${mistake.message}`).join('\n')).toContain(`${path}: `);
  expect(mistakes.find((mistake) => mistake.path === path)?.message).toContain(message);
});

test('a mistake in one detector is not told again where the detector is combined', async () => {
  const mistakes = await mistakesIn(`${least.replace('{ mahalanobis: {} }', '{ k-means: { clusters: none } }')}combine: { all: { any: [k-means] } }\n`);
  expect(mistakes.map(({ path }) => path)).toEqual(['detectors.k-means.clusters']);
});

const full = {
  outputs: [],
  stream: 'plant',
  source: { type: 'csv', path: 'plant.csv' },
  bus: { type: 'memory' },
  store: { type: 'duckdb', path: 'plant.duckdb' },
  batch: { rows: 100 },
  commit: { rows: 100 },
  train: { file: { type: 'csv', path: 'normal.csv' } },
  views: { plain: [{ impute: { hold: '30s' } }, { standardise: {} }] },
  detectors: { near: { type: 'k-means', view: 'plain', threshold: { warn: { quantile: { q: 0.9 } } } } },
  threshold: { warn: { fixed: { level: 3 } } },
  combine: { all: { fuse: { of: ['near'] }, threshold: { error: { fixed: 9 } } } },
  incidents: { open: '5s' },
  serve: { port: 0 },
};

/** Every map in the pipeline above whose keys are not names of the user's own. */
const maps: (string | number)[][] = [
  [],
  ['source'],
  ['bus'],
  ['store'],
  ['batch'],
  ['commit'],
  ['train'],
  ['train', 'file'],
  ['views', 'plain', 0, 'impute'],
  ['views', 'plain', 1, 'standardise'],
  ['detectors', 'near'],
  ['detectors', 'near', 'threshold'],
  ['detectors', 'near', 'threshold', 'warn', 'quantile'],
  ['threshold'],
  ['threshold', 'warn', 'fixed'],
  ['combine', 'all'],
  ['combine', 'all', 'fuse'],
  ['combine', 'all', 'threshold'],
  ['incidents'],
  ['serve'],
];

test('the pipeline that unknown keys are put into loads without them', async () => {
  await expect(load(JSON.stringify(full))).resolves.toBeDefined();
});

test('an unknown key is refused wherever it stands, with its path, and nothing else is', async () => {
  const unknown = fc
    .oneof(fc.string({ minLength: 1 }), fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', 'a.b', ''))
    .filter((key) => !/[\ud800-\udfff\ufdd0-\ufdd6]|\$\{/.test(key));
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...maps), unknown, fc.constantFrom('null', '1', '"x"', '{}'), async (map, key, value) => {
      const text = withKey(full, map, key, value);
      const mistakes = await mistakesIn(text);
      expect(mistakes).toHaveLength(1);
      expect(mistakes[0].message).toContain(
        key === '__proto__' ? "got '__proto__'" : (/^(unknown key|there is no combiner) /.exec(mistakes[0].message)?.[0] ?? 'unknown key'),
      );
      const prefix = map.map((part) => String(part)).join('.');
      expect(mistakes[0].path.startsWith(prefix)).toBe(true);
    }),
    { numRuns: 300, seed: 3 },
  );
});

/** JSON in which one map has one more key, its value as JSON text; by text, so that no key is special. */
function withKey(root: unknown, map: readonly (string | number)[], key: string, value: string): string {
  const write = (node: unknown, depth: number, onPath: boolean): string => {
    if (Array.isArray(node)) return `[${node.map((item, i) => write(item, depth + 1, onPath && map[depth] === i)).join(',')}]`;
    if (typeof node !== 'object' || node === null) return JSON.stringify(node);
    const entries = Object.entries(node).map(([name, inner]) => `${JSON.stringify(name)}:${write(inner, depth + 1, onPath && map[depth] === name)}`);
    if (onPath && depth === map.length) entries.push(`${JSON.stringify(key)}:${value}`);
    return `{${entries.join(',')}}`;
  };
  return write(root, 0, true);
}

test('a vote that its members can never reach is refused before any row', async () => {
  const text = `${least}combine: { most: { vote: { of: [mahalanobis, constant-broken], need: 3 } } }\n`;
  expect(await mistakesIn(text)).toEqual([
    { path: 'combine.most.vote', place: expect.stringMatching(/^5:/), message: 'vote cannot have need: 3 with 2 members. Set need to 2 or less.' },
  ]);
});
