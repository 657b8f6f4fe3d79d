import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';

/*
 * Pictures of the page for docs/images, at 1440 and 390 pixels, dark and light: `npm run screenshots`. They show the sample plant as
 * it runs, and the playground's simulated items; Chromium is the system's, or the one that SLUICE_TEST_CHROMIUM names.
 */

const root = join(import.meta.dirname, '..');
const images = join(root, 'docs/images');
const looks = [
  { width: 1440, height: 900, scheme: 'dark' },
  { width: 1440, height: 900, scheme: 'light' },
  { width: 390, height: 844, scheme: 'dark' },
  { width: 390, height: 844, scheme: 'light' },
];

/** A pipeline at work, with a page on a free port. */
async function start(folder, pipeline, ...more) {
  const store = join(folder, `${pipeline}.duckdb`);
  const args = ['run', `pipelines/${pipeline}.yaml`, '--quiet', '--set', 'serve.port=0', '--set', `store.path=${store}`, ...more];
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.once('close', () => done()));
  const base = await new Promise((found, fail) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (more) => {
      text += more;
      const address = /^page +(\S+)/m.exec(text)?.[1];
      if (address !== undefined) found(address);
    });
    void ended.then(() => fail(new Error(`${pipeline} ended before its page was there`)));
  });
  return {
    base,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The newest closed incident of the combination, with its address. */
async function closedIncident(base) {
  for (;;) {
    const { incidents } = await (await fetch(`${base}/api/incidents?detector=combined&open=false`)).json();
    if (incidents.length >= 2) return `/incidents/${incidents[0].id}`;
    await sleep(500);
  }
}

async function shoot(browser, base, views) {
  for (const { width, height, scheme } of looks) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, baseURL: base, locale: 'en-GB' });
    for (const [name, path] of Object.entries(views)) {
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      // Charts are drawn with the rows that come; a few frames of them.
      await sleep(2000);
      const file = `${name}-${width}-${scheme}.png`;
      await page.screenshot({ path: join(images, file) });
      process.stdout.write(`docs/images/${file}\n`);
    }
    await page.close();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-screenshots-'));
const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const browser = await chromium.launch({ executablePath: process.env.SLUICE_TEST_CHROMIUM ?? '/usr/bin/chromium', args });
try {
  await mkdir(images, { recursive: true });
  const plant = await start(folder, 'swat', '--pace', '60x');
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
  await plant.stop();
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
