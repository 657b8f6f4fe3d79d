import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineStep, type StepDefinition } from '../../core/component.ts';
import { stepConformance } from './step.ts';

/** A step that keeps every promise: the difference from the last reading, 0 for the first. */
const difference = defineStep({
  type: 'difference',
  summary: 'How much a reading differs from the one before.',
  fails: 'Sampling that is not even.',
  cost: 'One subtraction a cell.',
  source: 'First difference',
  options: z.strictObject({ scale: z.number().positive().default(1).describe('What the difference is multiplied by.') }),
  shorthand: 'scale',
  fit: (_rows, columns, { scale }) => ({ model: { scale, cols: columns.length }, columns }),
  start: ({ cols }) => ({ last: new Float64Array(cols).fill(Number.NaN) }),
  apply({ scale }, { last }, { rows, cols, values }, _times, out) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) {
        const x = values[i * cols + j];
        out[i * cols + j] = Number.isNaN(x) || Number.isNaN(last[j]) ? x * 0 : scale * (x - last[j]);
        if (!Number.isNaN(x)) last[j] = x;
      }
    }
  },
});

/** Names of the checks that a step fails. */
async function broken(step: StepDefinition, options?: Parameters<typeof stepConformance>[1]): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of stepConformance(step, options)) {
    await run().catch((error: Error) => {
      expect(error.name, error.stack).toBe('AssertionError');
      failed.push(name.replace(`${step.type}: `, ''));
    });
  }
  return failed;
}

describe('step conformance', () => {
  for (const check of [...stepConformance(difference), ...stepConformance(difference, { options: { scale: 3 } })]) it(check.name, check.run);

  it('finds memory that is kept outside the state', async () => {
    const last = new Float64Array(6).fill(Number.NaN);
    const step: StepDefinition = { ...difference, start: () => ({ last }) };
    expect(await broken(step)).toEqual(expect.arrayContaining(['gives the same bits however rows are cut into batches', 'keeps the streams apart']));
  });

  it('finds what depends on the batch', async () => {
    const step: StepDefinition = {
      ...difference,
      apply: (model, _state, rows, times, out) => difference.apply(model, difference.start!(model), rows, times, out),
    };
    expect(await broken(step)).toEqual(
      expect.arrayContaining(['gives the same bits however rows are cut into batches', 'goes on from a saved state as if nothing had happened']),
    );
  });

  it('finds a look ahead', async () => {
    const step: StepDefinition = {
      ...difference,
      apply(_model, _state, { rows, cols, values }, _times, out) {
        for (let at = 0; at < rows * cols; at++) out[at] = values[at] - (at + cols < rows * cols ? values[at + cols] : 0);
      },
    };
    expect(await broken(step)).toContain('is causal: later rows do not change earlier ones');
  });

  it('finds a state that a record cannot bring back', async () => {
    const step: StepDefinition = {
      ...difference,
      start: () => ({}),
      apply(model, state: { last?: Float64Array }, rows, times, out) {
        const hidden: Float64Array = state.last ?? new Float64Array(6).fill(Number.NaN);
        Object.defineProperty(state, 'last', { value: hidden, enumerable: false });
        difference.apply(model, { last: hidden } as never, rows, times, out);
      },
    };
    expect(await broken(step)).toEqual(['goes on from a saved state as if nothing had happened']);
  });

  it('finds cells left as they were, altered rows and altered models', async () => {
    const lazy: StepDefinition = {
      ...difference,
      apply: (_model, _state, { values, rows, cols }, _times, out) => {
        for (let at = 0; at < rows * cols; at++) if (values[at] !== 1) out[at] = values[at];
      },
    };
    expect(await broken(lazy)).toContain('fills every cell of the columns that it declares');
    const careless: StepDefinition = {
      ...difference,
      apply: (_model, _state, { values, rows, cols }, _times, out) => {
        for (let at = 0; at < rows * cols; at++) out[at] = values[at]++;
      },
    };
    expect(await broken(careless)).toContain('learns and applies without altering rows, times or model');
    const learning: StepDefinition = {
      ...difference,
      apply: (model, state, rows, times, out) => {
        difference.apply(model, state, rows, times, out);
        model.scale += 1;
      },
    };
    expect(await broken(learning)).toContain('learns and applies without altering rows, times or model');
  });

  it('finds missing values made up, and readings lost', async () => {
    const filled: StepDefinition = {
      ...difference,
      apply: (model, state, rows, times, out) => {
        difference.apply(model, state, rows, times, out);
        for (let at = 0; at < out.length; at++) if (Number.isNaN(out[at])) out[at] = 0;
      },
    };
    expect(await broken(filled)).toEqual(['leaves missing what is missing']);
    expect(await broken(filled, { fills: true })).toEqual(['fills nothing before the first reading']);
    const late: StepDefinition = { ...difference, apply: (_model, _state, _rows, _times, out) => out.fill(Number.NaN) };
    expect(await broken(late)).toContain('makes no reading missing that is there');
  });

  it('finds an explanation that loses its sum on the way back', async () => {
    const step: StepDefinition = {
      ...difference,
      back: (_model, { value, reference, weight }) => ({ value, reference, weight: weight.map((w) => w * 1.000001) }),
    };
    expect(await broken(step)).toEqual(['carries an explanation back with its sum']);
    const short: StepDefinition = { ...difference, back: (_model, explained) => ({ ...explained, weight: explained.weight.slice(1) }) };
    expect(await broken(short)).toEqual(['carries an explanation back with its sum']);
  });

  it('finds a declaration that says too little', async () => {
    const { fails: _, ...silent } = difference;
    expect(await broken(silent)).toEqual(['says what it does, when it fails, what it costs and where it comes from']);
    expect(await broken({ ...difference, type: 'Difference_2' })).toEqual(['says what it does, when it fails, what it costs and where it comes from']);
    const options = 'has strict options, each described, that an editor can know';
    expect(await broken({ ...difference, options: z.object({ scale: z.number().default(1).describe('A factor.') }) })).toEqual([options]);
    expect(await broken({ ...difference, options: z.strictObject({ scale: z.number().default(1) }) })).toEqual([options]);
    expect(await broken({ ...difference, shorthand: 'factor' })).toEqual([options]);
  });
});
