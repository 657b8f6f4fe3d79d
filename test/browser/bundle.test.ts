import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../repository-root.ts';

/** Bytes that go over the wire, gzipped. */
const budget = { everything: 250_000, firstView: 60_000 };

describe('the built page', () => {
  let folder: string;
  let files: readonly string[];
  const read = (file: string) => readFileSync(join(folder, file));
  const wire = (file: string) => gzipSync(read(file), { level: 9 }).length;
  const total = (names: readonly string[]) => names.reduce((sum, file) => sum + wire(file), 0);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-page-'));
    await build({ root: join(repositoryRoot, 'dashboard'), logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
    files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is small enough to be there at once', () => {
    const scripts = files.filter((file) => file.endsWith('.js'));
    const first = [
      ...read('index.html')
        .toString()
        .matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g),
    ].map(([, file]) => file!);
    expect(first.length).toBeGreaterThanOrEqual(2);
    const sizes = { scripts: total(scripts), styles: total(files.filter((file) => file.endsWith('.css'))), first: total([...first, 'index.html']) };
    console.log(`page, gzipped: ${scripts.length} scripts of ${sizes.scripts} bytes, styles ${sizes.styles}, before the first view ${sizes.first}`);
    expect(sizes.scripts).toBeLessThan(budget.everything);
    expect(sizes.first).toBeLessThan(budget.firstView);
  });

  it('holds nothing inline and asks nobody else, as its content security policy wants it', () => {
    const html = read('index.html').toString();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    expect(html).not.toMatch(/(?:src|href)="(?!\/)/);
    for (const file of files.filter((name) => name.endsWith('.css'))) expect(read(file).toString(), file).not.toMatch(/@import|url\((?!"?\/)/);
  });

  it('lies there compressed, and every name but the first holds a hash', () => {
    const plain = files.filter((file) => /\.(js|css|html|svg)$/.test(file));
    for (const file of plain) {
      if (file !== 'index.html') expect(file).toMatch(/^assets\/[\w.-]+-[\w-]{8}\.\w+$/);
      if (read(file).length < 1024) continue;
      expect(gunzipSync(read(`${file}.gz`)).equals(read(file)), file).toBe(true);
      expect(read(`${file}.br`).length).toBeLessThanOrEqual(read(`${file}.gz`).length);
    }
  });
});
