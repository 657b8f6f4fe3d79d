import assert from 'node:assert/strict';
import { z } from 'zod';
import { type Column, type Explained, makeExplained, type StepDefinition } from '../../core/component.ts';
import type { Check } from '../../core/conformance.ts';
import { type Matrix, makeMatrix, rowsOf } from '../../core/matrix.ts';
import { makeRandom, type Random } from '../../core/random.ts';
import { decodeRecord, encodeRecord, type Plain } from '../../core/record.ts';

export interface StepConformance {
  /** As in a pipeline file; default: none given. */
  readonly options?: Record<string, unknown>;
  /** The step puts values where readings are missing; any other must leave them missing. */
  readonly fills?: boolean;
}

interface Fitted {
  readonly model: Plain;
  readonly columns: readonly Column[];
  readonly rows: Matrix;
  readonly times: BigInt64Array;
}

const tags: readonly Column[] = [
  { name: 'LIT101', kind: 'continuous' },
  { name: 'MV101', kind: 'discrete' },
  { name: 'FIT101', kind: 'continuous' },
  { name: 'AIT202', kind: 'continuous' },
  { name: 'P102', kind: 'discrete' },
  { name: 'PIT501', kind: 'continuous' },
];
const rowCount = 260;
const fitCount = 160;

/**
 * What every preprocess step promises, as checks for any runner. The rows: 260 of six tags, of which one never changes;
 * one cell in 25 missing; times that repeat, jump and step backwards.
 *
 * @example
 * stepConformance(standardise, { options: { clip: 4 } }).length > 10; // true
 */
