import { copyFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBBlobValue, type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from '../../core/manifest.ts';
import { encodeRecord, recordHash } from '../../core/record.ts';
import { Status } from '../../core/verdict.ts';
import { csv, header, Plant, type Refusal } from './plant.ts';

const plant = new Plant();
plant.write('plant.csv', csv(200));
const file = plant.pipeline('{ type: csv, path: plant.csv }');

beforeAll(async () => {
  await plant.run(file);
  plant.write('other.csv', csv(200, undefined, header.replace('LEVEL', 'LEVL')));
  const trainings = [
    ['plant', 'source.path=plant.csv'],
    ['other', 'source.path=other.csv'],
    ['settings', 'views.plain.1.impute.hold=10s'],
  ];
  for (const [out, setting] of trainings) expect((await plant.sluice('train', file, '--out', `${out}.model`, '--set', setting)).status).toBe(0);
});

type Change = (bytes: Buffer) => Buffer;
const cut: Change = (bytes) => bytes.subarray(0, bytes.length - 100);
const flip =
  (place: number): Change =>
  (bytes) => {
    const copy = Buffer.from(bytes);
    copy[Math.floor((copy.length - 1) * place)] ^= 1;
    return copy;
  };
/** As another version would write it: its own mark, its own checksum. */
const otherVersion: Change = (bytes) => {
  const body = Buffer.from(bytes.subarray(0, -32));
  body.write('SLUICE09', 0, 'latin1');
  return Buffer.concat([body, Buffer.from(recordHash(body), 'hex')]);
};

const checksumFails = 'the checksum does not match: it was cut short or altered';

describe('a stored snapshot', () => {
  /** A store after 200 rows, with what the change made of it. */
  async function stored(name: string, change: (connection: DuckDBConnection, manifest: Manifest) => Promise<void>): Promise<string[]> {
    copyFileSync(join(plant.path, 'store.duckdb'), join(plant.path, name));
    const instance = await DuckDBInstance.create(join(plant.path, name));
    const connection = await instance.connect();
    const [[content]] = (await connection.runAndReadAll('SELECT content FROM sluice_data.manifests')).getRows();
    await change(connection, JSON.parse(String(content)));
    connection.closeSync();
    instance.closeSync();
    return ['run', file, '--until-end', '--set', `store.path=${name}`];
  }
  const bytesOf = async (connection: DuckDBConnection, hash: string): Promise<Buffer> => {
    const [[blob]] = (await connection.runAndReadAll('SELECT bytes FROM sluice_data.records WHERE hash = $1', [hash])).getRows();
    return Buffer.from((blob as DuckDBBlobValue).bytes);
  };
  /** Changes the bytes of a record; with a new name where the store is to believe them. */
  const record =
    (name: string, change: Change, believed: boolean) =>
    async (connection: DuckDBConnection, manifest: Manifest): Promise<void> => {
      const hash = manifest.records[name];
      const bytes = change(await bytesOf(connection, hash));
      const newHash = believed ? recordHash(bytes) : hash;
      await connection.run('UPDATE sluice_data.records SET bytes = $1, hash = $2 WHERE hash = $3', [new DuckDBBlobValue(bytes), newHash, hash]);
      await connection.run('UPDATE sluice_data.manifests SET content = replace(content, $1, $2)', [hash, newHash]);
    };
  /** Runs SQL over the store's file. */
  const sql =
    (...statements: string[]) =>
    async (connection: DuckDBConnection): Promise<void> => {
      for (const statement of statements) await connection.run(statement);
    };
  const state = "state of stream 'plant'";
  const model = "model of stream 'plant'";
  const fresh = 'start anew with --fresh';
  const moveAway = 'move it away: the next start makes a new one';
  const altered = /^record [0-9a-f]{64} was altered: its content does not hash to its name/;
  const version = `the record has format "SLUICE09", this version reads 'SLUICE01'`;

  const changes: [is: string, change: (connection: DuckDBConnection, manifest: Manifest) => Promise<void>, refusal: Refusal][] = [
    ['whose state is cut short', record('plant/state', cut, false), { code: 'RECORD_CORRUPT', says: altered, place: '.duckdb', fix: fresh }],
    ['whose state has a flipped bit', record('plant/state', flip(0.5), false), { code: 'RECORD_CORRUPT', says: altered, place: '.duckdb', fix: fresh }],
    ['whose model is cut short', record('plant/model', cut, false), { code: 'RECORD_CORRUPT', says: altered, place: '.duckdb', fix: fresh }],
    ['whose model has a flipped bit', record('plant/model', flip(0.5), false), { code: 'RECORD_CORRUPT', says: altered, place: '.duckdb', fix: fresh }],
    [
      'whose state is cut short under a name of its own',
      record('plant/state', cut, true),
      { code: 'RECORD_CORRUPT', says: checksumFails, place: state, fix: fresh },
    ],
    [
      'whose model has a flipped bit under a name of its own',
      record('plant/model', flip(0.9), true),
      { code: 'RECORD_CORRUPT', says: checksumFails, place: model, fix: fresh },
    ],
    [
      'whose first bytes are lost',
      record('plant/model', (bytes) => bytes.subarray(8), true),
      { code: 'RECORD_CORRUPT', says: /not a Sluice record: it has \d+ bytes and begins with "/, place: model, fix: fresh },
    ],
    [
      'whose state is missing',
      (connection, { records }) => sql(`DELETE FROM sluice_data.records WHERE hash = '${records['plant/state']}'`)(connection),
      { code: 'RECORD_CORRUPT', says: /^record [0-9a-f]{64} is missing/, place: '.duckdb', fix: fresh },
    ],
    ['whose model another version wrote', record('plant/model', otherVersion, true), { code: 'RECORD_VERSION', says: version, place: model, fix: fresh }],
    ['whose state another version wrote', record('plant/state', otherVersion, true), { code: 'RECORD_VERSION', says: version, place: state, fix: fresh }],
    [
      'whose state holds something else',
      record('plant/state', () => Buffer.from(encodeRecord('stream-state', { rows: 'many' })), true),
      { code: 'RECORD_VERSION', says: 'the record does not hold what this version reads', place: state, fix: fresh },
    ],
    [
      'whose model holds something else',
      record('plant/model', () => Buffer.from(encodeRecord('model', { tags: 3 })), true),
      { code: 'RECORD_VERSION', says: 'the record does not hold what this version reads', place: model, fix: fresh },
    ],
    [
      'whose model is a state',
      record('plant/model', () => Buffer.from(encodeRecord('stream-state', {})), true),
      { code: 'RECORD_VERSION', says: "the record is a 'stream-state', not a 'model'", place: model, fix: fresh },
    ],
    [
      'whose model is of other tags',
      record('plant/model', () => readFileSync(join(plant.path, 'other.model')), true),
      { code: 'SCHEMA_MISMATCH', says: 'the tags differ: missing LEVL; unknown LEVEL', place: model, fix: fresh },
    ],
    [
      'whose position is cut short',
      sql('UPDATE sluice_data.manifests SET content = substr(content, 1, 40)'),
      { code: 'RECORD_CORRUPT', says: /^the stored position '\{.*' was cut short or altered/, place: '.duckdb', fix: moveAway },
    ],
    [
      'whose position holds something else',
      sql("UPDATE sluice_data.manifests SET content = '{}'"),
      { code: 'RECORD_CORRUPT', says: "the stored position '{}' is none", place: '.duckdb', fix: moveAway },
    ],
    [
      'in a store of another version',
      sql('UPDATE sluice_data.format SET version = 99'),
      {
        code: 'STORE_UNAVAILABLE',
        says: 'the store has format 99, this version reads 2',
        place: '.duckdb',
        fix: 'move the file away: the next start makes a new one',
      },
    ],
  ];

  test.concurrent.each(changes)('%s is refused, and the store is left as it was', async (is, change, refusal) => {
    const name = `${is.replaceAll(' ', '-')}.duckdb`;
    const command = await stored(name, change);
    const before = readFileSync(join(plant.path, name));
    await plant.refuses(refusal, command);
    expect(readFileSync(join(plant.path, name)).equals(before)).toBe(true);
  });

  test.concurrent('what the message proposes helps: --fresh, or to move the store away', async () => {
    await stored('damaged.duckdb', record('plant/state', flip(0.5), false));
    expect(await plant.run(file, '--set', 'store.path=damaged.duckdb', '--fresh')).toMatchObject({ resumedAt: 0, rowsStored: 200 });
    await stored('damaged.duckdb', record('plant/model', otherVersion, true));
    expect(await plant.run(file, '--set', 'store.path=damaged.duckdb', '--fresh')).toMatchObject({ resumedAt: 0, rowsStored: 200 });
    await stored('damaged.duckdb', sql('UPDATE sluice_data.manifests SET content = substr(content, 1, 40)'));
    renameSync(join(plant.path, 'damaged.duckdb'), join(plant.path, 'away.duckdb'));
    expect(await plant.run(file, '--set', 'store.path=damaged.duckdb')).toMatchObject({ resumedAt: 0, rowsStored: 200 });
  });

  test.concurrent('made with other settings is refused by the names of those that changed', async () => {
    const command = await stored('settings.duckdb', sql());
    const refusal: Refusal = {
      code: 'RECORD_VERSION',
      says: 'the model was trained with other settings: `views`',
      place: state,
      fix: 'Undo the change, or train anew with --fresh',
    };
    await plant.refuses(refusal, [...command, '--set', 'views.plain.1.impute.hold=10s']);
    await plant.refuses({ ...refusal, says: '`train` changed' }, [...command, '--set', 'train.rows=50']);
    expect(await plant.run(file, '--set', 'store.path=settings.duckdb')).toMatchObject({ resumedAt: 200 });
  });
});

describe('a model file', () => {
  const make = { says: 'not a Sluice record: it has', fix: 'Make it anew with `sluice train`' };
  const files: [is: string, name: string, content: ((model: Buffer) => Uint8Array | string) | undefined, refusal: Refusal][] = [
    [
      'that is not there',
      'nowhere',
      undefined,
      { code: 'CONFIG_NOT_FOUND', says: "cannot read the model file 'nowhere.model'", place: 'train.model', fix: 'Make one with `sluice train`' },
    ],
    ['that is empty', 'empty', () => '', { code: 'RECORD_CORRUPT', ...make, place: 'empty.model' }],
    ['that is no model', 'letter', () => 'Dear all,', { code: 'RECORD_CORRUPT', ...make, place: 'letter.model' }],
    ['cut short', 'cut', cut, { code: 'RECORD_CORRUPT', ...make, says: checksumFails, place: 'cut.model' }],
    ['with a flipped bit', 'flipped', flip(0.7), { code: 'RECORD_CORRUPT', ...make, says: checksumFails, place: 'flipped.model' }],
    ['of another version', 'later', otherVersion, { code: 'RECORD_VERSION', ...make, says: 'the record has format "SLUICE09"', place: 'later.model' }],
    [
      'that holds something else',
      'hollow',
      () => encodeRecord('model', { tags: [] }),
      { code: 'RECORD_VERSION', ...make, says: 'does not hold what this version reads', place: 'hollow.model' },
    ],
    [
      'that is a state',
      'state',
      () => encodeRecord('stream-state', {}),
      { code: 'RECORD_VERSION', ...make, says: "the record is a 'stream-state', not a 'model'", place: 'state.model' },
    ],
    [
      'of other tags',
      'tags',
      () => readFileSync(join(plant.path, 'other.model')),
      { code: 'SCHEMA_MISMATCH', says: 'the tags differ: missing LEVEL; unknown LEVL', place: 'tags.model', fix: '`sluice train` makes one' },
    ],
    [
      'made with other settings',
      'settings',
      undefined,
      { code: 'RECORD_VERSION', says: 'trained with other settings: `views` changed', place: 'settings.model', fix: /Undo the change.*`sluice train`/ },
    ],
  ];

  test.concurrent.each(files)('%s is refused', async (_, name, content, refusal) => {
    const model = readFileSync(join(plant.path, 'plant.model'));
    if (content) plant.write(`${name}.model`, content(model));
    await plant.refuses(refusal, ['run', file, '--until-end', '--set', `train={ model: ${name}.model }`, '--set', `store.path=${name}-model.duckdb`]);
  });

  test.concurrent('that fits is taken, and every row judged', async () => {
    expect(await plant.run(file, '--set', 'train={ model: plant.model }', '--set', 'store.path=fits.duckdb')).toMatchObject({ rowsStored: 200 });
    const verdicts = await plant.stored((store) => store.verdicts({ stream: 'plant', detector: 'mahalanobis' }), 'fits.duckdb');
    expect(verdicts.filter(({ status }) => status !== Status.undefined)).toHaveLength(200);
  });
});
