import { expect, test } from 'vitest';
import { clock, csv, Plant } from './plant.ts';

test.concurrent('a stream shorter than its warm-up: refused with how far it got; its rows are stored, and more rows go on from there', async () => {
  const plant = new Plant();
  const file = plant.pipeline('{ type: csv, path: plant.csv }');
  plant.write('plant.csv', csv(60));
  await plant.refuses(
    {
      code: 'WARMUP_TOO_SHORT',
      says: 'the stream ended after 60 of 100 warm-up rows; its rows are stored, none is judged',
      place: "stream 'plant', plant.yaml",
      fix: 'Lower train.rows, or train on another file with train.file',
    },
    ['run', file, '--until-end'],
  );
  const { times } = await plant.stored((store) => store.rows({ stream: 'plant' }));
  expect(times.length).toBe(60);
  plant.write('plant.csv', csv(150));
  expect(await plant.run(file)).toMatchObject({ resumedAt: 60, rowsRead: 90, total: { rowsStored: 150 } });
});

test.concurrent('training rows that the source does not have, for a model of its own', async () => {
  const plant = new Plant();
  plant.write('plant.csv', csv(60));
  await plant.refuses(
    {
      code: 'WARMUP_TOO_SHORT',
      says: 'the training rows are to end at row 100, the source ends after row 60',
      place: 'plant.csv',
      fix: 'Lower train.rows, or bring a longer recording',
    },
    ['train', plant.pipeline('{ type: csv, path: plant.csv }')],
  );
});

test.concurrent('all tags constant: refused with their names and the stretch they are constant in', async () => {
  const plant = new Plant();
  plant.write(
    'plant.csv',
    csv(200, (i) => `${clock(i)},5,800,1`),
  );
  await plant.refuses(
    {
      code: 'TRAINING_UNFIT',
      says: 'no column changes in the 70 fit rows: FLOW is always 5, LEVEL is always 800, PUMP is always 1',
      place: /drop-constant/,
      fix: 'Train on rows in which the plant runs',
    },
    ['run', plant.pipeline('{ type: csv, path: plant.csv }'), '--until-end'],
  );
});

test.concurrent('no value in any training row', async () => {
  const plant = new Plant();
  plant.write(
    'plant.csv',
    csv(200, (i) => (i < 100 ? `${clock(i)},Bad Input,,NaN` : undefined)),
  );
  await plant.refuses(
    {
      code: 'TRAINING_UNFIT',
      says: 'no column changes in the 70 fit rows: FLOW has no value, LEVEL has no value, PUMP has no value',
      fix: 'train.rows=3500-8000',
    },
    ['run', plant.pipeline('{ type: csv, path: plant.csv }'), '--until-end'],
  );
});

test.concurrent('a training file that is not there', async () => {
  const plant = new Plant();
  plant.write('plant.csv', csv(200));
  await plant.refuses({ code: 'SOURCE_NOT_FOUND', says: "there is no file 'training.csv'", fix: 'Check `path`' }, [
    'run',
    plant.pipeline('{ type: csv, path: plant.csv }'),
    '--until-end',
    '--set',
    'train={ file: { type: csv, path: training.csv } }',
  ]);
});
