import { afterEach, expect, test, vi } from 'vitest';
import { wantsColour } from '../core/colour.ts';
import { colours } from './terminal-colours.ts';

afterEach(() => vi.unstubAllEnvs());

test.each([
  [true, '', 'xterm', true],
  [false, '', 'xterm', false],
  [undefined, '', 'xterm', false],
  [true, '1', 'xterm', false],
  [true, '', 'dumb', false],
])('terminal %s, NO_COLOR=%j, TERM=%s: %s', (isTTY, noColour, term, expected) => {
  vi.stubEnv('NO_COLOR', noColour);
  vi.stubEnv('TERM', term);
  const stream = isTTY === undefined ? {} : { isTTY };
  expect(wantsColour(stream)).toBe(expected);
  expect(colours(stream).red('x')).toBe(expected ? '\u001b[31mx\u001b[39m' : 'x');
});
