import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketField, decodeText, encodeText, tagField, tagOfField } from './layout.ts';

/** Text in which what is special comes often. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(' ', ',', '=', '"', '\\', '\n', '\r', '\t', '\0', '%', '%0A', '%u', 'D800', '\ud800', '\udc00', '_', 'time', 'a', '1', 'é', '😀')).map((parts) => parts.join('')),
); // biome-ignore format: one line

describe('text as it is stored', () => {
  it('is what it was, where nothing alters it', () => {
    for (const text of ['FIT101', 'P1 pump, "main"', 'tank=1', 'back\\slash', '温度', "it's", ' lead', 'Druck %', '100 %', '#1', '%zz']) {
      expect(encodeText(text)).toBe(text);
    }
  });

  it('reads back whatever it was', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(decodeText(encodeText(text))).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('holds nothing that line protocol, the server or its CSV alters', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const stored = encodeText(text);
        expect(stored).not.toBe('');
        expect(stored).not.toMatch(/\p{Cc}(?<![\u007f-\u009f])|\\$|\\[\\,= "]/u);
        expect(stored).not.toMatch(/\p{Surrogate}/u);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('fields of tags', () => {
  it('tell the tag, and are none that Sluice or InfluxDB keep for themselves', () => {
    fc.assert(
      fc.property(anyText, (tag) => {
        const field = tagField(tag);
        expect(tagOfField(field)).toBe(tag);
        expect(field).not.toBe('time');
        expect(field.startsWith('_')).toBe(false);
      }),
      { numRuns: 2000 },
    );
    expect(['_origin', '_label'].map(tagOfField)).toEqual([undefined, undefined]);
  });

  it('of buckets are shared by no two tags and parts', () => {
    const parts = ['min', 'max', 'sum', 'count'] as const;
    const tag = fc.oneof(
      anyText,
      fc.array(fc.constantFrom('a', '_min', '_sum', '_count', '_inf', 'time')).map((some) => some.join('')),
    );
    fc.assert(
      fc.property(fc.uniqueArray(tag, { minLength: 2, maxLength: 6 }), (tags) => {
        const fields = tags.flatMap((each) => parts.flatMap((part) => [bucketField(each, part), `${bucketField(each, part)}_inf`]));
        expect(new Set(fields).size).toBe(8 * tags.length);
      }),
      { numRuns: 1000 },
    );
  });
});
