import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onPath } from '../stack/programs.ts';

/** A Chromium to look with: that of the variable, or the system's; there is none among the dependencies. */
const chromiumPath = process.env.SLUICE_TEST_CHROMIUM ?? ['chromium', 'chromium-browser', 'google-chrome'].map(onPath).find((path) => path !== undefined);

const missing = 'Chromium is missing: install it, e.g. `apt-get install chromium`, or name one in SLUICE_TEST_CHROMIUM';

/** Tests in a real browser. Where there is none they are skipped by a name that says what to install; in CI that is a failure. */
export function describeInBrowser(name: string, body: () => void, timeout = 60_000): void {
  if (chromiumPath !== undefined) describe(name, { timeout }, body);
  else if (process.env.CI === 'true') {
    describe(name, () => {
      it('has its browser', () => {
        throw new Error(missing);
      });
    });
  } else describe.skip(`${name} (${missing})`, body);
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
}

/** A browser for the tests of a file, closed after them. */
export function useBrowser(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    // A container's root may not make the sandbox.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: chromiumPath!, args });
  }, 60_000);
  afterAll(() => browser?.close());
  return () => browser!;
}

/** A tab that knows what went wrong in it: errors of scripts, of the content security policy, answers that were refused, requests to elsewhere. */
export async function openTab(browser: Browser, base: string, { width = 1440, height = 900, scheme = 'light' }: Look = {}, more: BrowserContextOptions = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    baseURL: base,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
    ...more,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || /content security policy/i.test(message.text())) faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url())) faults.push(`asked elsewhere: ${request.url()}`);
  });
  return { page, faults, close: () => context.close() };
}

/** Whether the page is wider than the window. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { content, window } = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, window: innerWidth }));
  expect(content, `${page.url()} is wider than the window`).toBeLessThanOrEqual(window);
}
