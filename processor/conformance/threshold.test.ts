import { describe, expect, it } from 'vitest';
import type { ThresholdDefinition } from '../../core/component.ts';
import fixed from '../thresholds/fixed.ts';
import { thresholdConformance } from './threshold.ts';

async function failing(change: Partial<ThresholdDefinition>): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of thresholdConformance({ ...fixed, ...change } as ThresholdDefinition, { options: { level: 3 } })) {
    await run().catch(() => names.push(name.replace('fixed: ', '')));
  }
  return names;
}

describe('thresholdConformance', () => {
  it('passes what keeps its promises', async () => {
    expect(await failing({})).toEqual([]);
  });

  it('notices a level that flags rows of score 0', async () => {
    expect(await failing({ fit: (sorted) => ({ level: sorted[0], method: 'fixed 3' }) })).toContain(
      'zeros only: a level > 0 and how it came about, the same every time',
    );
  });

  it('notices a level that differs from time to time', async () => {
    expect(await failing({ fit: () => ({ level: 1 + Math.random(), method: 'fixed 3' }) })).toHaveLength(7);
  });

  it('notices a level without its method', async () => {
    expect(await failing({ fit: () => ({ level: 3, method: '' }) })).toHaveLength(7);
  });

  it('notices altered scores', async () => {
    expect(await failing({ fit: (sorted) => ({ level: 3 + 0 * sorted.reverse()[0], method: 'fixed 3' }) })).toContain(
      'ordinary scores: a level > 0 and how it came about, the same every time',
    );
  });

  it('notices a shorthand for an option that is not there', async () => {
    expect(await failing({ shorthand: 'height' })).toEqual(['a shorthand names one of the options']);
  });
});
