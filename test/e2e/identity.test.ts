import { describe, expect, it } from 'vitest';
import { parseTime } from '../../core/time.ts';
import { settings, workplace } from '../command-line.ts';
import { countLines, plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { contentOfFile, differences } from '../store-content.ts';

const small = plantPipeline.replace('rows: 1500', 'rows: 400');
const attacks = [{ from: 700, to: 760, tag: 'LIT101', value: 1200 }];

describe('sluice run', () => {
  it('keeps rows with tied times and steps backwards, each under its own identity, with the values of its line', async () => {
    const lines = plantLines(900, { attacks, dirt: true });
    const counts = countLines(lines);
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    const summary = await place.run('plant.yaml');
    expect(summary).toMatchObject({ rowsRead: counts.read, rowsStored: counts.stored, deadLetters: counts.dead, late: counts.late, duplicates: 0, tags: 6 });
    expect(Object.values(summary.missing).reduce((sum, n) => sum + n, 0)).toBeGreaterThanOrEqual(counts.missing);

    const { rows, dead } = await contentOfFile(place.path('plant.duckdb'), 'plant');
    const { times, seqs, columns } = rows as { times: BigInt64Array; seqs: Int32Array; columns: Float64Array[] };
    const stored = Array.from(times, (time, i) => `${time}/${seqs[i]}`);
    expect(new Set(stored).size).toBe(counts.stored);
    expect(seqs.filter((seq) => seq > 0).length).toBeGreaterThan(10);
    // The identities, from the text: the ordinal of each time among the lines whose time can be read.
    const ordinals = new Map<bigint, number>();
    const expected = new Map<string, number[]>();
    for (const line of lines) {
      const [stamp, ...cells] = line.split(',');
      const time = parseTime(stamp);
      if (time === undefined) continue;
      const seq = ordinals.get(time) ?? 0;
      ordinals.set(time, seq + 1);
      expected.set(
        `${time}/${seq}`,
        cells.slice(0, 6).map((cell) => (cell === '' ? Number.NaN : Number(cell))),
      );
    }
    for (const [i, identity] of stored.entries()) {
      expect(
        columns.map((column) => column[i]),
        identity,
      ).toEqual(expected.get(identity));
    }
    const reasons = new Set((dead as { reason: string }[]).map(({ reason }) => reason));
    expect(reasons).toEqual(new Set(['number', 'time', 'cells', 'too-late']));
  });

  it('goes on where a file has grown, and takes up what another source has not brought yet', async () => {
    const lines = plantLines(1200, { attacks, dirt: true });
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    const whole = await place.run('plant.yaml');
    const expected = await contentOfFile(place.path('plant.duckdb'), 'plant');

    const growing = settings({ 'store.path': 'growing.duckdb' });
    await place.write('plant.csv', plantText(lines.slice(0, 650)));
    expect(await place.run('plant.yaml', ...growing)).toMatchObject({ rowsRead: 650, resumedAt: 0 });
    await place.write('plant.csv', plantText(lines));
    expect(await place.run('plant.yaml', ...growing)).toMatchObject({ rowsRead: lines.length - 650, resumedAt: 650, total: whole.total });
    expect(differences(await contentOfFile(place.path('growing.duckdb'), 'plant'), expected)).toEqual([]);

    // The first half from a file of another name; then the whole of the second file, whose first half is known.
    const other = settings({ 'store.path': 'other.duckdb' });
    await place.write('half.csv', plantText(lines.slice(0, 650)));
    const half = await place.run('plant.yaml', ...other, ...settings({ 'source.path': 'half.csv' }));
    expect(await place.run('plant.yaml', ...other)).toMatchObject({
      resumedAt: 0,
      duplicates: half.rowsStored,
      rowsStored: whole.rowsStored - half.rowsStored,
    });
    const { manifests: _, dead: __, ...content } = await contentOfFile(place.path('other.duckdb'), 'plant');
    const { manifests: ___, dead: ____, ...undivided } = expected;
    expect(differences(content, undivided)).toEqual([]);
    // And back to the first one, which was read to its end.
    expect(await place.run('plant.yaml', ...other, ...settings({ 'source.path': 'half.csv' }))).toMatchObject({ resumedAt: 650, rowsRead: 0 });
  });

  it('refuses another content under the same name, until told to begin anew', async () => {
    const lines = plantLines(600);
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    await place.run('plant.yaml');
    const before = await contentOfFile(place.path('plant.duckdb'), 'plant');
    await place.write('plant.csv', plantText(plantLines(600, { seed: 2 })));
    const refused = await place.call('run', 'plant.yaml', '--until-end', '--json');
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(JSON.parse(refused.stderr.trimEnd().split('\n').at(-1) as string).error).toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining('of which 600 rows were read'),
      fix: expect.stringContaining('--fresh'),
    });
    expect(differences(await contentOfFile(place.path('plant.duckdb'), 'plant'), before)).toEqual([]);

    expect(await place.run('plant.yaml', '--fresh')).toMatchObject({ resumedAt: 0, rowsRead: 600, rowsStored: 600, duplicates: 0, total: { rowsRead: 600 } });
    await place.write('plant.csv', plantText(lines));
    await place.run('plant.yaml', '--fresh');
    expect(differences(await contentOfFile(place.path('plant.duckdb'), 'plant'), before)).toEqual([]);
  });

  it('refuses to write a stream that it has no state of, which would store its rows twice', async () => {
    const place = await workplace({ 'plant.csv': plantText(plantLines(600)), 'plant.yaml': small });
    await place.run('plant.yaml');
    const before = await contentOfFile(place.path('plant.duckdb'), 'plant');
    const refused = await place.call('run', 'plant.yaml', '--until-end', '--json', '--set', 'topic=OTHER');
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(JSON.parse(refused.stderr.trimEnd().split('\n').at(-1) as string).error).toMatchObject({
      code: 'RECORD_VERSION',
      message: expect.stringContaining("no state of it under 'OTHER/0'"),
      fix: expect.stringContaining("written under 'SWAT/0'"),
    });
    expect(differences(await contentOfFile(place.path('plant.duckdb'), 'plant'), before)).toEqual([]);
  });

  it('keeps streams apart that share a file, and forgets only its own when it begins anew', async () => {
    const [north, south] = [plantLines(700, { attacks }), plantLines(700, { seed: 5 })];
    const header = 'Plant,Timestamp,FIT101,LIT101,MV101,P101,P102,AIT201,Normal/Attack';
    const mixed = north.flatMap((line, i) => [`north,${line}`, ...(i < 600 ? [`south,${south[i]}`] : [])]);
    const yaml = small.replace('path: plant.csv', 'path: plant.csv, streamColumn: Plant');
    const place = await workplace({ 'plant.csv': `${header}\n${mixed.join('\n')}\n`, 'plants.yaml': yaml });
    const summary = await place.run('plants.yaml');
    expect(summary).toMatchObject({ rowsRead: 1300, rowsStored: 1300, tags: 6 });
    const apart = await workplace({ 'plant.csv': plantText(north), 'north.yaml': small.replace('stream: plant', 'stream: north') });
    await apart.run('north.yaml');
    const { manifests: _, ...alone } = await contentOfFile(apart.path('plant.duckdb'), 'north');
    const { manifests: __, ...together } = await contentOfFile(place.path('plant.duckdb'), 'north');
    expect(differences(together, alone)).toEqual([]);
    const again = await place.run('plants.yaml', '--fresh');
    expect(again.total).toEqual(summary.total);
  });
});
