import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { makeProgress } from './progress.ts';

/** A stream that keeps what is written, and passes for a terminal when it is given columns. */
function paper(columns?: number) {
  const stream = Object.assign(new PassThrough(), columns === undefined ? {} : { isTTY: true, columns });
  let text = '';
  stream.on('data', (data: Buffer) => {
    text += data.toString();
  });
  return { stream, text: () => text };
}

const esc = '\u001b';
const controls = new RegExp(`(${esc}\\[[\\d;?]*[A-Za-z]|${esc}[78])|([\\s\\S])`, 'g');

/** What a terminal would show: carriage returns, line feeds and clearing obeyed. */
function screen(text: string): string[] {
  const lines = [''];
  let column = 0;
  for (const [, control, char] of text.matchAll(controls)) {
    const row = lines.length - 1;
    if (control === `${esc}[0K`) lines[row] = lines[row].slice(0, column);
    else if (control === `${esc}[2K`) lines[row] = '';
    else if (control === `${esc}[1G`) column = 0;
    else if (control !== undefined) continue;
    else if (char === '\n') {
      lines.push('');
      column = 0;
    } else if (char === '\r') column = 0;
    else {
      lines[row] = lines[row].slice(0, column).padEnd(column) + char + lines[row].slice(column + 1);
      column++;
    }
  }
  return lines;
}

describe('makeProgress on a terminal', () => {
  it('shows rows, share, stage and what is stored in one line, and leaves it standing', () => {
    const { stream, text } = paper(160);
    const progress = makeProgress({ stream, total: 4000 });
    progress.update({ read: 1000, stored: 900, stage: 'warm-up 1000 of 3600' });
    progress.stop();
    const [shown, ...rest] = screen(text());
    expect(shown).toContain(' 25 % 1,000 of 4,000 rows, 900 stored, warm-up 1000 of 3600');
    expect(shown).toMatch(/^\u2588+\u2591+ /);
    expect(rest).toEqual(['']);
  });

  it('puts lines for people above the bar', () => {
    const { stream, text } = paper(160);
    const progress = makeProgress({ stream, total: 100 });
    progress.update({ read: 50 });
    progress.line('incident svm 10:00:00 LIT101');
    progress.line('incident svm 10:05:00 P102');
    progress.update({ read: 100 });
    progress.stop();
    progress.line('done');
    const shown = screen(text());
    expect(shown.slice(0, 2)).toEqual(['incident svm 10:00:00 LIT101', 'incident svm 10:05:00 P102']);
    expect(shown[2]).toContain('100 % 100 of 100 rows');
    expect(shown.slice(3)).toEqual(['done', '']);
  });

  it('hides the cursor while it is there, and gives it back once', () => {
    const { stream, text } = paper(80);
    const progress = makeProgress({ stream, total: 10 });
    progress.stop();
    progress.stop();
    progress.update({ read: 5 });
    expect(text().split(`${esc}[?25l`)).toHaveLength(2);
    expect(text().split(`${esc}[?25h`)).toHaveLength(2);
    expect(text().lastIndexOf(`${esc}[?25h`)).toBeGreaterThan(text().lastIndexOf(`${esc}[?25l`));
  });

  it('fits a narrow terminal', () => {
    const { stream, text } = paper(40);
    const progress = makeProgress({ stream, total: 4_000_000 });
    progress.update({ read: 1_234_567, stored: 1_234_000, stage: 'warm-up 1000 of 3600' });
    progress.stop();
    for (const line of screen(text())) expect(line.length).toBeLessThanOrEqual(40);
  });

  it.each([40, 80, 100, 160])('leaves room for ^C at the end of its line of %i columns', (columns) => {
    const { stream, text } = paper(columns);
    const progress = makeProgress({ stream, total: 4_000_000 });
    progress.update({ read: 1_234_567, stored: 1_234_000, stage: 'warm-up collecting 1,000,000 of 3,600,000 rows, which takes a while' });
    progress.stop();
    const [bar] = screen(text());
    expect(bar.length).toBeLessThanOrEqual(columns - 4);
    if (columns < 100) expect(bar).toMatch(/\u2026$/);
  });

  it('breaks lines between words, under the text where a name stands before it', () => {
    const { stream, text } = paper(40);
    const progress = makeProgress({ stream, show: 'lines' });
    progress.line('source   data/plant.csv: 7 columns, 1,899 rows, comma');
    progress.line('2015-12-28T02:29:14Z combined \u001b[31mINCIDENT\u001b[0m 46: LIT101 x');
    progress.line('2015-12-28T02:29:14Z k closed, LIT101 62 %');
    progress.line('2015-12-28T02:29:14Z k INCIDENT score 5.52: LIT101 is at 62 %');
    expect(text().split('\n')).toEqual([
      'source   data/plant.csv: 7 columns,',
      '         1,899 rows, comma',
      '2015-12-28T02:29:14Z combined \u001b[31mINCIDENT\u001b[0m',
      '    46: LIT101 x',
      '2015-12-28T02:29:14Z k closed, LIT101',
      '    62 %',
      '2015-12-28T02:29:14Z k INCIDENT score',
      '    5.52: LIT101 is at 62 %',
      '',
    ]);
  });

  it('breaks neither JSON nor a word that is longer than a line', () => {
    const { stream, text } = paper(20);
    const progress = makeProgress({ stream });
    const json = JSON.stringify({ event: 'incident-opened', causes: ['one', 'two'], note: 'a b c d e f' });
    const path = 'data/a-name-that-is-longer-than-a-line.csv';
    progress.line(json);
    progress.line(`see ${path}`);
    progress.stop();
    expect(screen(text()).slice(0, 3)).toEqual([json, 'see', `    ${path}`]);
  });

  it('tells no rate and no time left when nothing more comes', () => {
    const { stream, text } = paper(160);
    const progress = makeProgress({ stream });
    progress.update({ read: 100, progress: 0.5 });
    progress.update({ read: 200, progress: 1, stage: 'at the end', ended: true });
    progress.stop();
    expect(screen(text())[0]).toMatch(/ 100 % 200 rows, at the end$/);
  });

  it('shows no bar where nobody knows the end, and one where the share is known', () => {
    const unknown = paper(120);
    const first = makeProgress({ stream: unknown.stream });
    first.update({ read: 77 });
    first.stop();
    expect(screen(unknown.text())[0]).toBe('77 rows');
    const known = paper(120);
    const second = makeProgress({ stream: known.stream });
    second.update({ read: 77, progress: 0.5 });
    second.stop();
    expect(screen(known.text())[0]).toContain(' 50 % 77 rows');
  });
});

