import { createServer, type Server } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { csv, Plant } from './plant.ts';

const tenMistakes = `stream: my plant
source: { type: xslx, path: plant.xlsx }
train: { rows: many }
views:
  plain: [clean, { imptue: 30s }, standardise]
detectors:
  k-means: { view: plane }
  forest: { type: k-means, clusters: 0 }
threshold: { warn: { quantile: 1.5 } }
combine: { all: { any: [k-maens] } }
batch: { row: 500 }
serve: { port: 80800 }
`;

/** Line and column of each, and what its message must quote and advise. */
const places: [place: string, path: string, says: string][] = [
  ['1:9', 'stream', "'my plant'"],
  ['2:17', 'source.type', "there is no source 'xslx'; did you mean 'xlsx'?"],
  ['3:16', 'train.rows', "expected a number or a range of data rows such as 3500-8000, got 'many'"],
  ['5:20', 'views.plain.1.imptue', "there is no preprocess step 'imptue'; did you mean 'impute'?"],
  ['7:20', 'detectors.k-means.view', "there is no view 'plane' (declared: plain)"],
  ['8:38', 'detectors.forest.clusters', 'expected at least 1, got 0'],
  ['9:32', 'threshold.warn.quantile', 'expected less than 1, got 1.5'],
  ['10:25', 'combine.all.any.0', "there is no detector 'k-maens'; did you mean 'k-means'?"],
  ['11:10', 'batch.row', "unknown key 'row'; did you mean 'rows'?"],
  ['12:16', 'serve.port', 'expected at most 65535, got 80800'],
];

describe('a pipeline file', () => {
  const plant = new Plant();

  test.concurrent('with ten mistakes: all ten at once, each with line, column, value and what is allowed', async () => {
    plant.write('ten.yaml', tenMistakes);
    const told = await plant.sluice('check', 'ten.yaml');
    expect(told.status).toBe(2);
    const lines = told.stderr.trimEnd().split('\n');
    expect(lines[0]).toBe('error [CONFIG_INVALID] 10 mistakes in ten.yaml');
    expect(lines).toHaveLength(11);
    for (const [n, [place, path, says]] of places.entries()) {
      expect(lines[n + 1]).toContain(` ${n + 1}. ${place} ${path}: `);
      expect(lines[n + 1]).toContain(says);
    }
    const { error } = JSON.parse((await plant.sluice('run', 'ten.yaml', '--json')).stderr);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.mistakes.map((mistake: Record<string, string>) => [mistake.place, mistake.path])).toEqual(places.map(([place, path]) => [place, path]));
  });

  test.concurrent('that is not there, is a folder, is empty or is no YAML', async () => {
    plant.write('broken.yaml', 'stream: plant\nsource: { type: csv\ndetectors: [\n');
    plant.write('empty.yaml', '');
    plant.write('latin.yaml', Buffer.from('stream: k\xfchlung\n', 'latin1'));
    await plant.refuses({ code: 'CONFIG_NOT_FOUND', says: "there is no pipeline file 'nowhere.yaml'", fix: "'sluice init' writes one" }, [
      'run',
      'nowhere.yaml',
    ]);
    await plant.refuses({ code: 'CONFIG_NOT_FOUND', says: "got the folder '.'", fix: 'Name a YAML or JSON file' }, ['run', '.']);
    await plant.refuses({ code: 'CONFIG_INVALID', says: '1:1: the file is empty', fix: 'needs at least stream, source and detectors' }, ['run', 'empty.yaml']);
    await plant.refuses({ code: 'CONFIG_INVALID', says: /mistakes? in broken\.yaml\n +1\. [23]:\d+/, fix: '' }, ['run', 'broken.yaml']);
    await plant.refuses({ code: 'CONFIG_INVALID', says: "'latin.yaml' is not UTF-8 text", fix: 'YAML or JSON' }, ['run', 'latin.yaml']);
  });

  test.concurrent('whose mistake comes by --set', async () => {
    plant.write('plant.csv', csv(200));
    const file = plant.pipeline('{ type: csv, path: plant.csv }');
    await plant.refuses({ code: 'CONFIG_INVALID', says: "--set batch.rows=lots batch.rows: expected a number, got 'lots'", fix: 'a number' }, [
      'run',
      file,
      '--set',
      'batch.rows=lots',
    ]);
    await plant.refuses({ code: 'USAGE', says: "'batch.rows'", fix: /=/ }, ['run', file, '--set', 'batch.rows']);
  });
});

describe('a port in use', () => {
  const plant = new Plant();
  plant.write('plant.csv', csv(200));
  const file = plant.pipeline('{ type: csv, path: plant.csv }');
  const holders: Server[] = [];
  afterAll(() => {
    for (const holder of holders) holder.close();
  });

  /** Takes a port, any or this one, unless someone else has it. */
  const hold = (port: number): Promise<number> =>
    new Promise((done, fail) => {
      const holder = createServer();
      holder.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? done(port) : fail(error)));
      holder.listen(port, '127.0.0.1', () => {
        holders.push(holder);
        done((holder.address() as { port: number }).port);
      });
    });

  test('that was named: refused, and nothing was stored', async () => {
    const port = await hold(0);
    await plant.refuses(
      { code: 'PORT_IN_USE', says: `port ${port} is in use`, place: 'serve.port', fix: `name another one, e.g. --set serve.port=${port + 1}` },
      ['run', file, '--until-end', '--set', `serve={ port: ${port} }`],
    );
    expect(await plant.stored((store) => store.rows({ stream: 'plant' }))).toMatchObject({ seqs: new Int32Array(0) });
  });

  test('that is the default: the next free one is taken, and said', async () => {
    await hold(8080);
    const { status, stderr } = await plant.sluice('run', file, '--until-end', '--fresh', '--json', '--set', 'serve={}');
    expect(status).toBe(0);
    const port = Number(/^page +http:\/\/127\.0\.0\.1:(\d+) +\(port 8080 is taken\)$/m.exec(stderr)?.[1]);
    expect(port).toBeGreaterThan(8080);
  });
});
