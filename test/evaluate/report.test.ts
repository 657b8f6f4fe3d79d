import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import { reportHtml } from '../../evaluate/report/report.ts';
import { style } from '../../evaluate/report/style.ts';
import { madeUpEvaluation } from './made-up-evaluation.ts';

/** What a page is made of: its tags with the names of their attributes, and what stands in texts and attribute values. */
interface Markup {
  readonly tags: readonly string[];
  readonly values: readonly string[];
}

/** Reads the little HTML that the report is to be written in: every attribute in double quotes, nothing left open. @throws at anything else */
function readMarkup(page: string): Markup {
  const tags: string[] = [];
  const values: string[] = [];
  const open: string[] = [];
  const markup = page.replace(/^<!doctype html>/, '').replace(/<style>[^<]*<\/style>/, '');
  const tag = /<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z][a-zA-Z0-9-]*="[^"<>]*")*)(\/?)>/y;
  for (let at = 0; at < markup.length; at = tag.lastIndex) {
    const text = /[^<]*/y;
    text.lastIndex = at;
    values.push(decoded(text.exec(markup)![0]));
    tag.lastIndex = text.lastIndex;
    if (text.lastIndex === markup.length) break;
    const match = tag.exec(markup);
    if (!match) throw new Error(`no tag: ${markup.slice(text.lastIndex, text.lastIndex + 80)}`);
    const [, closing, name, attributes, empty] = match;
    const pairs = [...attributes.matchAll(/ ([a-zA-Z][a-zA-Z0-9-]*)="([^"]*)"/g)];
    tags.push(`${closing}${name} ${pairs.map(([, attribute]) => attribute).join(' ')}`);
    values.push(...pairs.map(([, , value]) => decoded(value)));
    if (closing && open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    if (!closing && !empty && name !== 'meta') open.push(name);
  }
  if (open.length > 0) throw new Error(`left open: ${open}`);
  return { tags, values };
}

/** @throws when a sign stands bare that must not */
function decoded(text: string): string {
  if (/[>"]|&(?!(amp|lt|gt|quot|#39);)/.test(text)) throw new Error(`a bare sign: ${text}`);
  const signs: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&([^;]+);/g, (_, name) => signs[name]);
}

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'<>"\'&/=-!` \n\t\0\u202e;'), maxLength: 12 }),
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onload='x",
    '</title>',
    '</style><b>',
    ']]>',
    '-->',
    '&lt;',
    '&#60;',
    '\ud800',
  ),
);

