import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { failed, ok } from '../../core/finding.ts';
import { type Examined, examine, type Section } from './examination.ts';

async function all(sections: readonly Section[], within?: number): Promise<Examined[]> {
  const found: Examined[] = [];
  for await (const examined of examine(sections, within)) found.push(examined);
  return found;
}

test('sections are looked at together, and told in their order', async () => {
  const begun: string[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first: Section = {
    title: 'first',
    async *look() {
      begun.push('first');
      await gate;
      yield ok('a', 'x');
    },
  };
  const second: Section = {
    title: 'second',
    async *look() {
      begun.push('second');
      release();
      yield ok('b', 'y');
    },
  };
  expect(await all([first, second])).toEqual([
    { title: 'first', findings: [ok('a', 'x')] },
    { title: 'second', findings: [ok('b', 'y')] },
  ]);
  expect(begun).toEqual(['first', 'second']);
});

test('what a section stumbles over is a finding, and hides no other', async () => {
  const stumbling = (title: string, error: unknown): Section => ({
    title,
    async *look() {
      yield ok('a', 'x');
      throw error;
    },
  });
  const known = new SluiceError('STORE_DENIED', 'no entry', { fix: 'Knock.' });
  const [first, second, third] = await all([stumbling('known', known), stumbling('fault', new TypeError('x is not y')), stumbling('text', 'odd')]);
  expect(first.findings).toEqual([ok('a', 'x'), failed('the rest', 'no entry', 'Knock.')]);
  expect(second.findings[1]).toMatchObject({
    status: 'failed',
    found: 'a fault in Sluice itself: x is not y',
    fix: expect.stringContaining('TypeError: x is not y'),
  });
  expect(third.findings[1]).toMatchObject({ status: 'failed', found: 'a fault in Sluice itself: odd' });
});

test('a section that does not end is left behind with what it found, and told to give up', async () => {
  let aborted = false;
  const slow: Section = {
    title: 'slow',
    async *look(signal) {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      yield ok('a', 'x');
      await sleep(60_000, undefined, { ref: false });
    },
  };
  expect(await all([slow], 50)).toEqual([
    { title: 'slow', findings: [ok('a', 'x'), failed('the rest', 'is not known after 0.05 s', 'See what was found before, and try again.')] },
  ]);
  expect(aborted).toBe(true);
});
