import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** What shows and measures the page needs: a pipeline that serves it, and a Chromium. */

export const root = join(import.meta.dirname, '..');

/** The system's Chromium, or the one that SLUICE_TEST_CHROMIUM names. A container's root may not make the sandbox. */
export const launchChromium = () =>
  chromium.launch({ executablePath: process.env.SLUICE_TEST_CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

/** A pipeline of pipelines/ at work, with a page on a free port. Where it listens for other machines it asks for a token that nobody knows. */
export async function startPipeline(folder, pipeline, ...more) {
  const store = join(folder, `${pipeline}.duckdb`);
  const args = ['run', `pipelines/${pipeline}.yaml`, '--quiet', '--set', 'serve.port=0', '--set', `store.path=${store}`, ...more];
  const env = { ...process.env, SLUICE_TOKEN: randomBytes(24).toString('hex') };
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.once('close', () => done()));
  process.once('exit', () => child.kill('SIGTERM'));
  const base = await new Promise((found, fail) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (more) => {
      text += more;
      const address = /^page +(\S+)/m.exec(text)?.[1];
      if (address !== undefined) found(address.replace('0.0.0.0', '127.0.0.1'));
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
