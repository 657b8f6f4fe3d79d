// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of pipeline files
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import fastify from 'fastify';
import { afterAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { builtInRegistry, loadPipeline } from '../../cli/load-pipeline.ts';
import { pipelineJsonSchema } from '../../core/config/json-schema.ts';
import { SluiceError } from '../../core/errors.ts';
import { least, load } from './pipeline-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('what is left out has its default', async () => {
  const { detectors, views, ...config } = await load(least);
  expect(config).toEqual({
    file: 'plant.yaml',
    stream: 'plant',
    topics: ['SWAT'],
    source: { type: 'csv', options: expect.objectContaining({ path: 'plant.csv' }), pace: { kind: 'max' }, loop: false },
    bus: { type: 'memory', options: expect.anything() },
    store: { type: 'duckdb', options: expect.objectContaining({ path: '.sluice/plant.duckdb' }) },
    outputs: [],
    clock: 'original',
    lateness: 60_000,
    batch: { rows: 500, wait: 1000 },
    commit: { rows: 20_000, interval: 1000 },
    streams: { inMemory: 1000, max: 10_000 },
    train: { kind: 'rows', from: 0, to: 3600, assumed: true, calibrate: 'split' },
    threshold: { warn: { type: 'quantile', options: { q: 0.99 } }, error: { type: 'quantile', options: { q: 0.999 } } },
    combine: new Map(),
    incidents: { open: 5000, close: 60_000, merge: 120_000 },
    serve: { host: '127.0.0.1', port: 8080, exact: false },
    seed: 0,
  });
  expect([...views]).toEqual([
    ['default (before drop-constant)', { steps: [expect.objectContaining({ type: 'clean' }), { type: 'impute', options: { hold: 30_000 } }] }],
    [
      'default',
      { base: 'default (before drop-constant)', steps: [expect.objectContaining({ type: 'drop-constant' }), expect.objectContaining({ type: 'standardise' })] },
    ],
  ]);
  expect([...detectors]).toEqual([
    ['mahalanobis', { type: 'mahalanobis', options: {}, view: 'default' }],
    [
      'constant-broken',
      {
        type: 'constant-broken',
        options: {},
        view: 'default (before drop-constant)',
        threshold: { warn: { type: 'fixed', options: { level: 0.5 } }, error: { type: 'fixed', options: { level: 1 } } },
      },
    ],
  ]);
});

test.each([
  ['max', { kind: 'max' }],
  ['60x', { kind: 'own', speed: 60 }],
  ['.5x', { kind: 'own', speed: 0.5 }],
  ['100/s', { kind: 'rate', perSecond: 100 }],
  ['" 60 x "', { kind: 'own', speed: 60 }],
])('pace %s', async (pace, expected) => {
  expect((await load(least, { set: [`source.pace=${pace}`] })).source.pace).toEqual(expected);
});

test('the ways to say what to train on', async () => {
  const train = async (text: string) => (await load(`${least}train: ${text}\n`)).train;
  expect(await train('{ rows: 100 }')).toEqual({ kind: 'rows', from: 0, to: 100, calibrate: 'split' });
  expect(await train('{ rows: 3500-8000, calibrate: none }')).toEqual({ kind: 'rows', from: 3500, to: 8000, calibrate: 'none' });
  expect(await train('{ model: plant.model }')).toEqual({ kind: 'model', path: 'plant.model', calibrate: 'split' });
  expect(await train('{ file: { type: csv, path: normal.csv, id: n } }')).toMatchObject({
    kind: 'file',
    source: { type: 'csv', id: 'n', pace: { kind: 'max' } },
  });
});

