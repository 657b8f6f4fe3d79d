import { chmod } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorkplace, type Sluice, settings, type Workplace } from '../command-line.ts';
import { expectAccessible } from './accessibility.ts';
import { describeInBrowser, expectNoSidewaysScroll, openTab, useBrowser } from './describe-in-browser.ts';

/** Levels on the scale of the forest, where a usual row has about one: a short stretch to learn from tells none so far out. */
const playground = `
stream: playground
source: { type: simulator, items: [{ id: pump-1, mean: 10, variance: 1, rate: 50 }] }
batch: { wait: 200ms }
train: { rows: 200 }
views: { tags: [clean] }
detectors: { forest: { type: random-cut-forest, view: tags, trees: 30 } }
threshold: { warn: { fixed: 1.8 }, error: { fixed: 2.5 } }
incidents: { open: 100ms, close: 1s, merge: 1s }
store: { type: duckdb, path: playground.duckdb }
outputs: []
`;
const token = 'a-token-of-the-playground';
/** The limit that the page is built to: from the anomaly's request to its incident on the page, s. */
const incidentWithin = 5;

describeInBrowser(
  'the page over the playground',
  () => {
    const browser = useBrowser();
    let place: Workplace;
    let running: Sluice;
    let base: string;

    async function start(more: Readonly<Record<string, string | number>>): Promise<void> {
      running = place.start('run', 'playground.yaml', ...settings(more));
      const [, address] = await running.printed(/^page +(\S+)/m);
      base = address.replace('0.0.0.0', '127.0.0.1');
    }
    const stop = async (): Promise<void> => {
      running.kill('SIGKILL');
      await running.ended;
    };

    async function expectFitInBothLooks(page: Page): Promise<void> {
      for (const [width, colorScheme] of [
        [390, 'dark'],
        [1440, 'light'],
      ] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
      }
    }

    beforeAll(async () => {
      place = await openWorkplace({ 'playground.yaml': playground, '.env': `SLUICE_TOKEN=${token}\n` });
      await chmod(place.path('.env'), 0o600);
      await start({ 'serve.port': 0 });
    });
    afterAll(() => place.close());

    it('an item is started, disturbed until its incident shows, changed by a slider, and stopped', async () => {
      const { page, faults, close } = await openTab(browser(), base);
      await page.goto('/simulator');
      const items = page.getByRole('list', { name: 'Items' });
      await items.getByText('pump-1').waitFor();
      await page.getByRole('button', { name: 'New item' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Name').fill('pump-2');
      await dialog.getByRole('textbox', { name: 'Rate' }).fill('50');
      await expectAccessible(page);
      await dialog.getByRole('button', { name: 'Start' }).click();
      const item = items.getByRole('listitem').filter({ hasText: 'pump-2' });
      await item.getByText('mean 10 · variance 1 · 50/s').waitFor();
      await page.waitForURL(/stream=pump-2/);

      await page.getByRole('figure', { name: 'Score of pump-2 by forest' }).waitFor();
      await page.getByRole('button', { name: 'Inject' }).click();
      const outcome = page.getByRole('status', { name: 'What came of the anomalies' });
      const told = outcome.getByText(/incident opened/);
      await told.waitFor();
      const [, seconds] = /incident opened ([\d.]+) s later/.exec((await told.textContent())!)!;
      console.log(`an anomaly's incident on the page after ${seconds} s`);
      expect(Number(seconds)).toBeLessThanOrEqual(incidentWithin);
      await expectFitInBothLooks(page);
      await outcome.getByRole('link', { name: 'See the incident' }).click();
      await page.waitForURL(/\/incidents\/[0-9a-f]+\?stream=pump-2/);
      await page.getByRole('article').getByText('forest').first().waitFor();
      await page.goBack();

      await page.getByRole('slider', { name: 'Mean slider' }).fill('-20');
      await expect.poll(() => page.getByRole('textbox', { name: 'Mean' }).inputValue()).toBe('-20');
      await page.getByRole('button', { name: 'Update' }).click();
      await page.getByText('pump-2 is changed from its next message on').waitFor();
      await expect.poll(async () => (await item.locator('.item-last').textContent())?.startsWith('−')).toBe(true);

      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await page.getByRole('button', { name: 'Stop pump-2' }).click();
      await page.getByText(/pump-2 is stopped after/).waitFor();
      await item.waitFor({ state: 'detached' });
      expect(await items.getByRole('listitem').count()).toBe(1);
      expect(faults).toEqual([]);
      await close();
    });

    it('while the server is away the page says so, and goes on by itself when it is back', async () => {
      const { page, close } = await openTab(browser(), base);
      await page.goto('/live?stream=pump-1');
      const range = () => page.locator('.page-head .hint').textContent();
      const feed = (text: string) => page.getByRole('banner').getByText(text, { exact: true });
      await feed('Live').waitFor();
      const first = await range();
      await expect.poll(range).not.toBe(first);
      const { port } = new URL(base);
      await stop();
      await feed('Reconnecting').or(feed('No connection')).waitFor();
      await page.getByText(/^Sluice does not answer. What you see is the last that came/).waitFor();
      const last = await range();
      await expectFitInBothLooks(page);

      await start({ 'serve.port': port });
      expect(new URL(base).port).toBe(port);
      await feed('Live').waitFor();
      await page.getByText(/^Sluice does not answer/).waitFor({ state: 'detached' });
      await expect.poll(range).not.toBe(last);
      const back = await range();
      await expect.poll(range).not.toBe(back);
      await close();
    });

    it('where a token is asked for, a wrong one is refused, the right one opens the page, and signing out closes it', async () => {
      await stop();
      await start({ 'serve.port': 0, 'serve.host': '0.0.0.0' });
      const { page, faults, close } = await openTab(browser(), base);
      await page.goto('/live?stream=pump-1');
      const field = page.getByLabel('Token');
      await field.fill('not the token of it');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('This is not the token.').waitFor();
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      await expectFitInBothLooks(page);

      await field.fill(token);
      await field.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
      await page.getByRole('banner').getByText('Live', { exact: true }).waitFor();
      await page.reload();
      await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await field.waitFor();
      await page.reload();
      await field.waitFor();
      // Each says that a request was refused for want of the token; nothing else went wrong.
      expect(faults.filter((fault) => !/status of 401/.test(fault))).toEqual([]);
      await close();
    });
  },
  300_000,
);