describe('a report', () => {
  it('keeps what comes from outside in its place: same tags, same attributes, the very text', () => {
    const small = { files: 2, methods: 3, rows: 60, events: 2, points: 10 };
    fc.assert(
      fc.property(hostile, (bad) => {
        const usual: string[] = [];
        const mark = (text: string): string => `\u{f0000}${usual.includes(text) ? usual.indexOf(text) : usual.push(text) - 1}\u{f0001}`;
        const harmless = readMarkup(reportHtml(madeUpEvaluation({ ...small, text: mark })));
        const page = readMarkup(reportHtml(madeUpEvaluation({ ...small, text: (text) => bad + text })));
        const shown = (value: string): string => value.replace(/\u{f0000}(\d+)\u{f0001}/gu, (_, n) => bad + usual[n]);
        expect(page.tags).toEqual(harmless.tags);
        // Control characters have no place in HTML, and half a surrogate pair none in a file.
        const clean = (value: string): string =>
          Buffer.from(value)
            .toString()
            .replace(/(?![\t\n])\p{Cc}/gu, '\ufffd');
        expect(page.values).toEqual(harmless.values.map((value) => clean(shown(value))));
      }),
    );
  });

  it('fetches nothing and runs nothing', () => {
    const page = reportHtml(madeUpEvaluation());
    expect(page).not.toMatch(/https?:|\/\/[a-z]|<script|<link|<iframe|<img|\son[a-z]+=|\ssrc=|@import|url\(|javascript:/i);
    expect(page.match(/<style>/g)).toHaveLength(1);
    const { tags } = readMarkup(page);
    expect(tags.filter((tag) => /\b(style|src|srcset|action|data)\b/.test(tag.split(' ').slice(1).join(' ')))).toEqual([]);
  });

  it('can be found one way round by headings, captions and scopes, and every plot is told in words', () => {
    const page = reportHtml(madeUpEvaluation({ files: 2 }));
    expect(page).toContain('<html lang="en">');
    expect(page).toContain('<title>Evaluation of pipelines/swat.yaml</title>');
    const levels = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    levels.slice(1).forEach((level, h) => {
      expect(level).toBeGreaterThan(1);
      expect(level - levels[h]).toBeLessThanOrEqual(1);
    });
    for (const [table] of page.matchAll(/<table[\s\S]*?<\/table>/g)) {
      expect(table).toContain('<caption');
      expect(table.match(/<th(?=[ >])/g)?.length).toBe(table.match(/<th [^>]*scope="(col|row|rowgroup)"/g)?.length);
    }
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/ (?:aria-labelledby="|href="#)([^"]+)"/g)) expect(ids).toContain(id);
    const plots = [...page.matchAll(/<svg[^>]*role="img"[^>]*aria-label="([^"]*)"/g)].map(([, label]) => label);
    expect(plots).toHaveLength(12);
    expect(plots[0]).toMatch(/^one-class-svm, calibrated score over time: highest [\d.]+ near 2015-12-28T0\d:\d\d:\d\dZ; .* of 9 events found/);
    expect(page.match(/<svg(?![^>]*role="img")[^>]*>/g)?.every((svg) => svg.includes('aria-hidden') || /class="(ys|plot)"/.test(svg))).toBe(true);
  });

  it('has each event with start, length, description, tags, and what each method made of it', () => {
    const evaluation = madeUpEvaluation({ methods: 2, events: 1, rows: 400 });
    const [file] = evaluation.files;
    const event = { ...file.events[0], from: 100, to: 160, description: 'P102 turned on', tags: ['P102'] };
    const outcome = { found: true, flagged: 5, delaySeconds: 7, peakScore: 2, peakRow: 110, topTags: ['FIT101', 'P102'] };
    const missed = { ...outcome, found: false, flagged: 0, delaySeconds: Number.NaN, peakScore: 0.42, topTags: [] };
    const methods = file.methods.map((method, m) => ({ ...method, events: [m === 0 ? outcome : missed] }));
    const page = reportHtml({ ...evaluation, files: [{ ...file, events: [event], methods }] });
    const row = /<table class="events">[\s\S]*?<tbody><tr>([\s\S]*?)<\/tr>/.exec(page)![1].replaceAll('\u00a0', ' ');
    expect(row.replace(/<(?!\/?strong)[^>]*>/g, '|').replace(/\|+/g, '|')).toBe(
      `|1|${event.start.replace('.000', '')}|60 s|P102 turned on|P102|✓ found| after 7 s|FIT101|, <strong>|P102|</strong>|✗ missed|, peak 0.42|`,
    );
    const late = methods.map((method) => ({ ...method, events: [{ ...missed, flagged: 45 }] }));
    expect(reportHtml({ ...evaluation, files: [{ ...file, events: [event], methods: late }] })).toMatch(/✗ missed<\/span>, 75\.0\u00a0% flagged</);
  });

  it('says once what is to be noted of all files', () => {
    const evaluation = madeUpEvaluation({ files: 3 });
    const of = (f: number): string[] => ['times have no zone', ...(f === 1 ? ['few rows'] : [])];
    const files = evaluation.files.map((file, f) => ({ ...file, notes: of(f) }));
    const page = reportHtml({ ...evaluation, files });
    expect(page.match(/<li>times have no zone<\/li>/g)).toHaveLength(1);
    expect(page.match(/<li>few rows<\/li>/g)).toHaveLength(1);
    expect(page.indexOf('<li>times have no zone')).toBeLessThan(page.indexOf('id="file-1"'));
    expect(page).toContain('<p>Of all 3 files:</p>');
    const [file] = files;
    expect(reportHtml({ ...evaluation, files: [file] })).not.toContain('Of all');
  });

  it('shows a dash where nothing can be said, and says what it means', () => {
    const page = reportHtml(madeUpEvaluation());
    expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
    const random = /<tr><th scope="row"><bdi>random<\/bdi>[\s\S]*?<\/tr>/.exec(page)![0];
    expect(random).toContain('<td><span class="none" aria-hidden="true">–</span>');
    expect(page).toContain('<dt>A dash (–)</dt>');
  });

  it('never marks a baseline or the point-adjusted figure as best, and the best of the others once', () => {
    const evaluation = madeUpEvaluation({ methods: 3 });
    const mean = evaluation.mean.map((figures, m) => ({ ...figures, aucPr: [0.2, 0.4, 0.3, 0.9, 0.8][m] }));
    const table = /<table class="figures">[\s\S]*?<\/table>/.exec(reportHtml({ ...evaluation, mean }))![0];
    const row = (name: string): string => new RegExp(`<tr><th scope="row"><bdi>${name}</bdi>.*?</tr>`).exec(table)![0];
    expect(row('isolation-forest')).toContain('<td class="best">0.400</td>');
    expect(row('random')).not.toContain('best');
    expect(table).not.toMatch(/class="best[^>]*>0\.920/);
  });

  it('holds an evaluation without events, without rows or without files', () => {
    const none = madeUpEvaluation({ events: 0 });
    expect(reportHtml(none)).toContain('only false alarms can be told');
    const [file] = none.files;
    const empty = { ...file, rows: 0, anomalousRows: 0, methods: file.methods.map((method) => ({ ...method, course: { step: 1, largest: [] } })) };
    expect(() => readMarkup(reportHtml({ ...none, files: [empty] }))).not.toThrow();
    const nothing: Evaluation = { pipeline: 'p', training: 't', files: [], mean: [] };
    expect(reportHtml(nothing)).toContain('no file was evaluated');
  });

  it('of 16 files x 8 methods, with longer courses than can be seen, stays below 3 MB', () => {
    const page = reportHtml(madeUpEvaluation({ files: 16, methods: 8, rows: 60_000, events: 30, points: 5000 }));
    expect(Buffer.byteLength(page)).toBeLessThan(3e6);
  });
});

describe('colours', () => {
  const schemes = [...style.matchAll(/:root \{([^}]*)\}/g)].map(
    ([, body]) => new Map([...body.matchAll(/--([a-z]+): (#[0-9a-f]{6})/g)].map(([, name, hex]) => [name, hex])),
  );
  const pairs = ['text', 'quiet', 'link', 'good', 'bad'].flatMap((front) => ['ground', 'panel'].map((back) => [front, back]));
  const curves = ['curve', 'over', 'edge', 'text'].flatMap((front) => ['ground', 'panel', 'event'].map((back) => [front, back]));

  it.each([...pairs, ...curves])('%s on %s has a contrast of 4.5 in light, dark and print', (front, back) => {
    expect(schemes).toHaveLength(3);
    for (const scheme of schemes) expect(contrast(scheme.get(front)!, scheme.get(back)!)).toBeGreaterThanOrEqual(4.5);
  });
});

/** WCAG 2.2, contrast ratio of two sRGB colours. */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