test('a component in each of its forms is the same', async () => {
  const written = async (views: string, threshold: string, bus: string) => {
    const config = await load(`${least}views: { plain: ${views} }\nthreshold: ${threshold}\nbus: ${bus}\n`);
    return { views: [...config.views], threshold: config.threshold, bus: config.bus };
  };
  const long = await written('[{ type: clean }, { type: impute, hold: 10s }]', '{ warn: { type: fixed, level: 3 } }', '{ type: memory }');
  expect(await written('[{ clean: {} }, { impute: { hold: 10s } }]', '{ warn: { fixed: { level: 3 } } }', 'memory')).toEqual(long);
  expect(await written('[clean, { impute: 10s }]', '{ warn: { fixed: 3 } }', 'memory')).toEqual(long);
});

test('a source and a store may be a single key too, with what stands beside the options inside', async () => {
  const rest = 'stream: plant\noutputs: [{ terminal: {} }]\ndetectors: { mahalanobis: }\n';
  const short = await load(`source: { csv: plant.csv }\nstore: { duckdb: { path: x.duckdb } }\n${rest}`);
  expect(short).toEqual(await load(`source: { type: csv, path: plant.csv }\nstore: { type: duckdb, path: x.duckdb }\n${rest}`));
  const { source } = await load(`source: { csv: { path: plant.csv, pace: 60x } }\n${rest}`);
  expect(source).toMatchObject({ type: 'csv', pace: { kind: 'own', speed: 60 }, options: { path: 'plant.csv' } });
  await expect(load(`source: { csv: { path: plant.csv, pase: 60x } }\n${rest}`)).rejects.toThrow("source.csv.pase: unknown key 'pase'; did you mean 'pace'?");
});

test('a store that names no path gets one from the stream', async () => {
  const path = async (store: string) => (await load(`${least}store: ${store}\n`)).store.options.path;
  expect(await path('duckdb')).toBe('.sluice/plant.duckdb');
  expect(await path('{ type: duckdb, threads: 1 }')).toBe('.sluice/plant.duckdb');
  expect(await path('{ duckdb: { threads: 1 } }')).toBe('.sluice/plant.duckdb');
  expect(await path('{ duckdb: { path: x } }')).toBe('x');
});

test('a detector is named by its key, and its type is that name unless it says another', async () => {
  const { detectors } = await load(
    least.replace('{ mahalanobis: {} }', '{ mahalanobis: , k-means: { clusters: 3 }, other: k-means, third: { type: k-means, clusters: 4 } }'),
  );
  expect([...detectors].map(([name, { type, options }]) => [name, type, options.clusters])).toEqual([
    ['mahalanobis', 'mahalanobis', undefined],
    ['k-means', 'k-means', 3],
    ['other', 'k-means', 8],
    ['third', 'k-means', 4],
    ['constant-broken', 'constant-broken', undefined],
  ]);
});

test("a level that a detector or combination does not give is the pipeline's, or the detector's own", async () => {
  const { detectors, combine } = await load(
    `${least.replace('{ mahalanobis: {} }', '{ mahalanobis: { threshold: { warn: { fixed: 1 } } }, constant-broken: { threshold: { error: { fixed: 2 } } } }')}
threshold: { error: { fixed: 9 } }
combine: { both: { fuse: { of: [mahalanobis] }, threshold: { warn: { fixed: 4 } } } }
`,
  );
  const levels = (threshold: { warn: { options: object }; error: { options: object } } | undefined) => [threshold?.warn.options, threshold?.error.options];
  expect(levels(detectors.get('mahalanobis')?.threshold)).toEqual([{ level: 1 }, { level: 9 }]);
  expect(levels(detectors.get('constant-broken')?.threshold)).toEqual([{ level: 0.5 }, { level: 2 }]);
  expect(levels(combine.get('both')?.threshold)).toEqual([{ level: 4 }, { level: 9 }]);
});

test('combiners with listed members and with options', async () => {
  const { combine } = await load(`${least}combine:\n  all: { fuse: { of: [mahalanobis], smooth: 10 }, any: [constant-broken] }\n`);
  expect(combine.get('all')).toEqual({
    parts: [
      { type: 'fuse', options: { smooth: 10 }, of: ['mahalanobis'] },
      { type: 'any', options: {}, of: ['constant-broken'] },
    ],
  });
});

