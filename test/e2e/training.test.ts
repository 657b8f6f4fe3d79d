import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { recordHash } from '../../core/record.ts';
import { Status } from '../../core/verdict.ts';
import { openWorkplace, settings, type Workplace, workplace } from '../command-line.ts';
import { countLines, linesUntilStored, plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { contentOfFile, differences, type StoreContent } from '../store-content.ts';

interface Verdict {
  readonly detector: string;
  readonly time: bigint;
  readonly seq: number;
  readonly status: number;
}

const identity = ({ detector, time, seq }: Verdict): string => `${detector} ${time}/${seq}`;
const verdictsOf = ({ verdicts }: StoreContent): Verdict[] => verdicts as Verdict[];
const judgedOf = (content: StoreContent): Verdict[] => verdictsOf(content).filter(({ status }) => status !== Status.undefined);
/** Verdicts on the same rows that `like` judged. */
const onTheSameRows = (content: StoreContent, like: StoreContent): Verdict[] => {
  const judged = new Set(judgedOf(like).map(identity));
  return verdictsOf(content).filter((verdict) => judged.has(identity(verdict)));
};
const thresholdsOf = ({ thresholds }: StoreContent) =>
  (thresholds as { detector: string; warn: number; error: number; median: number; method: string }[]).map(({ detector, warn, error, median, method }) => ({
    detector,
    warn,
    error,
    median,
    method,
  }));
const modelOf = ({ manifests }: StoreContent): string => (manifests as { records: Record<string, string> }[])[0].records['plant/model'];

describe('what is learned from', () => {
  // Rows of the stream that cannot be taken, or come too late, are not counted: where the lessons end depends on them.
  const lines = plantLines(2000, { dirt: true, attacks: [{ from: 1700, to: 1780, tag: 'LIT101', value: 1200 }] });
  let place: Workplace;
  const run = async (name: string, train: string): Promise<StoreContent> => {
    await place.run('plant.yaml', ...settings({ 'store.path': `${name}.duckdb`, train }));
    return await contentOfFile(place.path(`${name}.duckdb`), 'plant');
  };
  let ranged: StoreContent;

  beforeAll(async () => {
    place = await openWorkplace({
      'plant.csv': plantText(lines),
      'normal.csv': plantText(lines.slice(linesUntilStored(lines, 501) - 1, linesUntilStored(lines, 1500))),
      'plant.yaml': plantPipeline,
    });
    ranged = await run('ranged', '{ rows: 500-1500 }');
    return () => place.close();
  });

  it('is the range of rows that train.rows names: no row before its end is judged, every one after it is', () => {
    const undefinedRows = verdictsOf(ranged).filter(({ detector, status }) => detector === 'joint' && status === Status.undefined);
    const judged = judgedOf(ranged).filter(({ detector }) => detector === 'joint');
    const stored = countLines(lines).stored;
    expect(judged.length + undefinedRows.length).toBe(stored);
    expect(judged.length).toBe(stored - 1500);
    expect((ranged.incidents as { detector: string }[]).filter(({ detector }) => detector === 'combined')).toHaveLength(1);
    expect(thresholdsOf(ranged)[0].method).toMatch(/quantile 0\.99 of \d+/);
  });

  it('is the file that train.file names, with the same verdicts as for the same rows in the stream', async () => {
    const filed = await run('filed', '{ file: { type: csv, path: normal.csv } }');
    expect(thresholdsOf(filed)).toEqual(thresholdsOf(ranged));
    expect(differences({ verdicts: onTheSameRows(filed, ranged) }, { verdicts: judgedOf(ranged) })).toEqual([]);
    // With a model from the beginning, the first rows are judged too.
    expect(judgedOf(filed).length).toBeGreaterThan(5.8 * 2000);
  });

  it('is a model by `sluice train`: the model that the stream itself learns, and the same verdicts', async () => {
    const trained = await place.call('train', 'plant.yaml', '--set', 'train.rows=500-1500', '--out', 'plant.model', '--json');
    expect(trained.code, trained.stderr).toBe(0);
    expect(JSON.parse(trained.stdout)).toMatchObject({ out: 'plant.model', rows: 1000, fitRows: 700, calibrationRows: 250, tags: 6 });
    expect(recordHash(await readFile(place.path('plant.model')))).toBe(modelOf(ranged));

    const modelled = await run('modelled', '{ model: plant.model }');
    expect(modelOf(modelled)).toBe(modelOf(ranged));
    expect(thresholdsOf(modelled)).toEqual(thresholdsOf(ranged));
    expect(differences({ verdicts: onTheSameRows(modelled, ranged) }, { verdicts: judgedOf(ranged) })).toEqual([]);
    // A backfill of the stream that learned gives what the model gave.
    const backfilled = await place.call('backfill', 'plant.yaml', '--json', ...settings({ 'store.path': 'ranged.duckdb', train: '{ rows: 500-1500 }' }));
    expect(backfilled.code, backfilled.stderr).toBe(0);
    const { manifests: _, ...after } = await contentOfFile(place.path('ranged.duckdb'), 'plant');
    const { manifests: __, ...whole } = modelled;
    expect(differences(after, whole)).toEqual([]);
  });
});

describe('a stream shorter than its warm-up', () => {
  it('ends with 3 and WARMUP_TOO_SHORT, its rows stored and none judged; more rows end the warm-up', async () => {
    const lines = plantLines(800);
    const yaml = plantPipeline.replace('rows: 1500', 'rows: 600');
    const place = await workplace({ 'plant.csv': plantText(lines.slice(0, 450)), 'plant.yaml': yaml });
    for (let time = 0; time < 2; time++) {
      const short = await place.call('run', 'plant.yaml', '--until-end', '--json');
      expect(short).toMatchObject({ code: 3, stdout: '' });
      expect(JSON.parse(short.stderr.trimEnd().split('\n').at(-1) as string).error).toMatchObject({
        code: 'WARMUP_TOO_SHORT',
        message: expect.stringContaining('after 450 of 600 warm-up rows'),
        fix: expect.stringContaining('train.rows'),
      });
      const content = await contentOfFile(place.path('plant.duckdb'), 'plant');
      expect((content.rows as { times: unknown }).times).toHaveLength(450);
      expect(verdictsOf(content)).toHaveLength(6 * 450);
      expect(judgedOf(content)).toEqual([]);
    }
    await place.write('plant.csv', plantText(lines));
    expect(await place.run('plant.yaml')).toMatchObject({ resumedAt: 450, rowsStored: 350, total: { rowsStored: 800 } });
    const grown = await contentOfFile(place.path('plant.duckdb'), 'plant');
    await place.run('plant.yaml', ...settings({ 'store.path': 'whole.duckdb' }));
    expect(differences(grown, await contentOfFile(place.path('whole.duckdb'), 'plant'))).toEqual([]);
  });
});
