import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { reportHtml } from '../../evaluate/report/report.ts';
import { madeUpEvaluation } from '../evaluate/made-up-evaluation.ts';
import { temporaryFolder } from '../house/temporary-clone.ts';
import { describeInBrowser, expectNoSidewaysScroll, openTab, useBrowser } from './describe-in-browser.ts';

describeInBrowser('the report in a browser', () => {
  const browser = useBrowser();
  const long = (text: string): string => `${'a_long_name_without_a_break_'.repeat(5)}${text}`;

  it('does not scroll sideways, wide and narrow: tables scroll in boxes of their own', async () => {
    const { page, faults, close } = await openTab(browser(), 'file://');
    for (const report of [reportHtml(madeUpEvaluation({ files: 2, methods: 9, events: 12 })), reportHtml(madeUpEvaluation({ files: 2, text: long }))]) {
      const file = join(temporaryFolder('report'), 'report.html');
      writeFileSync(file, report);
      await page.goto(`file://${file}`);
      for (const width of [320, 390, 1440]) {
        await page.setViewportSize({ width, height: 900 });
        await expectNoSidewaysScroll(page);
      }
    }
    expect(faults).toEqual([]);
    await close();
  }, 60_000);
});
