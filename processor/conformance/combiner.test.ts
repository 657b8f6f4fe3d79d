import { describe, expect, it } from 'vitest';
import type { CombinerDefinition } from '../../core/component.ts';
import any from '../combine/any.ts';
import fuse from '../combine/fuse.ts';
import { combinerConformance } from './combiner.ts';

async function failing(definition: CombinerDefinition, change: Partial<CombinerDefinition> = {}): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of combinerConformance({ ...definition, ...change } as CombinerDefinition, { options: definition === fuse ? { smooth: 5 } : {} })) {
    await run().catch(() => names.push(name.replace(`${definition.type}: `, '')));
  }
  return names;
}

describe('combinerConformance', () => {
  it('passes what keeps its promises', async () => {
    expect(await failing(any)).toEqual([]);
    expect(await failing(fuse)).toEqual([]);
  });

  it('notices verdicts that know their batch', async () => {
    const apply: CombinerDefinition['apply'] = (members, rows, options, state, out) => {
      any.apply(members, rows, options, state, out);
      out.grade[0] /= 2;
    };
    expect(await failing(any, { apply })).toContain('verdicts are the same in batches of 1, 7 and all rows');
  });

  it('notices memory outside the state', async () => {
    const memory = fuse.start!({ smooth: 5 }, 3);
    const apply: CombinerDefinition['apply'] = (members, rows, options, _state, out) => fuse.apply(members, rows, options, memory, out);
    expect(await failing(fuse, { apply })).toContain('a saved state continues the same');
  });

  it('notices grade and status that disagree', async () => {
    const apply: CombinerDefinition['apply'] = (members, rows, options, state, out) => {
      any.apply(members, rows, options, state, out);
      out.status.fill(1);
    };
    expect(await failing(any, { apply })).toEqual(['grade and status say the same']);
  });

  it('notices scores below 0, and verdicts out of nothing', async () => {
    const negative: CombinerDefinition['apply'] = (members, rows, options, state, out) => {
      fuse.apply(members, rows, options, state as never, out);
      for (let row = 0; row < rows; row++) out.score[row] = Math.log(out.score[row]);
    };
    expect(await failing(fuse, { apply: negative })).toEqual(['scores are finite and >= 0']);
    const invented: CombinerDefinition['apply'] = (_members, _rows, _options, _state, out) => void out.score.fill(1);
    expect(await failing(fuse, { apply: invented })).toEqual(['where no member has a verdict there is none, where all have there is one']);
  });

  it('notices one that grows milder as its members get worse', async () => {
    const apply: CombinerDefinition['apply'] = (members, rows, options, state, out) => {
      any.apply(members, rows, options, state, out);
      for (let row = 0; row < rows; row++) {
        out.grade[row] = 1 - out.grade[row];
        out.status[row] = Number.isNaN(out.grade[row]) ? 2 : out.grade[row] >= 1 ? -1 : out.grade[row] >= 0.5 ? 0 : 1;
      }
    };
    expect(await failing(any, { apply })).toEqual(['a member that gets worse never makes it milder']);
  });

  it('notices weights that explain nothing', async () => {
    expect(await failing(any, { weight: () => 0 })).toEqual(['weights are finite and >= 0, 0 without a verdict, and share out every row that a member flags']);
    expect(await failing(any, { weight: () => 1 })).toHaveLength(1);
  });
});
