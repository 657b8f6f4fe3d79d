import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Attack, attackOf, readAttacks } from './attacks.ts';

const attack = (start: bigint, end: bigint, description = ''): Attack => ({ start, end, tags: ['LIT101'], description });

describe('the attacks told of beside a file', () => {
  it('belong to the event that shares most time with them', () => {
    const [early, late] = [attack(10n, 30n, 'early'), attack(28n, 60n, 'late')];
    expect(attackOf(5n, 12n, [early, late])).toBe(early);
    expect(attackOf(20n, 50n, [early, late])).toBe(late);
    expect(attackOf(29n, 29n, [early])).toBe(early);
    expect(attackOf(60n, 60n, [late, attack(60n, 70n, 'after')])?.description).toBe('after');
    expect(attackOf(30n, 30n, [early])).toBeUndefined();
    expect(attackOf(61n, 70n, [early, late])).toBeUndefined();
    expect(attackOf(0n, 100n, [])).toBeUndefined();
  });

  it('are read with what was done, and refused where they are something else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-attacks-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [file, beside] = [join(folder, 'plant.csv'), join(folder, 'plant.attacks.json')];
    expect(await readAttacks(file)).toEqual({ attacks: [], notes: [] });
    const told = { start: '2020-03-01T00:00:10Z', end: '2020-03-01T00:00:20Z', tags: ['P102', 'LIT101'], kind: 'ramp' };
    await writeFile(beside, JSON.stringify({ recording: 'plant.csv', attacks: [told, { ...told, size: 1.5, stealthy: true, effect: null }] }));
    const [plain, stealthy] = (await readAttacks(file)).attacks;
    expect(plain).toEqual({ start: 1583020810_000_000_000n, end: 1583020820_000_000_000n, tags: ['P102', 'LIT101'], description: 'ramp' });
    expect(stealthy.description).toBe('ramp, size 1.5, stealthy');
    for (const [text, message] of [
      ['{', 'no JSON'],
      ['[]', 'expected object'],
      ['{}', 'attacks: Invalid input: expected array'],
      [JSON.stringify({ attacks: [{ ...told, tags: [] }] }), 'attacks.0.tags'],
      [JSON.stringify({ attacks: [{ ...told, end: '2020-03-01 00:00' }] }), 'attacks.0.end: expected an ISO 8601 time with zone'],
    ]) {
      await writeFile(beside, text);
      await expect(readAttacks(file)).rejects.toMatchObject({
        code: 'SOURCE_UNREADABLE',
        place: beside,
        what: expect.stringContaining(message),
      });
    }
  });

  it('are told of the recording that their list names, packed or not, and of no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-attacks-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const attacks = [{ start: '2020-03-01T00:00:10Z', end: '2020-03-01T00:00:20Z', tags: ['P102'], kind: 'ramp' }];
    await writeFile(join(folder, 'plant.attacks.json'), JSON.stringify({ recording: 'plant.csv', attacks }));
    for (const own of ['plant.csv', 'plant.csv.gz']) expect(await readAttacks(join(folder, own))).toMatchObject({ attacks: [{ tags: ['P102'] }], notes: [] });
    expect(await readAttacks(join(folder, 'plant.xlsx'))).toEqual({
      attacks: [],
      notes: [
        "'plant.attacks.json' lists the attacks of 'plant.csv', not of this file: they are not told; where the rows are the same, name this file as its recording",
      ],
    });
    await writeFile(join(folder, 'plant.attacks.json'), JSON.stringify({ attacks }));
    expect((await readAttacks(join(folder, 'plant.xlsx'))).attacks).toHaveLength(1);
  });
});
