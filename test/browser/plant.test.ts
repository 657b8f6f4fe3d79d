import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiIncident, ApiTagStatistics, Rows } from '../../serve/api.ts';
import { openWorkplace, repository, settings, type Workplace } from '../command-line.ts';
import { expectAccessible } from './accessibility.ts';
import { describeInBrowser, expectNoSidewaysScroll, openTab, useBrowser } from './describe-in-browser.ts';

const views = [
  '/',
  '/live',
  '/incidents',
  '/compare',
  '/data',
  '/data?show=statistics',
  '/data?show=distribution',
  '/data?show=series',
  '/simulator',
  '/pipeline',
  '/docs',
];

describeInBrowser(
  'the page over the sample plant',
  () => {
    const browser = useBrowser();
    let place: Workplace;
    let base: string;
    const ask = async <T>(path: string): Promise<T> => (await (await fetch(`${base}/api/${path}`)).json()) as T;
    const incidents = async (): Promise<ApiIncident[]> => (await ask<{ incidents: ApiIncident[] }>('incidents?detector=combined')).incidents;

    /** Opens a view, does something there, and wants nothing to have gone wrong meanwhile. */
    async function visit(path: string, use: (page: Page) => Promise<void>, look: Parameters<typeof openTab>[2] = {}): Promise<void> {
      const { page, faults, close } = await openTab(browser(), base, look);
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await use(page);
      expect(faults).toEqual([]);
      await close();
    }

    beforeAll(async () => {
      place = await openWorkplace();
      const own = { 'serve.port': 0, 'store.path': place.path('swat.duckdb'), 'source.path': `${repository}/data/swat-sample.xlsx` };
      const running = place.start('run', `${repository}/pipelines/swat.yaml`, '--pace', '60x', ...settings(own));
      [, base] = await running.printed(/^page +(\S+)/m);
      await running.printed(/combined closed/);
    }, 180_000);
    afterAll(() => place.close());

    it('the overview shows the stages, the detectors and, when one opens, the incident with its tags', () =>
      visit('/', async (page) => {
        const stages = page.getByRole('region', { name: 'Stages now' });
        for (const stage of ['P1', 'P2', 'P3', 'P4', 'P5', 'P6']) await stages.getByText(stage, { exact: true }).waitFor();
        const alert = page.getByRole('region', { name: 'State of the plant' });
        await alert.getByText(/incidents? (is|are) open/).waitFor({ timeout: 60_000 });
        await alert
          .getByText(/what was expected/)
          .first()
          .waitFor();
        for (const detector of ['combined', 'one-class-svm', 'isolation-forest', 'k-means', 'lof'])
          await page.getByRole('link', { name: detector }).first().waitFor();
        await alert.getByRole('link').click();
        await page.waitForURL(/\/incidents/);
      }));

    it('the live view follows the rows, is held by space, moved by its settings, and reset', () =>
      visit('/live', async (page) => {
        const range = () => page.locator('.page-head .hint').textContent();
        const follow = page.getByText('Following', { exact: true });
        await follow.waitFor();
        const before = await range();
        await expect.poll(range, { timeout: 20_000 }).not.toBe(before);
        await page.keyboard.press(' ');
        await page.getByText('Held', { exact: true }).waitFor();
        const held = await range();
        await page.getByText(/ behind/).waitFor();
        expect(await range()).toBe(held);
        await page.waitForURL(/live=0/);
        const where = page.url();
        await page.reload();
        await page.getByText('Held', { exact: true }).waitFor();
        expect(await range()).toBe(held);
        expect(page.url()).toBe(where);
        await page.getByRole('switch', { name: 'Live' }).click();
        await follow.waitFor();

        const minutes = page.getByLabel('Window of event time');
        await minutes.fill('1');
        await page.waitForURL(/window=1(&|$)/);
        const messages = page.getByLabel('Messages from history');
        await messages.fill('3000');
        await page.getByRole('button', { name: /last 3,000/ }).click();
        await page.getByText('Held', { exact: true }).waitFor();
        await page.getByRole('button', { name: /reset|forget/i }).click();
        await follow.waitFor();
        await page.getByRole('button', { name: /table/i }).click();
        await page.getByRole('region', { name: 'Rows in sight' }).getByRole('row').nth(1).waitFor();
        await page.getByRole('button', { name: /isolation-forest/ }).click();
        await page.waitForURL(/isolation-forest/);
      }));

    it('an incident is opened from the list, judged with a note, and keeps both', async () => {
      await visit('/incidents', async (page) => {
        const list = page.getByRole('list', { name: 'Incidents' });
        await list.getByRole('listitem').last().getByRole('link').click();
        await page.waitForURL(/\/incidents\/[0-9a-f]+/);
        await page.getByRole('article').getByText('DPIT301').first().waitFor();
        await page.getByLabel('Note').fill('the strainer was cleaned');
        await page.getByRole('button', { name: /false alarm|as it should be/i }).click();
        // Says what the page says instead, such as that the mark was not kept.
        await expect.poll(() => page.locator('.incident-mark').textContent()).toContain('Marked as a false alarm');
        await page.reload();
        await expect.poll(() => page.getByLabel('Note').inputValue()).toBe('the strainer was cleaned');
      });
      expect((await incidents()).map(({ mark }) => mark)).toContainEqual({ alarm: 'false', note: 'the strainer was cleaned' });
    });

    it('marks that others set together are all shown', () =>
      visit('/incidents?detector=*', async (page) => {
        const shown = page.getByRole('list', { name: 'Incidents' }).getByText(/^(true|false) alarm$/);
        await page.getByRole('list', { name: 'Incidents' }).getByRole('listitem').nth(5).waitFor();
        const { incidents: found } = await ask<{ incidents: ApiIncident[] }>('incidents');
        const unmarked = found.filter(({ mark }) => mark === null).slice(0, 6);
        const before = found.filter(({ mark }) => mark !== null).length;
        const mark = (how: RequestInit) => Promise.all(unmarked.map(({ id }) => fetch(`${base}/api/incidents/${id}/mark`, how)));
        const headers = { 'content-type': 'application/json' };
        await mark({ method: 'PUT', headers, body: JSON.stringify({ alarm: 'true', note: '' }) });
        await expect.poll(() => shown.count()).toBe(before + unmarked.length);
        await mark({ method: 'DELETE' });
        await expect.poll(() => shown.count()).toBe(before);
      }));

    it('the rows are sorted, filtered and downloaded; statistics are those of the store', async () => {
      const { tags, columns } = await ask<Rows>('streams/swat/rows?from=2015-12-28T03:50:00Z&to=2015-12-28T04:00:00Z&tags=LIT101');
      expect(tags).toEqual(['LIT101']);
      const [levels] = columns;
      await visit('/data?from=2015-12-28T03:50:00Z&to=2015-12-28T04:00:00Z', async (page) => {
        const table = page.getByRole('region', { name: 'Rows' });
        const first = () => table.locator('tbody:not(.gap) tr').first().locator('td').nth(4).textContent();
        await page.getByText(/^600 rows/).waitFor();
        await page
          .getByRole('columnheader', { name: /LIT101/ })
          .getByRole('button')
          .click();
        const highest = Math.max(...levels.map(Number));
        const lowest = Math.min(...levels.map(Number));
        await expect
          .poll(async () => Number((await first())?.replaceAll(',', '')))
          .toSatisfy((level: number) => Math.abs(level - lowest) < 0.01 || Math.abs(level - highest) < 0.01);
        const limit = Math.round((highest + lowest) / 2);
        await page.getByLabel('Filter').fill(`LIT101>${limit}`);
        const above = levels.filter((level) => Number(level) > limit).length;
        await page.getByText(new RegExp(`^${above} of 600 rows`)).waitFor();
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /CSV/ }).click()]);
        const lines = (await readFile((await download.path())!, 'utf8')).trimEnd().split(/\r?\n/);
        expect(lines).toHaveLength(601);
      });
      const [{ mean }] = await ask<ApiTagStatistics[]>('streams/swat/statistics?tags=LIT101&from=2015-12-28T03:50:00Z&to=2015-12-28T04:00:00Z');
      expect(mean).toBeCloseTo(levels.reduce<number>((sum, level) => sum + Number(level), 0) / levels.length, 9);
    });

    it('is walked through by keys, and says which', () =>
      visit('/', async (page) => {
        for (const [key, path] of [
          ['l', '/live'],
          ['i', '/incidents'],
          ['c', '/compare'],
          ['d', '/data'],
          ['s', '/simulator'],
          ['p', '/pipeline'],
          ['o', '/'],
        ]) {
          await page.keyboard.press('g');
          await page.keyboard.press(key);
          await page.waitForURL((url) => url.pathname === path);
        }
        await page.keyboard.press('?');
        await page.getByRole('dialog').waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }));

    it.each(views)('%s is accessible, dark and wide, light and narrow, and asks nobody else', async (view) => {
      for (const look of [
        { width: 1440, scheme: 'dark' },
        { width: 390, height: 844, scheme: 'light' },
      ] as const) {
        await visit(
          view,
          async (page) => {
            await page.locator('main [aria-busy="true"]').first().waitFor({ state: 'detached' });
            await expectNoSidewaysScroll(page);
            await expectAccessible(page);
          },
          look,
        );
      }
    });
  },
  90_000,
);