export function stepConformance(definition: StepDefinition, { options = {}, fills = false }: StepConformance = {}): Check[] {
  const parsed = definition.options.parse(options);
  const fitted = (missing = true): Fitted => {
    const rows = plantRows(makeRandom(11, 'rows'), missing);
    const times = plantTimes(makeRandom(11, 'times'));
    return { ...definition.fit(rowsOf(rows, 0, fitCount), tags, parsed, times.subarray(0, fitCount)), rows, times };
  };
  const start = (model: Plain): Plain => definition.start?.(model) ?? null;
  /** The output of rows cut at `cuts`, from a new state. `carry` may put another state in its place at each cut. */
  const run = ({ model, columns, rows, times }: Fitted, cuts: readonly number[] = [], carry = (state: Plain): Plain => state, fill = 0): Float64Array => {
    const out = new Float64Array(rows.rows * columns.length).fill(fill);
    let state = start(model);
    const bounds = [0, ...cuts, rows.rows];
    for (let b = 1; b < bounds.length; b++) {
      const [from, to] = [bounds[b - 1], bounds[b]];
      definition.apply(model, state, rowsOf(rows, from, to), times.subarray(from, to), out.subarray(from * columns.length, to * columns.length));
      state = carry(state);
    }
    return out;
  };
  const check = (name: string, body: () => void): Check => ({ name: `${definition.type}: ${name}`, run: async () => body() });

  return [
    check('says what it does, when it fails, what it costs and where it comes from', () => {
      for (const field of ['summary', 'fails', 'cost', 'source'] as const) assert.ok((definition[field] ?? '').length > 10, `${field} is missing`);
      assert.match(definition.type, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    }),
    check('has strict options, each described, that an editor can know', () => {
      assert.equal(definition.options.safeParse({ ...options, 'no such option': 1 }).success, false);
      const schema = z.toJSONSchema(definition.options, { io: 'input' }) as { properties: Record<string, { description?: string }> };
      for (const [name, { description }] of Object.entries(schema.properties)) assert.ok(description, `option ${name} is not described`);
      if (definition.shorthand !== undefined)
        assert.ok(Object.hasOwn(schema.properties, definition.shorthand), `shorthand '${definition.shorthand}' is no option`);
    }),
    check('fills every cell of the columns that it declares', () => {
      const step = fitted();
      assert.ok(step.columns.length > 0);
      assert.equal(new Set(step.columns.map((column) => column.name)).size, step.columns.length, 'two columns have one name');
      same(run(step, [], undefined, 1e300), run(step), step);
    }),
    check('learns and applies without altering rows, times or model', () => {
      const step = fitted();
      const before = encodeRecord('model', step.model);
      run(step);
      assert.deepEqual(encodeRecord('model', step.model), before, 'apply altered the model');
      same(step.rows.values, plantRows(makeRandom(11, 'rows'), true).values, { ...step, columns: tags });
      assert.deepEqual(step.times, plantTimes(makeRandom(11, 'times')));
    }),
    check('learns the same from the same rows', () => {
      assert.deepEqual(encodeRecord('model', fitted().model), encodeRecord('model', fitted().model));
    }),
    check('is causal: later rows do not change earlier ones', () => {
      const step = fitted();
      const whole = run(step);
      for (const at of [1, 17, 130, rowCount - 1]) {
        for (const later of [-777, Number.NaN]) {
          const other: Fitted = { ...step, rows: { ...step.rows, values: step.rows.values.slice() }, times: step.times.slice() };
          other.rows.values.fill(later, at * tags.length);
          other.times.fill(step.times[0], at);
          same(run(other).subarray(0, at * step.columns.length), whole.subarray(0, at * step.columns.length), step);
        }
      }
    }),
    check('gives the same bits however rows are cut into batches', () => {
      const step = fitted();
      const whole = run(step);
      const random = makeRandom(5, 'cuts');
      same(
        run(
          step,
          Array.from({ length: rowCount - 1 }, (_, i) => i + 1),
        ),
        whole,
        step,
      );
      for (let round = 0; round < 20; round++) same(run(step, randomCuts(random)), whole, step);
    }),
    check('goes on from a saved state as if nothing had happened', () => {
      const step = fitted();
      const throughRecord = (state: Plain): Plain => decodeRecord(encodeRecord('state', state), 'state');
      same(run(step, randomCuts(makeRandom(6, 'cuts')), throughRecord), run(step), step);
    }),
    check('works from a saved model as from the one learned', () => {
      const step = fitted();
      same(run({ ...step, model: decodeRecord(encodeRecord('model', step.model), 'model') }), run(step), step);
    }),
    check('keeps the streams apart', () => {
      const step = fitted();
      const whole = run(step);
      const other = makeMatrix(1, step.columns.length);
      const strange = start(step.model);
      const disturb = (state: Plain): Plain => {
        definition.apply(step.model, strange, makeMatrix(1, tags.length, new Float64Array(tags.length).fill(5)), step.times.slice(7, 8), other.values);
        return state;
      };
      same(run(step, [30, 60], disturb), whole, step);
    }),
    check('makes no reading missing that is there', () => {
      const step = fitted(false);
      run(step).forEach((x, at) => {
        assert.ok(!Number.isNaN(x), `row ${Math.floor(at / step.columns.length)}, column ${step.columns[at % step.columns.length].name}`);
      });
    }),
    check(fills ? 'fills nothing before the first reading' : 'leaves missing what is missing', () => {
      const step = fitted();
      const { values } = step.rows;
      const out = run({ ...step, rows: { ...step.rows, values: values.map((x, at) => (at < 20 * tags.length ? Number.NaN : x)) } });
      const width = step.columns.length;
      step.columns.forEach(({ name }, k) => {
        const j = tags.findIndex((tag) => tag.name === name);
        for (let i = 0; i < 20; i++) assert.ok(Number.isNaN(out[i * width + k]), `${name} has ${out[i * width + k]} in row ${i}, which has no reading`);
        for (let i = 20; i < rowCount && j >= 0 && !fills; i++) {
          if (Number.isNaN(values[i * tags.length + j]))
            assert.ok(Number.isNaN(out[i * width + k]), `${name} has ${out[i * width + k]} in row ${i}, where it is missing`);
        }
      });
    }),
    check('carries an explanation back with its sum', () => {
      const step = fitted();
      const out = run(step);
      const width = step.columns.length;
      const random = makeRandom(9, 'explanations');
      let explainedRows = 0;
      for (let i = 0; i < rowCount; i++) {
        const value = out.slice(i * width, (i + 1) * width);
        if (value.some(Number.isNaN)) continue;
        const explained = { value, reference: value.map((x) => x + random.normal()), weight: value.map(() => random.normal()) };
        const before = sum(explained);
        const { model, rows } = step;
        const row = rows.values.slice(i * tags.length, (i + 1) * tags.length);
        const back = definition.back ? definition.back(model, explained, row) : explained;
        if (definition.back) {
          const used = makeExplained(tags.length);
          for (const part of [used.value, used.reference, used.weight]) part.fill(Number.NaN);
          assert.equal(definition.back(model, explained, row, used), used, 'does not fill what it is given');
          assert.deepEqual(used, back, 'what is filled is not what is made anew');
        }
        for (const part of [back.value, back.reference, back.weight]) assert.equal(part.length, tags.length, 'not one entry per input column');
        const after = sum(back);
        assert.ok(Math.abs(after.sum - before.sum) <= 1e-9 * (before.size + after.size), `row ${i}: the sum was ${before.sum} and became ${after.sum}`);
        explainedRows++;
      }
      assert.ok(explainedRows > 20, `only ${explainedRows} rows are complete`);
    }),
  ];
}

function same(actual: Float64Array, expected: Float64Array, { columns }: { readonly columns: readonly Column[] }): void {
  assert.equal(actual.length, expected.length);
  for (let at = 0; at < actual.length; at++) {
    const { name } = columns[at % columns.length];
    assert.ok(Object.is(actual[at], expected[at]), `row ${Math.floor(at / columns.length)}, column ${name}: ${actual[at]} instead of ${expected[at]}`);
  }
}

function sum({ value, reference, weight }: Explained): { sum: number; size: number } {
  let total = 0;
  let size = 0;
  for (let j = 0; j < value.length; j++) {
    const part = (value[j] - reference[j]) * weight[j];
    total += part;
    size += Math.abs(part);
  }
  return { sum: total, size };
}

function randomCuts(random: Random): number[] {
  const cuts = new Set(Array.from({ length: random.int(12) }, () => 1 + random.int(rowCount - 1)));
  return [...cuts].sort((a, b) => a - b);
}

/** Two tags that go together, one on another scale, a valve that follows, one that never changes, and spikes after the fit rows. */
function plantRows(random: Random, missing: boolean): Matrix {
  const { values } = makeMatrix(rowCount, tags.length);
  let level = 500;
  for (let i = 0; i < rowCount; i++) {
    const filling = Math.sin(i / 9) > 0;
    level += (filling ? 4 : -4) + random.normal();
    values.set([level, filling ? 2 : 1, 0.01 * level + 0.1 * random.normal(), 7 + 1e-3 * random.normal(), 1, 1e6 + 1e4 * random.normal()], i * tags.length);
    if (i > fitCount && i % 23 === 0) values[i * tags.length + (i % tags.length)] += 1e7;
    if (missing) for (let j = 0; j < tags.length; j++) if (random.next() < 0.04) values[i * tags.length + j] = Number.NaN;
  }
  return { rows: rowCount, cols: tags.length, values };
}

function plantTimes(random: Random): BigInt64Array {
  let time = 1_450_000_000_123_456_789n;
  return BigInt64Array.from({ length: rowCount }, () => {
    const kind = random.next();
    time += kind < 0.1 ? 0n : kind < 0.2 ? -1_500_000_000n : kind < 0.25 ? 61_000_000_000n : 1_000_000_000n;
    return time;
  });
}
