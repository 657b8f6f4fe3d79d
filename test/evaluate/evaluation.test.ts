import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainingOf } from '../../cli/pipeline-input.ts';
import { parseConfig } from '../../core/config/load.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import { type EvaluationRequest, evaluate } from '../../evaluate/evaluate.ts';
import type { EvaluatedFile } from '../../evaluate/evaluate-file.ts';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import { scoresText } from '../../evaluate/scores-file.ts';
import { standardPipeline } from '../../evaluate/standard-pipeline.ts';
import { saveModel } from '../../processor/model.ts';
import { loadDefinitions, train } from '../../processor/train.ts';
import { type Attack, smallPlant } from '../pipeline/small-plant.ts';
import { everything, type Workbench, workbench } from '../pipeline/workbench.ts';
import { plantLines, plantText } from '../plant-file.ts';

const first: Attack = { from: 700, to: 760, tag: 'LIT101', value: 3000 };
const second: Attack = { from: 1700, to: 1780, tag: 'LIT101', value: 3000 };
const early = plantLines(1500, { attacks: [first] });
const late = plantLines(2000, { attacks: [second] });

/** Columns of CSV lines, without those that are left out. */
function withoutColumns(lines: readonly string[], ...out: number[]): string {
  return lines.map((line) => `${line.split(',').filter((_, column) => !out.includes(column)).join(',')}\n`).join(''); // biome-ignore format: one line
}