describe('views', () => {
  const views = async (text: string, detectors = '{ mahalanobis: { view: plain } }') => {
    const config = await load(`${least.replace('{ mahalanobis: {} }', detectors)}views: ${text}\n`);
    return {
      views: [...config.views].map(([name, { base, steps }]) => [name, base, ...steps.map((step) => step.type)]),
      watch: config.detectors.get('constant-broken'),
    };
  };

  test('come after the view that they start from', async () => {
    expect((await views('{ c: [b, clean], plain: [clean], b: [plain, smooth] }')).views).toEqual([
      ['plain', undefined, 'clean'],
      ['b', 'plain', 'smooth'],
      ['c', 'b', 'clean'],
    ]);
  });

  test('are split where the first of them drops constant tags', async () => {
    const { views: split, watch } = await views('{ plain: [clean, drop-constant, standardise], other: [clean, drop-constant] }');
    expect(split).toEqual([
      ['plain (before drop-constant)', undefined, 'clean'],
      ['plain', 'plain (before drop-constant)', 'drop-constant', 'standardise'],
      ['other', undefined, 'clean', 'drop-constant'],
    ]);
    expect(watch?.view).toBe('plain (before drop-constant)');
  });

  test('that drop constant tags at once are watched where they start from', async () => {
    const { views: split, watch } = await views('{ raw: [clean], plain: [raw, drop-constant] }');
    expect(split).toEqual([
      ['raw', undefined, 'clean'],
      ['plain', 'raw', 'drop-constant'],
    ]);
    expect(watch?.view).toBe('raw');
    expect((await views('{ plain: [drop-constant] }')).views[0]).toEqual(['plain (before drop-constant)', undefined]);
  });

  test('are left alone when nothing is to be watched, or the pipeline watches itself', async () => {
    const off = await views('{ plain: [clean, { drop-constant: { watch: false } }] }');
    expect(off.views).toEqual([['plain', undefined, 'clean', 'drop-constant']]);
    expect(off.watch).toBeUndefined();
    const own = await views('{ plain: [clean, drop-constant], raw: [clean] }', '{ mahalanobis: { view: plain }, constant-broken: { view: raw } }');
    expect(own.views).toHaveLength(2);
    expect(own.watch?.view).toBe('raw');
  });
});

test('text out of the environment is the number or boolean that belongs there, and stays text where text does', async () => {
  const environment = { ROWS: '250', EXACT: 'true', OFF: 'false', LEVEL: '7', NAME: '123' };
  const config = await load(
    `${least.replace('plant.csv', '${NAME}')}batch: { rows: "\${ROWS}" }\nserve: { exact: \${EXACT}, port: \${PORT:-9000} }\nthreshold: { warn: { fixed: \${LEVEL} } }\ntrain: { rows: \${ROWS} }\n`,
    { environment },
  );
  expect(config.batch.rows).toBe(250);
  expect(config.serve).toEqual({ host: '127.0.0.1', port: 9000, exact: true });
  expect(config.threshold.warn.options).toEqual({ level: 7 });
  expect(config.train).toMatchObject({ to: 250 });
  expect(config.source.options.path).toBe('123');
  expect((await load(`${least}serve: \${OFF}\n`, { environment })).serve).toBeUndefined();
  await expect(load(`${least}batch: { rows: \${NAME} }\n`, { environment: { NAME: 'many' } })).rejects.toThrow(
    "5:16 batch.rows: expected a number, got 'many'",
  );
});

test('--set counts like the file: the same defaults, checks and places', async () => {
  const config = await load(least, {
    set: ['train.rows=3500-8000', 'outputs=', 'outputs.0.type=duckdb', 'outputs=[]', 'source.pace=60x', 'bus.type=memory', 'serve=false'],
  });
  expect(config.train).toMatchObject({ from: 3500, to: 8000 });
  expect(config.source.pace).toEqual({ kind: 'own', speed: 60 });
  expect(config.serve).toBeUndefined();
  await expect(load(least, { set: ['sorce.path=x'] })).rejects.toThrow("--set sorce.path=x sorce: unknown key 'sorce'; did you mean 'source'?");
  await expect(load(least, { set: ['source.pth=x'] })).rejects.toThrow("--set source.pth=x source.pth: unknown key 'pth'; did you mean 'path'?");
});

