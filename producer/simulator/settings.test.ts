import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { anomalyShapes } from './anomaly.ts';
import { readAnomaly, readItemChange, readItemId, readItemSettings } from './settings.ts';

/** What is wrong and where. */
function refusal(read: () => unknown): { what: string; place: string | undefined; fix: string | undefined } {
  try {
    read();
  } catch (error) {
    expect(error).toMatchObject({ code: 'ITEM_INVALID' });
    const { what, place, fix } = error as { what: string; place: string | undefined; fix: string | undefined };
    return { what, place, fix };
  }
  throw new Error('it was taken');
}

describe('settings of an item', () => {
  test('every field that is wrong is named', () => {
    expect(refusal(() => readItemSettings({ mean: 'high', variance: -1, rate: 200, speed: 3 }))).toEqual({
      what: "mean: expected a number, got 'high'; variance: expected at least 0, got -1; rate: expected at most 100, got 200; speed: unknown key 'speed' (allowed: mean, variance, rate)",
      place: 'mean, variance, rate, speed',
      fix: 'Send e.g. {"mean": 10, "variance": 4, "rate": 5}.',
    });
    expect(refusal(() => readItemSettings({ mean: 1, variance: 1 })).what).toBe('rate: is missing: expected a number');
    expect(refusal(() => readItemSettings(undefined)).what).toBe('is missing: expected keys with values');
    expect(refusal(() => readItemSettings([])).what).toBe('expected keys with values, got []');
  });

  test('of those that are changed there must be one', () => {
    expect(readItemChange({ rate: 20 })).toEqual({ rate: 20 });
    expect(refusal(() => readItemChange({})).what).toBe('there is nothing to change');
    expect(refusal(() => readItemChange({ rate: 0 })).place).toBe('rate');
  });

  test('an id is what can be the name of a stream', () => {
    expect(readItemId('Pump-1.a_b')).toBe('Pump-1.a_b');
    for (const id of ['', '-a', 'a b', 'a/b', 'ä', 'a'.repeat(101), 7]) expect(refusal(() => readItemId(id)).place).toBe('id');
  });
});

describe('anomalies', () => {
  test('are deltas or a shape; only stuck needs no size', () => {
    expect(readAnomaly({ deltas: [1, -2.5] })).toEqual({ deltas: [1, -2.5] });
    expect(readAnomaly({ shape: 'ramp', size: -3, length: 10 })).toEqual({ shape: 'ramp', size: -3, length: 10 });
    expect(readAnomaly({ shape: 'stuck', length: 10 })).toEqual({ shape: 'stuck', size: 0, length: 10 });
    expect(refusal(() => readAnomaly({ shape: 'ramp', length: 10 }))).toMatchObject({ what: 'size: is missing: expected a number', place: 'size' });
  });

  test('docs/simulator.md says of each shape what it does', () => {
    const page = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8');
    const [, table] = page.split('\n| shape | what it does |\n|---|---|\n');
    const lines = Object.entries(anomalyShapes).map(([name, { summary }]) => `| \`${name}\` | ${summary} |`);
    expect(table.split('\n').slice(0, lines.length + 1)).toEqual([...lines, '']);
  });

  test('a slip is told from what was meant', () => {
    expect(refusal(() => readAnomaly({ shape: 'spyke', size: 1, length: 1 })).what).toMatch(/^shape: expected 'spike', .* did you mean 'spike'\?$/);
    expect(refusal(() => readAnomaly({ deltas: [] })).what).toBe('deltas: expected at least 1 entry, got []');
    expect(refusal(() => readAnomaly({ deltas: [1, '2'] })).place).toBe('deltas.1');
    expect(refusal(() => readAnomaly({ deltas: [1], size: 2 })).place).toBe('size');
    expect(refusal(() => readAnomaly({})).place).toBe('deltas');
    expect(refusal(() => readAnomaly('spike')).what).toBe("expected keys with values, got 'spike'");
    expect(refusal(() => readAnomaly({ shape: 'step', size: 1, length: 100_001 })).place).toBe('length');
  });
});
