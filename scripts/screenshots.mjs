import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium, root, startPipeline } from './served-page.mjs';

/*
 * Pictures of the page for docs/images, at 1440 and 390 pixels, dark and light: `npm run screenshots`, or only those of
 * `npm run screenshots plant`, the sample plant as it runs and after its server has gone, or `playground`, simulated items and the way in.
 */

const images = join(root, 'docs/images');
const looks = [
  { width: 1440, height: 900, scheme: 'dark' },
  { width: 1440, height: 900, scheme: 'light' },
  { width: 390, height: 844, scheme: 'dark' },
  { width: 390, height: 844, scheme: 'light' },
];

/** The newest closed incident of the combination, with its address. */
async function closedIncident(base) {
  for (;;) {
    const { incidents } = await (await fetch(`${base}/api/incidents?detector=combined&open=false`)).json();
    if (incidents.length >= 2) return `/incidents/${incidents[0].id}`;
    await sleep(500);
  }
}

const openPage = (browser, base, { width, height, scheme }) =>
  browser.newPage({ viewport: { width, height }, colorScheme: scheme, baseURL: base, locale: 'en-GB' });

async function save(page, name, { width, scheme }) {
  const file = `${name}-${width}-${scheme}.png`;
  await page.screenshot({ path: join(images, file) });
  process.stdout.write(`docs/images/${file}\n`);
}

async function open(page, path) {
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // Charts are drawn with the rows that come; a few frames of them.
  await sleep(2000);
}

async function shoot(browser, base, views) {
  for (const look of looks) {
    const page = await openPage(browser, base, look);
    for (const [name, path] of Object.entries(views)) {
      await open(page, path);
      await save(page, name, look);
    }
    await page.close();
  }
}

/** Sizes, one for each picture. */
const anomalies = ['20', '-20', '40', '-40'];

/** An item that an anomaly was just injected into. */
async function shootSimulator(browser, base) {
  for (const [index, look] of looks.entries()) {
    const page = await openPage(browser, base, look);
    await open(page, '/simulator');
    await page.getByRole('figure', { name: /^Score/ }).waitFor({ timeout: 120_000 });
    await page.getByRole('textbox', { name: 'Size' }).fill(anomalies[index]);
    await page.getByRole('button', { name: 'Inject' }).click();
    await page.getByText(/incident opened/).waitFor();
    await sleep(3000);
    await page.evaluate(() => scrollTo(0, 0));
    await save(page, 'simulator', look);
    await page.close();
    await noneOpen(base);
  }
}

/** An anomaly while an incident is open would open none. */
async function noneOpen(base) {
  while ((await (await fetch(`${base}/api/incidents?open=true`)).json()).incidents.length > 0) await sleep(500);
}

/** The overview after its server has gone. */
async function shootOffline(browser, plant) {
  const pages = await Promise.all(looks.map((look) => openPage(browser, plant.base, look)));
  for (const page of pages) await open(page, '/');
  await plant.stop();
  for (const [index, page] of pages.entries()) {
    await page
      .getByText(/^Sluice does not answer/)
      .first()
      .waitFor();
    await save(page, 'offline', looks[index]);
    await page.close();
  }
}

const parts = {
  async plant() {
    const plant = await startPipeline(folder, 'swat', '--pace', '60x');
    const incident = await closedIncident(plant.base);
    await shoot(browser, plant.base, {
      overview: '/',
      live: '/live',
      incidents: '/incidents',
      incident,
      compare: '/compare',
      data: '/data',
      pipeline: '/pipeline',
    });
    await shootOffline(browser, plant);
  },
  async playground() {
    const playground = await startPipeline(folder, 'playground');
    await shootSimulator(browser, playground.base);
    await playground.stop();
    const closed = await startPipeline(folder, 'playground', '--fresh', '--set', 'serve.host=0.0.0.0');
    await shoot(browser, closed.base, { 'sign-in': '/' });
    await closed.stop();
  },
};

const folder = await mkdtemp(join(tmpdir(), 'sluice-screenshots-'));
const browser = await launchChromium();
try {
  await mkdir(images, { recursive: true });
  const [wanted] = process.argv.slice(2);
  for (const [name, take] of Object.entries(parts)) if (wanted === undefined || wanted === name) await take();
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
