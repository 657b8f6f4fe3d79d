import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { inputFiles } from './input-files.ts';

async function folderOf(...names: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-inputs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), '');
  }
  return folder;
}

describe('the files to evaluate', () => {
  it('of a folder are its tables in the order of their numbers, each once', async () => {
    const folder = await folderOf('10.csv', '9.csv', 'plant.xlsx', 'notes.txt', '~$plant.xlsx', '2.csv.gz', 'deeper/1.csv');
    const paths = ['2.csv.gz', '9.csv', '10.csv', 'plant.xlsx'].map((name) => join(folder, name));
    expect(await inputFiles([folder, join(folder, '9.csv')], undefined)).toEqual(paths.map((path) => ({ path })));
    expect(await inputFiles([paths[1]], paths[2])).toEqual([{ path: paths[1], train: paths[2] }]);
  });

  it('have a training file each where training is a folder: by test and train in the names, or by the same name', async () => {
    const mixed = await folderOf('a_test.csv', 'a_train.csv', 'B-TEST.csv', 'B-TRAIN.csv');
    expect(await inputFiles([mixed], `${mixed}/.`)).toEqual([
      { path: join(mixed, 'a_test.csv'), train: join(mixed, 'a_train.csv') },
      { path: join(mixed, 'B-TEST.csv'), train: join(mixed, 'B-TRAIN.csv') },
    ]);
    const apart = await folderOf('watched/one.csv', 'normal/one.csv');
    expect(await inputFiles([join(apart, 'watched')], join(apart, 'normal'))).toEqual([
      { path: join(apart, 'watched/one.csv'), train: join(apart, 'normal/one.csv') },
    ]);
  });

  it.each([
    ['latest_test.csv', 'latest_train.csv'],
    ['test-rig_test.csv', 'test-rig_train.csv'],
    ['test-rig.csv', 'train-rig.csv'],
    ['pumpTest2.csv', 'pumpTrain2.csv'],
    ['Testing.csv', 'Training.csv'],
  ])('%s is trained by %s: test counts where it begins a word of the name, the last one first', async (test, train) => {
    const folder = await folderOf(`latest/test/${test}`, `latest/test/${train}`, 'latest/test/latrain_test.csv', 'latest/test/unlike.csv');
    expect(await inputFiles([join(folder, 'latest/test', test)], join(folder, 'latest/test'))).toEqual([
      { path: join(folder, 'latest/test', test), train: join(folder, 'latest/test', train) },
    ]);
  });

  it('have no training file where test is but a part of a word', async () => {
    const folder = await folderOf('test/latest.csv', 'test/latrain.csv', 'train/latrain.csv');
    for (const train of ['test', 'train']) {
      await expect(inputFiles([join(folder, 'test/latest.csv')], join(folder, train))).rejects.toMatchObject({
        code: 'SOURCE_NOT_FOUND',
        fix: "Looked for 'latest.csv'; name one file for all, or take --train-rows.",
      });
    }
  });

  it('must be there, and so must their training files', async () => {
    const folder = await folderOf('a_test.csv', 'text.txt', 'empty/readme.txt');
    await expect(inputFiles([join(folder, 'b.csv')], undefined)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    await expect(inputFiles([join(folder, 'empty')], undefined)).rejects.toMatchObject({ code: 'SOURCE_EMPTY' });
    await expect(inputFiles([join(folder, 'a_test.csv')], folder)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      what: expect.stringContaining('a_test.csv'),
      fix: expect.stringContaining("'a_train.csv'"),
    });
  });
});