describe('the evaluation of files', () => {
  let bench: Workbench;
  let silent: PipelineConfig;
  let folder: string;

  beforeAll(async () => {
    bench = await workbench();
    silent = await parseConfig(everything.replace('train: { rows: 1500 }\n', ''), 'silent.yaml', bench.registry);
    folder = await mkdtemp(join(tmpdir(), 'sluice-evaluation-'));
    for (const [name, text] of Object.entries({ 'early.csv': plantText(early), 'late.csv': plantText(late) })) await writeFile(join(folder, name), text);
    return async () => {
      await bench.close();
      await rm(folder, { recursive: true });
    };
  });

  const of = (names: readonly string[], more: Partial<EvaluationRequest> = {}): Promise<Evaluation> =>
    evaluate({
      files: names.map((name) => ({ path: join(folder, name) })),
      pipeline: 'silent.yaml',
      training: { kind: 'head' },
      reading: { label: undefined, period: 1000 },
      config: silent,
      registry: bench.registry,
      ...more,
    });

  const written = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return name;
  };

  it('looks for the head of each file, judges what follows, and hands over its scores before the next one is read', async () => {
    const told: string[] = [];
    const files: EvaluatedFile[] = [];
    const { files: evaluations } = await of(['early.csv', 'late.csv'], {
      onLooking: (file) => told.push(`looking ${file}`),
      onProgress: (file, rows, share) => told.push(share !== undefined && share >= 0 && share <= 1 && rows > 0 ? `reading ${file}` : 'lost'),
      onFile: async (evaluated, file) => {
        await Promise.resolve();
        files.push(evaluated);
        told.push(`done ${file}`);
      },
    });
    expect(told.filter((line, i) => line !== told[i - 1])).toEqual(['looking 0', 'reading 0', 'done 0', 'looking 1', 'reading 1', 'done 1']);
    expect(files.map(({ rowsRead }) => rowsRead)).toEqual([1500, 2000]);
    expect(files.map(({ evaluation }) => evaluation)).toEqual(evaluations);
    expect(evaluations.map(({ training, rows }) => [training, rows])).toEqual([
      ['rows 0 to 699, the rows before the first labelled anomaly', 800],
      ['rows 0 to 999, half of the file; the first labelled anomaly is row 1,700', 1000],
    ]);
    const [header, ...lines] = [...scoresText(files[0].scored)].join('').trimEnd().split('\n');
    expect(header).toBe('row,clusters,joint,constant-broken,combined,both,most');
    expect(lines.map((line) => Number(line.split(',')[0]))).toEqual(Array.from({ length: 800 }, (_, row) => 700 + row));
  });

  it('sees of the rows what training sees of them: the same figures by whichever way the same rows train', async () => {
    const head = await of(['early.csv']);
    const rows = await of(['early.csv'], { training: { kind: 'rows', rows: 700 } });
    expect([head.training, rows.training]).toEqual(['rows 0 to 699, the rows before the first labelled anomaly', 'the first 700 rows of the file']);
    expect(rows.mean).toEqual(head.mean);
    const said = await of(['early.csv'], {
      config: { ...silent, train: { kind: 'rows', from: 0, to: 700, calibrate: 'split' } },
      training: { kind: 'pipeline', learned: {} },
    });
    expect(said.mean).toEqual(head.mean);
  });

  it('takes a model that was made before, and says which', async () => {
    const { model } = await train(
      smallPlant(1500),
      { ...silent, train: { kind: 'rows', from: 0, to: 1500, calibrate: 'split' } },
      await loadDefinitions(silent, bench.registry),
    );
    const path = join(folder, 'plant.model');
    await writeFile(path, saveModel(model).bytes);
    const config: PipelineConfig = { ...silent, train: { kind: 'model', path, calibrate: 'split' } };
    const learned = await trainingOf({ config, registry: bench.registry, watch: { warn: () => undefined } });
    const { training, files } = await of(['early.csv'], { config, training: { kind: 'pipeline', learned } });
    expect(training).toBe(`the model ${path}`);
    expect(files[0]).toMatchObject({ training, rows: 1500, anomalousRows: 60, events: [{ from: 700, to: 760 }] });
    expect(files[0].notes.join()).not.toContain('training rows');
  });

  it('trains each file on its own other file, or all on one', async () => {
    const files = ['early.csv', 'late.csv'].map((name) => ({ path: join(folder, name), train: join(folder, name === 'early.csv' ? 'late.csv' : 'early.csv') }));
    const crossed = await of([], { files });
    expect(crossed.training).toBe('2 training files, one for each file');
    expect(crossed.files.map(({ training, rows }) => [training, rows])).toEqual([
      [`the file ${files[0].train}`, 1500],
      [`the file ${files[1].train}`, 2000],
    ]);
    expect(crossed.files[0].notes).toContain('80 of the 2,000 training rows are labelled anomalous: what is in them is learned as normal');
    const one = await of([], { files: files.map(({ path }) => ({ path, train: join(folder, 'late.csv') })).slice(0, 1) });
    expect(one.training).toBe(`the file ${join(folder, 'late.csv')}`);
    expect(one.files).toEqual(crossed.files.slice(0, 1));
  });

  it('reads a training file that has no column of labels of the name that the file has', async () => {
    const text = await readFile(join(folder, 'early.csv'), 'utf8');
    const named = await written('named.csv', text.replace('Normal/Attack', 'verdict'));
    const bare = await written('bare_train.csv', `Timestamp,FIT101,LIT101,MV101,P101,P102,AIT201\n${withoutColumns(late.slice(0, 1500), 7)}`);
    const { files } = await of([], { files: [{ path: join(folder, named), train: join(folder, bare) }], reading: { label: 'verdict', period: 1000 } });
    expect(files[0]).toMatchObject({ labels: "column 'verdict'", rows: 1500, anomalousRows: 60 });
    await expect(of([named], { reading: { label: 'verdicts', period: 1000 } })).rejects.toMatchObject({ code: 'SOURCE_TAGS' });
  });

  it('gives rows without times one every period, and says so', async () => {
    const timeless = await written(
      'timeless.csv',
      `FIT101,LIT101,MV101,P101,P102,AIT201,label\n${withoutColumns(early, 0).replaceAll('Normal', '0').replaceAll('Attack', '1')}`,
    );
    const { files } = await of([timeless], { reading: { label: undefined, period: 60_000 } });
    expect(files[0]).toMatchObject({ from: '1970-01-01T11:40:00Z', intervalSeconds: 60 });
    expect(files[0].notes.filter((note) => note.includes('no time column'))).toEqual([
      'no time column: rows are taken as 1 min apart, from 1970 on (--period)',
    ]);
    const cells = early.map((line) => line.split(',').slice(1, -1));
    const numbers = await written('numbers.dat', cells.map((row) => `${row.map((cell) => (/\d/.test(cell) ? cell : 'NaN')).join(' ')}\n`).join(''));
    const [bare] = (await of([numbers], { labelFrom: 800 })).files;
    expect(bare).toMatchObject({ labels: 'rows from 800 on (--label-from)', rows: 750, anomalousRows: 700 });
    expect(bare.training).toBe('rows 0 to 749, half of the file; the first labelled anomaly is row 800');
  });

  it('refuses what cannot be compared', async () => {
    const unlabelled = await written('unlabelled.csv', plantText(early).replaceAll(/,(Normal\/Attack|Normal|Attack)\n/g, '\n'));
    await expect(of([unlabelled])).rejects.toMatchObject({ code: 'SOURCE_LABELS', what: 'no column of labels was found' });
    const done: number[] = [];
    const onFile = async (_: EvaluatedFile, file: number) => void done.push(file);
    await expect(of(['early.csv', 'late.csv', unlabelled], { onFile })).rejects.toMatchObject({ code: 'SOURCE_LABELS', place: join(folder, unlabelled) });
    expect(done).toEqual([]);
    await expect(of(['early.csv'], { training: { kind: 'rows', rows: 1000 } })).rejects.toMatchObject({
      code: 'SOURCE_LABELS',
      what: 'all 60 anomalous rows are among those that train: nothing is left to find',
    });
    const head = await written('labels-end.csv', plantText(late.map((line, row) => (row >= 1000 ? line.replace(/,[^,]*$/, ',') : line))));
    await expect(of([head])).rejects.toMatchObject({
      code: 'SOURCE_LABELS',
      what: expect.stringMatching(/^none of the 1,000 rows behind the training rows has a label/),
    });
    await expect(of(['early.csv'], { training: { kind: 'rows', rows: 1500 } })).rejects.toMatchObject({ code: 'WARMUP_TOO_SHORT' });
    await expect(of(['early.csv'], { training: { kind: 'rows', rows: 2 } })).rejects.toMatchObject({
      code: 'TRAINING_UNFIT',
      what: '2 training rows are too few to fit on one part and calibrate on another',
      place: join(folder, 'early.csv'),
    });
    const still = await written('still.csv', plantText(early.map((line) => [line.split(',')[0], ...early[0].split(',').slice(1)].join(','))));
    const files = [{ path: join(folder, 'early.csv'), train: join(folder, still) }];
    await expect(of([], { files })).rejects.toMatchObject({ code: 'TRAINING_UNFIT', place: `${join(folder, still)}, step 'drop-constant'` });
    const ragged = await written('ragged.csv', plantText(early.map((line) => `${line},1,2`)));
    await expect(of([ragged])).rejects.toMatchObject({
      code: 'TRAINING_UNFIT',
      what: expect.stringMatching(/^none of its rows can be read/),
      place: join(folder, ragged),
    });
    await expect(of(['no-such.csv'])).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('has a pipeline of its own, of the detectors asked for', async () => {
    const config = await parseConfig(await standardPipeline(bench.registry, ['k-means', 'mahalanobis']), 'built-in', bench.registry);
    const { files } = await of(['early.csv'], { config });
    expect(files[0].methods.map(({ name }) => name)).toEqual(['k-means', 'mahalanobis', 'constant-broken', 'combined', 'random', 'always-positive']);
    await expect(standardPipeline(bench.registry, ['mahalanobi'])).rejects.toMatchObject({ code: 'USAGE', fix: "Did you mean 'mahalanobis'?" });
    await expect(standardPipeline(bench.registry, ['oracle'])).rejects.toMatchObject({ code: 'USAGE', fix: expect.stringMatching(/^Known: .*k-nn/) });
  });
});