/** Pipelines of many shapes, as plain values. */
const pipelines = fc.record(
  {
    stream: fc.constantFrom('plant', 'p-1'),
    source: fc.record({
      type: fc.constant('csv'),
      path: fc.string({ minLength: 1 }).filter((path) => !/\$\{|[\ud800-\udfff\ufdd0-\ufdd6]/.test(path)),
      pace: fc.constantFrom('max', '60x', '0.5x', '10/s'),
      loop: fc.boolean(),
    }),
    outputs: fc.constant([]),
    lateness: fc.constantFrom('1m', '250ms', '1.5h'),
    batch: fc.record({ rows: fc.integer({ min: 1, max: 1000 }) }, { requiredKeys: [] }),
    train: fc.oneof(fc.record({ rows: fc.integer({ min: 1, max: 1e6 }) }), fc.constant({ rows: '10-20', calibrate: 'none' }), fc.constant({ model: 'm' })),
    views: fc.constantFrom<object>(
      { plain: ['clean', { impute: '30s' }] },
      { plain: [{ impute: { hold: 'drop' } }, 'drop-constant'] },
      { plain: ['raw', { standardise: { clip: 3 } }], raw: [{ type: 'clean' }] },
    ),
    detectors: fc.record(
      {
        'k-means': fc.record({ view: fc.constant('plain'), clusters: fc.integer({ min: 1, max: 20 }) }),
        other: fc.constant({ type: 'mahalanobis', view: 'plain' }),
      },
      { requiredKeys: ['k-means'] },
    ),
    threshold: fc.record({ warn: fc.constantFrom<object>({ quantile: 0.95 }, { fixed: { level: 2 } }) }, { requiredKeys: [] }),
    serve: fc.constantFrom<unknown>(false, { port: 0 }),
    seed: fc.nat(),
  },
  { requiredKeys: ['stream', 'source', 'detectors', 'views', 'outputs'] },
);

test('a port that is named is to be that one; without a name it is 8080 or the next free one', async () => {
  const serve = async (text: string) => (await load(`${least}serve: ${text}\n`)).serve;
  expect(await serve('{ host: "::1" }')).toEqual({ host: '::1', port: 8080, exact: false });
  expect(await serve('{ port: 9000 }')).toEqual({ host: '127.0.0.1', port: 9000, exact: true });
  expect(await serve('{ port: 9000, exact: false }')).toMatchObject({ port: 9000, exact: false });
});

test('a pipeline in JSON and in YAML is the same', async () => {
  await fc.assert(
    fc.asyncProperty(pipelines, async (pipeline) => {
      const json = await load(JSON.stringify(pipeline, undefined, '\t'));
      expect(await load(stringify(pipeline))).toEqual(json);
      expect(await load(stringify(pipeline, { collectionStyle: 'flow' }))).toEqual(json);
    }),
    { numRuns: 100, seed: 5 },
  );
});

describe('the editor schema', async () => {
  // Ajv as the server has it, with every leniency off.
  const server = fastify({ ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false, allErrors: true } } });
  server.post('/', { schema: { body: pipelineJsonSchema(await (await builtInRegistry()).all()) } }, () => 'valid');
  afterAll(() => server.close());
  const verdict = async (pipeline: unknown): Promise<string> =>
    (await server.inject({ method: 'POST', url: '/', payload: JSON.stringify(pipeline), headers: { 'content-type': 'application/json' } })).body;

  test('accepts what loads', async () => {
    await fc.assert(
      fc.asyncProperty(pipelines, async (pipeline) => {
        expect(await verdict(pipeline)).toBe('valid');
      }),
      { numRuns: 50, seed: 6 },
    );
    expect(await verdict({ ...parse(readFileSync('pipelines/swat.yaml', 'utf8')), outputs: [] })).toBe('valid');
  });

  const base = parse(least) as Record<string, unknown>;
  test.each([
    ['an unknown key', { ...base, sorce: {} }],
    ['an unknown option', { ...base, source: { type: 'csv', path: 'x', pth: 'y' } }],
    ['a component that does not exist', { ...base, bus: 'memry' }],
    ['a value out of range', { ...base, batch: { rows: 0 } }],
    ['a step that does not exist', { ...base, views: { plain: [{ imputee: '30s' }] } }],
    ['a combiner without members', { ...base, combine: { all: { fuse: { smooth: 3 } } } }],
    ['a level without a kind', { ...base, threshold: { warn: 3 } }],
    ['no source', { stream: 'plant', detectors: base.detectors }],
    ['no detector', { stream: 'plant', source: base.source }],
  ])('refuses %s', async (_, pipeline) => {
    expect(await verdict(base)).toBe('valid');
    expect(JSON.parse(await verdict(pipeline))).toMatchObject({ statusCode: 400 });
  });
});

