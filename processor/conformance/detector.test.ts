import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type DetectorDefinition, defineDetector } from '../../core/component.ts';
import { anomalyFixture, fixtureFamilies, withoutConstant } from './anomaly-families.ts';
import { detectorConformance } from './detector.ts';

/** The farthest column's distance from a mean that follows the rows it learns: simple, with memory, and right. */
const honest = defineDetector({
  type: 'moving-mean',
  summary: 'Distance from a mean that follows the rows.',
  fails: 'Slow drift, which the mean follows.',
  cost: 'One addition a row and column.',
  source: 'Roberts 1959, doi:10.1080/00401706.1959.10489860',
  finds: ['point', 'shift'],
  attribution: 'Exact: the farthest column contributes its distance, which is the score, the others nothing.',
  options: z.strictObject({ rate: z.number().default(0.002).describe('How fast the mean follows.') }),
  fit: ({ rows, cols, values }, _columns, { rate }) => {
    const mean = new Float64Array(cols);
    for (let i = 0; i < rows * cols; i++) mean[i % cols] += values[i] / rows;
    return { mean, rate };
  },
  start: ({ mean }) => ({ mean: mean.slice(), seen: 0 }),
  step: ({ rate }, state: { mean: Float64Array; seen: number }, { rows, cols, values }, out, gate) => {
    for (let row = 0; row < rows; row++) {
      const far = farthest(values.subarray(row * cols, (row + 1) * cols), state.mean);
      out[row] = state.seen++ < 2 ? Number.NaN : Math.abs(values[row * cols + far] - state.mean[far]);
      if (gate(row, out[row])) for (let j = 0; j < cols; j++) state.mean[j] += rate * Math.max(-9, Math.min(9, values[row * cols + j] - state.mean[j]));
    }
  },
  explain: (_model, { mean }, row, out) => {
    out.reference.set(mean);
    const far = farthest(row, mean);
    out.weight.fill(0)[far] = Math.sign(row[far] - mean[far]);
  },
});

function farthest(row: Float64Array, mean: Float64Array): number {
  const distance = row.map((x, j) => Math.abs(x - mean[j]));
  return distance.indexOf(Math.max(...distance));
}

type State = { mean: Float64Array; seen: number };

/** Names of the checks that a detector does not pass, of all or of one. */
async function failing(definition: DetectorDefinition, suite?: Parameters<typeof detectorConformance>[1], only?: string): Promise<string[]> {
  const names: string[] = [];
  for (const check of detectorConformance(definition, suite)) {
    const name = check.name.replace(`${definition.type}: `, '');
    if (only === undefined || name === only) await check.run().catch(() => names.push(name));
  }
  return names;
}

