import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium, startPipeline } from '../scripts/served-page.mjs';

/*
 * How soon the page is there: the overview of the sample plant at work, in Chromium at 1440 pixels, each time in a browser that has nothing of
 * it yet: `node bench/page-paint.mjs [loads]`, after `npm run build`. Prints JSON, milliseconds from the start of the navigation:
 * `firstPaint`, the first contentful paint, and `data`, the first frame with every stage, figure and detector.
 */

const loads = Number(process.argv[2] ?? 9);
const load = loadavg()[0];

/** Runs in the page before its own scripts, and marks the document with the time at which the data stand there. */
function watch() {
  const there = () => {
    const count = (selector) => document.querySelectorAll(selector).length;
    return count('.stages li') >= 6 && count('.overview-figures dd') >= 5 && count('.detectors .detector') >= 8;
  };
  const look = () => {
    if (!there()) requestAnimationFrame(look);
    else requestAnimationFrame(() => document.documentElement.setAttribute('data-there', String(performance.now())));
  };
  look();
}

async function visit(browser, base) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: base });
  const page = await context.newPage();
  await page.addInitScript(watch);
  await page.goto('/');
  await page.locator('html[data-there]').waitFor({ state: 'attached' });
  const found = await page.evaluate(() => ({
    firstPaint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
    data: Number(document.documentElement.getAttribute('data-there')),
    bytes: performance.getEntriesByType('resource').reduce((sum, { transferSize }) => sum + transferSize, 0),
  }));
  await context.close();
  return found;
}

function spread(times) {
  const sorted = times.toSorted((a, b) => a - b).map(Math.round);
  return { medianMs: sorted[Math.floor(sorted.length / 2)], leastMs: sorted[0], mostMs: sorted.at(-1) };
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const browser = await launchChromium();
try {
  const plant = await startPipeline(folder, 'swat');
  while (!(await fetch(`${plant.base}/readyz`)).ok) await sleep(500);
  // The first visit warms the process and the browser up.
  await visit(browser, plant.base);
  const visits = [];
  for (let n = 0; n < loads; n++) visits.push(await visit(browser, plant.base));
  await plant.stop();
  const result = {
    bench: `page-paint: overview of pipelines/swat.yaml while it runs, 1440 px, ${loads} loads, nothing cached`,
    firstPaint: spread(visits.map(({ firstPaint }) => firstPaint)),
    data: spread(visits.map(({ data }) => data)),
    kilobytes: Math.round(visits[0].bytes / 1024),
    machine: { node: process.version, browser: browser.version(), cpu: cpus()[0].model, cores: cpus().length, load },
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
