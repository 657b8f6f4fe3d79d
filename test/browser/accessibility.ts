import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** No finding of axe-core that is serious or critical, WCAG 2.2 A and AA. */
export async function expectAccessible(page: Page): Promise<void> {
  // Evaluated by the tester, not by the page: its policy allows no script from elsewhere.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const run = (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe;
    return await run.run({ runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] });
  });
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `    ${html.slice(0, 200)}\n    ${failureSummary?.replaceAll('\n', ' ')}`).join('\n')}`,
  );
  expect(told, page.url()).toEqual([]);
}
