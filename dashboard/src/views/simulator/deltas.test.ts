import { expect, test } from 'vitest';
import { readDeltas } from './deltas.ts';

test.each([
  ['5', [5]],
  ['5, -3; 2.5\n+1e1 .5', [5, -3, 2.5, 10, 0.5]],
  [' 1x3,2*2 ', [1, 1, 1, 2, 2]],
])('%j', (text, deltas) => {
  expect(readDeltas(text, 10)).toEqual({ deltas });
});

test.each([
  [' , ', 'Type at least one number.'],
  ['5 five', "'five' is no number."],
  ['1,5,', { deltas: [1, 5] }],
  ['1e999', "'1e999' is too large."],
  ['3x0', "'3x0' says no times at all."],
  ['3x11', '10 values at most.'],
  ['1 2 3x9', '10 values at most.'],
])('%j: %s', (text, expected) => {
  expect(readDeltas(text, 10)).toEqual(typeof expected === 'string' ? { message: expected } : expected);
});
