import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportHtml } from '../../evaluate/report/report.ts';
import { madeUpEvaluation } from '../evaluate/made-up-evaluation.ts';
import { temporaryFolder } from '../house/temporary-clone.ts';

/** A Chromium to look with; there is none among the dependencies. */
const chromium = process.env.SLUICE_TEST_CHROMIUM;

/** Puts the page into a frame of that width and says how wide it came out. */
function widthOf(page: string, width: number): number {
  const folder = temporaryFolder('report');
  writeFileSync(join(folder, 'report.html'), page);
  const measure = "onload = () => { document.body.textContent = 'width ' + f.contentDocument.documentElement.scrollWidth; }";
  writeFileSync(join(folder, 'frame.html'), `<iframe id=f width=${width} height=900 src=report.html></iframe><script>${measure}</script>`);
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--allow-file-access-from-files',
    '--window-size=1600,1000',
    `--user-data-dir=${folder}/profile`,
  ];
  const dom = execFileSync(chromium!, [...options, '--dump-dom', `file://${folder}/frame.html`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return Number(/width (\d+)/.exec(dom)?.[1]);
}

describe.skipIf(!chromium)(`the report in a browser${chromium ? '' : ' (SLUICE_TEST_CHROMIUM names none)'}`, () => {
  const long = (text: string): string => `${'a_long_name_without_a_break_'.repeat(5)}${text}`;

  it.each([320, 390, 1440])(
    'does not scroll sideways in %i pixels: tables scroll in boxes of their own',
    (width) => {
      for (const page of [reportHtml(madeUpEvaluation({ files: 2, methods: 9, events: 12 })), reportHtml(madeUpEvaluation({ files: 2, text: long }))]) {
        expect(widthOf(page, width)).toBeGreaterThan(width - 40);
        expect(widthOf(page, width)).toBeLessThanOrEqual(width);
      }
    },
    60_000,
  );
});
