import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest } from './manifest.ts';
import { type ManifestBase, packManifest, unpackManifest } from './packed-manifest.ts';

const manifestOf = (records: Record<string, string>): Manifest => ({
  key: 'SWAT/0',
  positions: { plant: { nextOffset: 5, shiftMs: 0 } },
  totals: { read: 5 },
  records,
});

describe('packManifest', () => {
  it('gives back any manifest, whatever came before it', async () => {
    const change = fc.record({ from: fc.nat(4000), count: fc.nat(1500), hash: fc.option(fc.stringMatching(/^[0-9a-f]{4}$/), { freq: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 3000 }), fc.array(change, { maxLength: 5 }), async (streams, changes) => {
        let records: Record<string, string> = Object.fromEntries(Array.from({ length: streams }, (_, i) => [`item-${i}/state`, `hash-${i}`]));
        const saved = new Map<string, Uint8Array>();
        let base: ManifestBase | undefined;
        for (const { from, count, hash } of [{ from: 0, count: 0, hash: null }, ...changes]) {
          records = { ...records };
          for (let i = from; i < from + count; i++) {
            if (hash === null) delete records[`item-${i}/state`];
            else records[`item-${i}/state`] = hash;
          }
          const packed = packManifest(manifestOf(records), base);
          if (packed.base) saved.set(packed.base.hash, packed.base.bytes);
          const back = await unpackManifest(packed.text, 'store', async (wanted) => saved.get(wanted) as Uint8Array);
          // As `toEqual` does, of a megabyte in a hundredth of the time.
          deepStrictEqual(back.manifest, manifestOf(records));
          deepStrictEqual(
            back.base && { ...back.base, bytes: Buffer.from(back.base.bytes) },
            packed.base && { ...packed.base, bytes: Buffer.from(packed.base.bytes) },
          );
          expect(packed.text.length).toBeLessThan(100_000);
          base = packed.base;
        }
      }),
      { numRuns: 30 },
    );
  });

  it('writes what changed, and not what it names all in all', () => {
    const records = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`item-${i}/state`, `${i}`.padStart(64, '0')]));
    const first = packManifest(manifestOf(records), undefined);
    expect([first.text.length < 300, (first.base?.bytes.length ?? 0) > 1e6]).toEqual([true, true]);
    const second = packManifest(manifestOf({ ...records, 'item-7/state': 'f'.repeat(64) }), first.base);
    expect(second.base).toBe(first.base);
    expect(second.text.length).toBe(first.text.length + '"item-7/state":""'.length + 64);
  });

  it('is the plain text of a manifest of few names', () => {
    const manifest = manifestOf({ 'plant/state': 'a' });
    expect(packManifest(manifest, undefined)).toEqual({ text: JSON.stringify(manifest), base: undefined });
  });
});
