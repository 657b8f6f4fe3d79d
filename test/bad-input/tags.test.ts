import { describe, expect, test } from 'vitest';
import { contentOfFile, differences } from '../store-content.ts';
import { csv, header, Plant, type Refusal, rowAt } from './plant.ts';

/** The file anew with more rows, its columns changed; the first 200 rows have been read before. */
const grown = (head: string, change: (cells: string[]) => string[]): string => csv(300, (i) => change(rowAt(i).split(',')).join(','), head);

const changedTags: [is: string, content: string, refusal: Refusal][] = [
  [
    'lost a tag',
    grown('Timestamp,FLOW,PUMP', ([time, flow, , pump]) => [time, flow, pump]),
    {
      code: 'SCHEMA_MISMATCH',
      says: 'the tags differ: missing LEVEL',
      place: "stream 'plant' in store.duckdb",
      fix: 'Restore the tags, or start anew with --fresh',
    },
  ],
  [
    'gained a tag',
    grown(`${header},HEAT`, (cells) => [...cells, '20.5']),
    {
      code: 'SCHEMA_MISMATCH',
      says: 'the tags differ: unknown HEAT',
      place: "stream 'plant' in store.duckdb",
      fix: 'Restore the tags, or start anew with --fresh',
    },
  ],
  [
    'renamed a tag',
    grown('Timestamp,FLOW,LEVL,PUMP', (cells) => cells),
    {
      code: 'SCHEMA_MISMATCH',
      says: 'the tags differ: missing LEVEL; unknown LEVL',
      place: "stream 'plant' in store.duckdb",
      fix: 'Restore the tags, or start anew with --fresh',
    },
  ],
  [
    'put its tags in another order',
    grown('Timestamp,LEVEL,FLOW,PUMP', ([time, flow, level, pump]) => [time, level, flow, pump]),
    {
      code: 'SCHEMA_MISMATCH',
      says: 'the tags differ: same tags in another order',
      place: "stream 'plant' in store.duckdb",
      fix: 'Restore the tags, or start anew with --fresh',
    },
  ],
  [
    'was exchanged for another recording of the same tags',
    csv(300, (i) => rowAt(i).replace('2024', '2023')),
    { code: 'SOURCE_CHANGED', says: 'the source is not the one of which 200 rows were read', place: 'plant.csv', fix: 'start anew with --fresh' },
  ],
];

describe('a resumed run is refused, and the store left as it was, when its source', () => {
  test.concurrent.each(changedTags)('%s', async (_, content, refusal) => {
    const plant = new Plant();
    const file = plant.pipeline('{ type: csv, path: plant.csv }');
    plant.write('plant.csv', csv(200));
    await plant.run(file);
    const before = await contentOfFile(`${plant.path}/store.duckdb`, 'plant');
    plant.write('plant.csv', content);
    await plant.refuses(refusal, ['run', file, '--until-end']);
    expect(differences(await contentOfFile(`${plant.path}/store.duckdb`, 'plant'), before)).toEqual([]);
  });
});

test.concurrent('with --fresh, as the message proposes, other tags are taken', async () => {
  const plant = new Plant();
  const file = plant.pipeline('{ type: csv, path: plant.csv }');
  plant.write('plant.csv', csv(200));
  await plant.run(file);
  plant.write('plant.csv', changedTags[0][1]);
  expect(await plant.run(file, '--fresh')).toMatchObject({ resumedAt: 0, rowsRead: 300, rowsStored: 300 });
});

test.concurrent('a source that only grew is read on', async () => {
  const plant = new Plant();
  const file = plant.pipeline('{ type: csv, path: plant.csv }');
  plant.write('plant.csv', csv(200));
  await plant.run(file);
  plant.write('plant.csv', csv(300));
  expect(await plant.run(file)).toMatchObject({ resumedAt: 200, rowsRead: 100, rowsStored: 100, total: { rowsStored: 300 } });
});

const named: [is: string, source: string, refusal: Refusal][] = [
  [
    'tag, which the source does not have',
    'tags: [FLOW, LEVEL, PMUP]',
    { code: 'SOURCE_TAGS', says: "missing 'PMUP'; unknown 'PUMP'", place: 'plant.csv', fix: "Renamed? 'PUMP' may be 'PMUP'" },
  ],
  [
    'list of tags, which is too short',
    'tags: [FLOW, LEVEL]',
    { code: 'SOURCE_TAGS', says: "unknown 'PUMP'", place: 'plant.csv', fix: 'leave further columns out with `ignore`' },
  ],
  [
    'column to leave out',
    'ignore: [FLWO]',
    { code: 'SOURCE_TAGS', says: "there is no column 'FLWO', which `ignore` names", place: 'plant.csv', fix: "Did you mean 'FLOW'?" },
  ],
  [
    'time column',
    'time: Tiemstamp',
    { code: 'SOURCE_TAGS', says: "there is no column 'Tiemstamp', which `time` names", place: 'plant.csv', fix: "Did you mean 'Timestamp'?" },
  ],
  [
    'label column',
    'label: attack',
    { code: 'SOURCE_TAGS', says: "there is no column 'attack', which `label` names", place: 'plant.csv', fix: "Columns: 'Timestamp', 'FLOW', 'LEVEL', 'PUMP'" },
  ],
  [
    'discrete tag',
    'discrete: [PUMPS]',
    { code: 'SOURCE_TAGS', says: "there is no column 'PUMPS', which `discrete` names", place: 'plant.csv', fix: "Did you mean 'PUMP'?" },
  ],
];

describe('a pipeline is refused that names an unknown', () => {
  const plant = new Plant();
  plant.write('plant.csv', csv(200));
  test.concurrent.each(named)('%s', async (_, option, refusal) => {
    const file = plant.pipeline(`{ type: csv, path: plant.csv, ${option} }`, `${option.replace(/\W+/g, '-')}.yaml`);
    await plant.refuses(refusal, ['check', file]);
  });
});

test.concurrent('a training file with other tags than the source is refused', async () => {
  const plant = new Plant();
  plant.write('plant.csv', csv(200));
  plant.write('training.csv', csv(200, undefined, 'Timestamp,FLOW,LEVL,PUMP'));
  await plant.refuses(
    {
      code: 'SCHEMA_MISMATCH',
      says: 'the tags differ: missing LEVEL; unknown LEVL',
      place: "training file 'training.csv'",
      fix: 'Name a training file with the tags of the source',
    },
    ['run', plant.pipeline('{ type: csv, path: plant.csv }'), '--until-end', '--set', 'train={ file: { type: csv, path: training.csv } }'],
  );
});
