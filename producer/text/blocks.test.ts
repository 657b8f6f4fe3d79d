import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTextFile } from './blocks.ts';
import type { Encoding } from './encoding.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-text-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function fileOf(bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, `${++files}.csv`);
  await writeFile(path, bytes);
  return path;
}

async function read(bytes: Uint8Array | string, set?: Encoding): Promise<{ text: string; encoding: Encoding | undefined }> {
  const file = await openTextFile(await fileOf(bytes), set);
  const blocks: Buffer[] = [];
  for await (const block of file.blocks()) blocks.push(Buffer.from(block));
  return { text: Buffer.concat(blocks).toString(file.encoding === 'windows-1252' || file.encoding === 'latin1' ? 'latin1' : 'utf8'), encoding: file.encoding };
}

const text = 'time,T °C\n2020-01-01T00:00:00Z,1.5\n';
const utf16le = Buffer.from(text, 'utf16le');
const utf16be = Buffer.from(utf16le).swap16();

describe('openTextFile', () => {
  it.each<[string, Uint8Array, Encoding | undefined]>([
    ['plain', Buffer.from(text), undefined],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`), 'utf-8'],
    ['UTF-16 LE with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16le]), 'utf-16le'],
    ['UTF-16 BE with a mark', Buffer.concat([Buffer.from([0xfe, 0xff]), utf16be]), 'utf-16be'],
    ['UTF-16 LE without one', utf16le, 'utf-16le'],
    ['UTF-16 BE without one', utf16be, 'utf-16be'],
    ['gzip', gzipSync(text), undefined],
    ['gzip of UTF-16', gzipSync(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16le])), 'utf-16le'],
  ])('reads %s', async (_, bytes, encoding) => {
    expect(await read(bytes)).toEqual({ text, encoding });
  });

  it('believes the encoding that is set', async () => {
    expect(await read(Buffer.from(text, 'latin1'), 'windows-1252')).toEqual({ text, encoding: 'windows-1252' });
    expect(await read(utf16be, 'utf-16be')).toEqual({ text, encoding: 'utf-16be' });
  });

  it('joins characters that fall on the edge of a block', async () => {
    const long = 'é𝛼'.repeat(300_001);
    expect((await read(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(long, 'utf16le')]))).text).toBe(long);
    expect((await read(gzipSync(long))).text).toBe(long);
  });

  it('tells how far it has read', async () => {
    const file = await openTextFile(await fileOf('x'.repeat(600_000)));
    const seen: number[] = [];
    for await (const block of file.blocks((bytes) => seen.push(bytes))) expect(block.length).toBeGreaterThan(0);
    expect(file.size).toBe(600_000);
    expect(seen.at(-1)).toBe(600_000);
    expect(seen).toHaveLength(3);
  });

  it.each<[string, () => Promise<string> | string, string, RegExp]>([
    ['a missing file', () => join(folder, 'none.csv'), 'SOURCE_NOT_FOUND', /there is no file '.*none\.csv'/],
    ['a path through a file', async () => join(await fileOf('x'), 'a.csv'), 'SOURCE_NOT_FOUND', /there is no file/],
    [
      'a folder',
      async () => {
        await mkdir(join(folder, 'sub'));
        return join(folder, 'sub');
      },
      'SOURCE_NOT_FOUND',
      /is a folder/,
    ],
    ['an empty file', () => fileOf(''), 'SOURCE_EMPTY', /the file is empty/],
    ['a compressed nothing', () => fileOf(gzipSync('')), 'SOURCE_EMPTY', /holds nothing/],
    ['a workbook', () => fileOf(Buffer.from('PK\u0003\u0004rest')), 'SOURCE_UNREADABLE', /zip archive.*type: xlsx/],
    ['an encrypted workbook', () => fileOf(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1])), 'SOURCE_UNREADABLE', /password/],
    ['a Parquet file', () => fileOf('PAR1 and so on'), 'SOURCE_UNREADABLE', /Parquet/],
    ['a binary file', () => fileOf(Buffer.from([1, 2, 3, 0, 5, 0, 7, 8, 9, 9, 9, 9, 9])), 'SOURCE_UNREADABLE', /byte 3 is zero/],
  ])('refuses %s with a fix', async (_, make, code, message) => {
    await expect(openTextFile(await make())).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('says that a gzip file is cut short or damaged', async () => {
    const whole = gzipSync(Buffer.from(Array.from({ length: 400_000 }, (_, i) => 1 + ((i * 7919) % 251))));
    const altered = Buffer.from(whole);
    altered[altered.length - 6] ^= 0xff;
    for (const bytes of [whole.subarray(0, whole.length / 2), altered]) {
      await expect(read(bytes)).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE', message: expect.stringMatching(/damaged or cut short/) });
    }
  });

  it('says that a UTF-16 file is cut inside a character', async () => {
    await expect(read(utf16le.subarray(0, -1))).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });
});
