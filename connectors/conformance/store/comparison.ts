import assert from 'node:assert/strict';
import { SluiceError } from '../../../core/errors.ts';

export function sameDoubles(found: Float64Array, expected: Float64Array): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) assert.ok(Object.is(found[i], expected[i]), `value ${i}: ${found[i]} instead of ${expected[i]}`);
}

export function isSluice(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof SluiceError && error.code === code && message.test(error.message);
}