describe('detectorConformance', () => {
  for (const { name, run } of detectorConformance(honest)) it(name, run);

  const step = honest.step!;
  const broken: [string, Partial<DetectorDefinition>, string][] = [
    ['no cost', { cost: '' }, 'the declaration says what, when not, at what cost and from where'],
    ['an option nobody explains', { options: z.strictObject({ rate: z.number().default(0.002) }) }, 'every option is described'],
    [
      'options that let anything pass',
      { options: z.object({ rate: z.number().default(0.002).describe('How fast it follows.') }) },
      'options have valid defaults, and unknown ones are refused',
    ],
    ['both ways to score', { score: (_model, _rows, out) => out.fill(0) }, 'it scores by itself or with memory, and tells how contributions arise'],
    ['a boast', { finds: ['dynamics'] }, 'finds dynamics'],
    ['a promise that is kept on nine plants of ten', { finds: ['drift'] }, 'finds drift'],
    [
      'a score that knows its batch',
      {
        step: (model, state: State, rows, out, gate) => {
          step(model, state, rows, out, gate);
          out[0] += rows.rows;
        },
      },
      'scores are the same in batches of 1, 7, 64 and all rows',
    ],
    [
      'negative scores',
      {
        step: (model, state: State, rows, out, gate) => {
          step(model, state, rows, out, gate);
          for (let row = 0; row < rows.rows; row++) out[row] -= 1;
        },
      },
      'scores are finite and >= 0, also far off',
    ],
    [
      'a fit by the throw of a dice',
      { fit: ({ cols }) => ({ mean: new Float64Array(cols).fill(Math.random()), rate: 0 }) },
      'fitting is repeatable and leaves its rows as they are',
    ],
    [
      'a fit that alters its rows',
      {
        fit: (rows, columns, options, context) => {
          const model = honest.fit(rows, columns, options, context);
          rows.values[0] = 5;
          return model;
        },
      },
      'fitting is repeatable and leaves its rows as they are',
    ],
    [
      'a model that scoring alters',
      {
        step: (model: { mean: Float64Array<ArrayBuffer>; rate: number }, state: State, rows, out, gate) => {
          step(model, state, rows, out, gate);
          model.mean[0] += 1;
        },
      },
      'scoring and explaining leave the model and the rows as they are',
    ],
    [
      'contributions that do not add up',
      {
        explain: (model, state: State, row, out) => {
          honest.explain(model as never, state, row, out);
          out.weight[3] *= 1.001;
        },
      },
      'contributions are finite and add up to the score',
    ],
    [
      'an explanation that overflows',
      {
        explain: (_model, { mean }: State, row, out) => {
          const far = farthest(row, mean);
          const difference = row[far] - mean[far];
          out.reference.set(mean);
          out.weight.fill(0)[far] = difference === 0 ? 0 : (difference * Math.abs(difference)) / (difference * difference);
        },
      },
      'a row far off is explained in finite numbers',
    ],
    [
      'contributions that were forgotten',
      { explain: (_model, { mean }: State, _row, out) => out.reference.set(mean) },
      'contributions are finite and add up to the score',
    ],
    [
      'all blame on the first column',
      {
        explain: (_model, { mean }: State, _row, out) => {
          out.reference.set(mean);
          out.weight.fill(0);
          out.weight[0] = 1;
        },
      },
      'the column that was altered carries the largest contribution',
    ],
    [
      'a fit that falls over',
      {
        fit: (rows, columns, options, context) => {
          if (rows.rows === 1) throw new Error('division by zero');
          return honest.fit(rows, columns, options, context);
        },
      },
      'one row: it fits, or says why not',
    ],
    [
      'memory outside its state',
      (() => {
        let hidden = 0;
        return {
          step: (model, state: State, rows, out, gate) => {
            step(model, state, rows, out, gate);
            for (let row = 0; row < rows.rows; row++) out[row] += hidden++;
          },
        } satisfies Partial<DetectorDefinition>;
      })(),
      'a state saved at any row continues the same',
    ],
    [
      'learning without asking',
      { step: (model, state: State, rows, out) => step(model, state, rows, out, () => true) },
      'the gate is asked once per row, in order, with the score',
    ],
    [
      'an explanation that learns',
      {
        explain: (model, state: State, row, out) => {
          honest.explain(model as never, state, row, out);
          state.seen++;
        },
      },
      'explaining leaves the state as it is',
    ],
  ];
  for (const [fault, change, name] of broken) {
    it(`notices ${fault}`, async () => {
      expect(await failing({ ...honest, ...change } as DetectorDefinition, undefined, name)).toEqual([name]);
    });
  }

  it('lets contributions share out the score where a detector does not promise that they add up', async () => {
    const shares: DetectorDefinition['explain'] = (model, state, row, out) => {
      honest.explain(model, state, row, out);
      for (let j = 0; j < row.length; j++) out.weight[j] /= 2;
    };
    expect(await failing({ ...honest, explain: shares } as DetectorDefinition)).toEqual([
      'contributions are finite and add up to the score',
      'a row far off is explained in finite numbers',
    ]);
    expect(await failing({ ...honest, explain: shares } as DetectorDefinition, { exact: false })).toEqual([]);
  });
});

describe('anomalyFixture', () => {
  for (const family of fixtureFamilies) {
    it(`${family}: standardised, repeatable, and mostly normal`, () => {
      const { train, test, labels, columns } = anomalyFixture(family, 3);
      expect(anomalyFixture(family, 3).test.values).toEqual(test.values);
      expect(anomalyFixture(family, 4).test.values).not.toEqual(test.values);
      const anomalous = labels.filter((label) => label === 1).length;
      expect(anomalous / test.rows).toBeGreaterThan(0.04);
      expect(anomalous / test.rows).toBeLessThanOrEqual(0.4);
      for (let j = 0; j < columns.length; j++) {
        const column = Array.from({ length: train.rows }, (_, row) => train.values[row * train.cols + j]);
        const mean = column.reduce((sum, x) => sum + x, 0) / train.rows;
        const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / train.rows;
        if (columns[j].kind === 'continuous') expect([mean, variance]).toEqual([expect.closeTo(0, 10), expect.closeTo(1, 10)]);
      }
    });
  }

  it('dynamics: the same rows in another order', () => {
    const { test, labels } = anomalyFixture('dynamics', 3);
    const start = labels.indexOf(1);
    const key = (row: number): number => test.values[row * test.cols];
    const steps = (from: number): number => Array.from({ length: 59 }, (_, i) => Math.abs(key(from + i + 1) - key(from + i))).reduce((sum, x) => sum + x, 0);
    expect(steps(start)).toBeGreaterThan(1.5 * steps(start - 60));
  });

  it('names the column altered by a point, and no other family does', () => {
    for (const family of fixtureFamilies) {
      const { altered, labels } = anomalyFixture(family, 3);
      const named = altered.filter((column) => column >= 0).length;
      expect(named).toBe(family === 'point' ? labels.filter((label) => label === 1).length : 0);
    }
  });

  it('withoutConstant drops the spare unit and nothing else', () => {
    const whole = anomalyFixture('novelty', 3);
    const less = withoutConstant(whole);
    expect(less.columns.map(({ name }) => name)).toEqual(whole.columns.map(({ name }) => name).filter((name) => name !== 'SPARE'));
    for (const row of [0, 17, 999]) {
      expect([...less.test.values.subarray(row * 9, row * 9 + 9)]).toEqual([...whole.test.values.subarray(row * 10, row * 10 + 9)]);
    }
  });
});
