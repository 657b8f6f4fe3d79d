import { expect, test } from 'vitest';
import { differences } from './differences.ts';

test('a file that is missing', () => {
  expect(differences('docs/x.md', undefined, 'a\n')).toBe('docs/x.md: is missing');
});

test('the lines that differ, from the first to the last', () => {
  expect(differences('x.md', 'a\nb\nc\nd\n', 'a\nB\nC\nd\n')).toBe('x.md: from line 2, 2 lines become 2\n  - b\n  - c\n  + B\n  + C');
});

test('lines that are added or gone, also where they repeat', () => {
  expect(differences('x.md', 'a\na\n', 'a\na\na\n')).toBe('x.md: from line 3, 0 lines become 1\n  + a');
  expect(differences('x.md', 'a\nb\n', 'a\n')).toBe('x.md: from line 2, 1 lines become 0\n  - b');
});

test('many lines are cut short', () => {
  const text = differences('x.md', '', Array.from({ length: 9 }, (_, i) => `line ${i} ${'x'.repeat(200)}`).join('\n'));
  expect(text.split('\n')).toHaveLength(6);
  expect(text).toContain('+ … 6 more');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(150);
});