describe('every example in the documentation loads', () => {
  const pages = [
    'docs/pipeline.md',
    ...readdirSync('docs/components', { recursive: true, encoding: 'utf8' }).map((page) => join('docs/components', page)),
  ].filter((page) => page.endsWith('.md'));
  const examples = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, text], i) => [`${page} ${i + 1}`, text] as const),
  );

  test('there are examples', () => expect(examples.length).toBeGreaterThan(15));

  test.each(examples)('%s', async (_, text) => {
    // An example shows some keys; the others are those of a small pipeline.
    const own = Object.keys(parse(text.replaceAll(/\$\{[^}]*\}/g, '1')) as object);
    const rest = Object.entries({
      ...(parse(least) as object),
      detectors: { 'k-means': { view: 'plain' }, mahalanobis: { view: 'plain' } },
      views: { plain: ['clean', 'drop-constant'] },
    });
    const views = own.includes('detectors') && !text.includes('view: plain') ? ['views'] : [];
    await load(`${stringify(Object.fromEntries(rest.filter(([key]) => ![...own, ...views].includes(key))))}${text}`);
  });
});

test('the main pipeline loads, from wherever it is named', async () => {
  const { config } = await loadPipeline('pipelines/swat.yaml', { set: ['outputs=[]'], env: {} });
  expect(config.stream).toBe('swat');
  expect([...config.views.keys()]).toEqual(['tags', 'calm', 'slow', 'moving (before drop-constant)', 'moving', 'reduced']);
  expect([...config.detectors.keys()]).toEqual(['one-class-svm', 'isolation-forest', 'k-means', 'lof', 'var', 'mahalanobis', 'k-nn', 'constant-broken']);
  expect(config.combine.get('combined')?.parts.map(({ type, of }) => [type, of])).toEqual([
    ['fuse', ['var', 'mahalanobis', 'k-nn']],
    ['any', ['constant-broken']],
  ]);
});

test.each([
  ['there is no such file', join(folder, 'nowhere.yaml'), 'CONFIG_NOT_FOUND', 'there is no pipeline file'],
  ['it is a folder', folder, 'CONFIG_NOT_FOUND', 'got the folder'],
])('%s', async (_, path, code, message) => {
  const error = await loadPipeline(path).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(SluiceError);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
});

test('a file that is no text is refused; a byte order mark is not', async () => {
  const file = join(folder, 'bytes.yaml');
  writeFileSync(file, Buffer.from([0x73, 0xff, 0xfe, 0x00]));
  await expect(loadPipeline(file)).rejects.toThrow('is not UTF-8 text');
  writeFileSync(file, `\ufeff${least}`);
  expect((await loadPipeline(file)).config.stream).toBe('plant');
});
