import { describe, expect, it } from 'vitest';
import { didYouMean, errorCodes, quote, SluiceError } from './errors.ts';

describe('errors', () => {
  it('say what, where and what to do', () => {
    const error = new SluiceError('SOURCE_TIME', "cannot read the time 'noon'", { place: 'plant.csv row 7', fix: 'Use ISO 8601.', cause: new Error('inner') });
    expect(error.message).toBe("cannot read the time 'noon' (plant.csv row 7). Use ISO 8601.");
    expect([error.what, error.place, error.fix]).toEqual(["cannot read the time 'noon'", 'plant.csv row 7', 'Use ISO 8601.']);
    expect(error.code).toBe('SOURCE_TIME');
    expect(error.exitCode).toBe(errorCodes.SOURCE_TIME.exit);
    expect((error.cause as Error).message).toBe('inner');
    expect(new SluiceError('INTERNAL', 'odd').message).toBe('odd.');
  });

  it('quote values, cut at 80 characters', () => {
    expect(quote('x')).toBe("'x'");
    expect(quote(Number.POSITIVE_INFINITY)).toBe('Infinity');
    expect(quote({ a: 1 })).toBe('{"a":1}');
    expect(quote('x'.repeat(200))).toHaveLength(80);
  });

  it('suggest only what is near', () => {
    const names = ['k-means', 'mahalanobis', 'constant-broken'];
    expect(didYouMean('kmeans', names)).toBe('k-means');
    expect(didYouMean('Mahalonobis', names)).toBe('mahalanobis');
    expect(didYouMean('forest', names)).toBeUndefined();
    expect(didYouMean('', names)).toBeUndefined();
  });
});