describe('makeProgress elsewhere', () => {
  it('writes plain lines with the time and its zone: the first, every tenth, and the last', () => {
    const { stream, text } = paper();
    const progress = makeProgress({ stream, total: 1000 });
    for (let read = 1; read <= 1000; read++) progress.update({ read, stage: 'replaying' });
    progress.stop();
    progress.stop();
    const lines = text().trimEnd().split('\n');
    expect(lines.map((line) => / ([\d,]+) of 1,000 rows/.exec(line)?.[1])).toEqual([
      '1',
      '100',
      '200',
      '300',
      '400',
      '500',
      '600',
      '700',
      '800',
      '900',
      '1,000',
    ]);
    for (const line of lines) expect(line).toMatch(/^progress \d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z .*, replaying$/);
    expect(text()).not.toContain(esc);
  });

  it('says the last state when it was not said yet', () => {
    const { stream, text } = paper();
    const progress = makeProgress({ stream });
    for (let read = 1; read <= 55; read++) progress.update({ read });
    progress.stop();
    expect(text().trimEnd().split('\n').at(-1)).toMatch(/ 55 rows/);
  });

  it('says at once, and once, that nothing more comes', () => {
    const { stream, text } = paper();
    const progress = makeProgress({ stream, total: 10 });
    progress.update({ read: 10, stage: 'judging' });
    for (let n = 0; n < 3; n++) progress.update({ read: 10, stage: 'at the end', ended: true });
    expect(text().match(/10 of 10 rows, .*$/gm)).toEqual(['10 of 10 rows, judging', '10 of 10 rows, at the end']);
  });

  it('writes lines for people between them', () => {
    const { stream, text } = paper();
    const progress = makeProgress({ stream, show: 'lines' });
    progress.update({ read: 5 });
    progress.line('an incident');
    progress.stop();
    expect(text()).toBe('an incident\n');
  });

  it('writes nothing at all when nothing is to be shown', () => {
    for (const columns of [undefined, 80]) {
      const { stream, text } = paper(columns);
      const progress = makeProgress({ stream, total: 10, show: 'nothing' });
      progress.update({ read: 5 });
      progress.line('an incident');
      progress.stop();
      expect(text()).toBe('');
    }
  });
});
