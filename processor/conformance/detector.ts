import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Column, DetectorDefinition, Explanation, FixtureFamily, Gate } from '../../core/component.ts';
import type { Check } from '../../core/conformance.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix, rowsOf } from '../../core/matrix.ts';
import { decodeRecord, encodeRecord, type Plain } from '../../core/record.ts';
import type { AnomalyFixture } from './anomaly-families.ts';
import { declarationConformance } from './declaration.ts';
import { familyArea, fitFixture, learnAll, leastAuc, scoreRows, seenFixture } from './family-area.ts';

export interface DetectorConformance {
  /** As in a pipeline file. */
  readonly options?: Record<string, unknown>;
  /** false: contributions share out the score but do not add up to it, as with occlusion. */
  readonly exact?: boolean;
}

const seed = 11;
/** Plants on which declared families are looked for: ten, the hardest of the first twenty among them. */
const familySeeds = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
/** Plants on which the altered column is looked for. */
const blameSeeds = [11, 12, 13];
/** Part of the altered rows in which the altered column must carry the largest contribution. */
const leastBlamed = 0.9;
/** Rows that come before the far ones. */
const usualRows = 60;
/** Beyond this score, contributions of both signs that add up to it may be past the range of doubles. */
const addsUpTo = 1e300;
/** Leaves out rows as a pipeline does, by score. */
const learnSome: Gate = (row, score) => Number.isNaN(score) || (row + Math.floor(score * 1e6)) % 3 > 0;

/**
 * What every detector promises, on a small seeded plant: it finds the kinds of anomaly that it declares (AUC > 0.9 on each of ten
 * plants, with its default options); scores do not depend on batches, are finite and >= 0; fitting is repeatable and leaves its rows
 * alone; contributions add up to the score and blame the right column; model and state survive being saved; training rows it cannot
 * use are refused with a reason.
 *
 * @example
 * detectorConformance(kMeans).length > 10; // true
 */
export function detectorConformance(definition: DetectorDefinition, { options = {}, exact = true }: DetectorConformance = {}): Check[] {
  const fixture = (family: FixtureFamily, of = seed): AnomalyFixture => seenFixture(definition, family, of);
  const learn = (train: Matrix, columns: readonly Column[], of = seed): Plain => fitFixture(definition, { train, columns }, options, of);
  const fitted = (family: FixtureFamily = 'point', of = seed) => {
    const data = fixture(family, of);
    return { ...data, model: learn(data.train, data.columns, of) };
  };
  const check = (name: string, run: () => void): Check => ({ name: `${definition.type}: ${name}`, run: async () => run() });
  const withMemory = definition.step !== undefined;
  const usual = definition.options.safeParse({});
  // What it finds is declared for the options it has by default, where it can do with these.
  const declared = !usual.success || isDeepStrictEqual(definition.options.parse(options), usual.data);

  const always = [
    ...declarationConformance(definition, options),
    check('it scores by itself or with memory, and tells how contributions arise', () => {
      assert.ok(definition.attribution.trim().length >= 20, 'attribution is told');
      assert.equal((definition.score !== undefined) !== withMemory, true, 'exactly one of score and step');
      assert.equal(definition.start !== undefined, withMemory, 'start comes with step');
      assert.ok(definition.calibrate !== false || definition.threshold !== undefined, 'calibrate: false comes with a threshold');
    }),
    ...(declared ? definition.finds : []).map((family) =>
      check(`finds ${family}`, () => {
        for (const of of familySeeds) {
          const area = familyArea(definition, family, of, options);
          assert.ok(area > leastAuc, `AUC ${area.toFixed(3)} on plant ${of}: above ${leastAuc} on every one`);
        }
      }),
    ),
    check('scores are the same in batches of 1, 7, 64 and all rows', () => {
      const { model, test } = fitted();
      for (const gate of withMemory ? [learnAll, learnSome] : [learnAll]) {
        const whole = scoreRows(definition, model, test, test.rows, { gate });
        for (const batch of [1, 7, 64]) assertSame(scoreRows(definition, model, test, batch, { gate }), whole, `batches of ${batch}`);
      }
    }),
    check('scores are finite and >= 0, also far off', () => {
      const { model, test } = fitted('shift');
      for (const rows of [test, joined(rowsOf(test, 0, usualRows), farRows(test.cols))]) {
        const scores = scoreRows(definition, model, rows, rows.rows);
        const undefinedRows = scores.findIndex((score) => !Number.isNaN(score));
        assert.ok(withMemory || undefinedRows === 0, 'only a detector with memory may leave rows unscored');
        for (const score of scores.subarray(Math.max(0, undefinedRows))) assert.ok(score >= 0 && score < Number.POSITIVE_INFINITY, `score ${score}`);
      }
    }),
    check('fitting is repeatable and leaves its rows as they are', () => {
      const { train, columns } = fixture('point');
      const before = train.values.slice();
      assert.deepEqual(Buffer.from(encodeRecord('model', learn(train, columns))), Buffer.from(encodeRecord('model', learn(train, columns))));
      assertSame(train.values, before, 'training rows');
    }),
    check('scoring and explaining leave the model and the rows as they are', () => {
      const { model, test } = fitted();
      const before = [Buffer.from(encodeRecord('model', model)), test.values.slice()] as const;
      explainRows(definition, model, rowsOf(test, 0, 100), () => undefined);
      scoreRows(definition, model, test, 50);
      assert.deepEqual(Buffer.from(encodeRecord('model', model)), before[0]);
      assertSame(test.values, before[1], 'rows');
    }),
    check(exact ? 'contributions are finite and add up to the score' : 'contributions are finite', () => {
      for (const family of ['point', 'novelty'] as const) {
        const { model, test } = fitted(family);
        explainRows(definition, model, test, (row, score, contributions) => {
          const sum = contributions.reduce((total, part) => total + part, 0);
          assert.ok(Number.isFinite(sum), `row ${row}: contributions ${contributions}`);
          if (exact && !Number.isNaN(score))
            assert.ok(Math.abs(sum - score) <= 1e-9 * Math.max(score, 1e-300), `row ${row}: they sum to ${sum}, score ${score}`);
        });
      }
    }),
    check('a row far off is explained in finite numbers', () => {
      const { model, test } = fitted();
      const far = farRows(test.cols);
      // One far cell in a usual row, of either sign.
      const single = makeMatrix(2 * test.cols, test.cols);
      for (let row = 0; row < single.rows; row++) {
        single.values.set(test.values.subarray(row * test.cols, (row + 1) * test.cols), row * test.cols);
        single.values[row * test.cols + (row >> 1)] = row % 2 ? Number.MAX_VALUE : -1e308;
      }
      const rows = joined(rowsOf(test, 0, usualRows), far, single);
      explainRows(definition, model, rows, (row, score, contributions) => {
        if (row < usualRows) return;
        const said = `far row ${row - usualRows}: contributions ${contributions}, score ${score}`;
        assert.ok(Number.isFinite(contributions.reduce((total, part) => total + Math.abs(part), 0)), said);
        const sum = contributions.reduce((total, part) => total + part, 0);
        if (exact && score <= addsUpTo) assert.ok(Math.abs(sum - score) <= 1e-9 * Math.max(score, 1e-300), said);
        if (exact && score > addsUpTo) assert.ok(sum > 0, said);
      });
    }),
    ...(definition.finds.includes('point') ? [check('the column that was altered carries the largest contribution', blamesAltered)] : []),
    check('a saved model scores the same', () => {
      const { model, test } = fitted();
      const restored = decodeRecord(encodeRecord('model', model), 'model');
      assertSame(scoreRows(definition, restored, test, test.rows), scoreRows(definition, model, test, test.rows), 'scores');
    }),
    ...['one row', 'two rows', 'constant rows', 'duplicated rows', 'a constant column', 'a doubled column', 'rows of one column'].map((kind) =>
      check(`${kind}: it fits, or says why not`, () => {
        const { train, test, columns } = fixture('point');
        const rows = reshaped(kind, train);
        const seen = rows.cols === train.cols ? test : reshaped('rows of one column', test);
        const model = refusable(() => learn(rows, columns.slice(0, rows.cols)));
        if (model === undefined) return;
        for (const score of scoreRows(definition, model, seen, seen.rows)) {
          assert.ok(score >= 0 ? score < Number.POSITIVE_INFINITY : withMemory && Number.isNaN(score), `score ${score}`);
        }
      }),
    ),
  ];

  const remembering = [
    check('a state saved at any row continues the same', () => {
      const { model, test } = fitted();
      const whole = scoreRows(definition, model, test, test.rows);
      for (const at of [1, 2, 60, 333]) {
        const state = definition.start!(model);
        scoreRows(definition, model, rowsOf(test, 0, at), at, { state });
        const restored = decodeRecord(encodeRecord('state', state), 'state');
        assertSame(scoreRows(definition, model, rowsOf(test, at, test.rows), 50, { state: restored }), whole.subarray(at), `from row ${at}`);
      }
    }),
    check('the gate is asked once per row, in order, with the score', () => {
      const { model, test } = fitted();
      const asked: number[] = [];
      const gate: Gate = (row, score) => {
        assert.equal(row, asked.length);
        asked.push(score);
        return row % 2 === 0;
      };
      const scores = new Float64Array(test.rows);
      definition.step!(model, definition.start!(model), test, scores, gate);
      assertSame(Float64Array.from(asked), scores, 'scores given to the gate');
    }),
    check('explaining leaves the state as it is', () => {
      const { model, test } = fitted();
      const state = definition.start!(model);
      scoreRows(definition, model, test, 100, { state });
      const before = Buffer.from(encodeRecord('state', state));
      const out = { reference: new Float64Array(test.cols), weight: new Float64Array(test.cols) };
      definition.explain(model, state, test.values.slice(0, test.cols), out);
      assert.deepEqual(Buffer.from(encodeRecord('state', state)), before);
    }),
  ];

  function blamesAltered(): void {
    let rows = 0;
    let blamed = 0;
    for (const of of blameSeeds) {
      const { model, test, altered } = fitted('point', of);
      explainRows(definition, model, test, (row, _score, contributions) => {
        if (altered[row] < 0) return;
        rows++;
        if (contributions.indexOf(Math.max(...contributions)) === altered[row]) blamed++;
      });
    }
    assert.ok(blamed >= leastBlamed * rows, `${blamed} of ${rows} rows: at least ${leastBlamed}`);
  }

  return withMemory ? [...always, ...remembering] : always;
}

/** Visits every row with its score and contributions, explained before it is learned. */
function explainRows(definition: DetectorDefinition, model: Plain, rows: Matrix, visit: (row: number, score: number, contributions: number[]) => void): void {
  const state = definition.start?.(model);
  for (let row = 0; row < rows.rows; row++) {
    const one = rowsOf(rows, row, row + 1);
    // Not zero before: an explanation fills every entry.
    const out: Explanation = { reference: new Float64Array(rows.cols).fill(Number.NaN), weight: new Float64Array(rows.cols).fill(Number.NaN) };
    definition.explain(model, state, one.values, out);
    const [score] = scoreRows(definition, model, one, 1, { state });
    visit(
      row,
      score,
      Array.from(one.values, (x, j) => (x - out.reference[j]) * out.weight[j]),
    );
  }
}

/** Rows without a usual cell, as far off as doubles go. */
function farRows(cols: number): Matrix {
  const most = Number.MAX_VALUE;
  const cells: ((column: number) => number)[] = [
    () => 1e12,
    () => -1e160,
    () => 1e300,
    (j) => (j % 2 ? most : -most),
    () => 1e308,
    () => -most,
    (j) => most * ((j + 1) / cols),
  ];
  return makeMatrix(
    cells.length,
    cols,
    Float64Array.from({ length: cells.length * cols }, (_, i) => cells[Math.floor(i / cols)](i % cols)),
  );
}

function joined(...parts: readonly Matrix[]): Matrix {
  const out = makeMatrix(
    parts.reduce((sum, { rows }) => sum + rows, 0),
    parts[0].cols,
  );
  let at = 0;
  for (const { rows, cols, values } of parts) {
    out.values.set(values.subarray(0, rows * cols), at);
    at += rows * cols;
  }
  return out;
}

function reshaped(kind: string, rows: Matrix): Matrix {
  const { cols } = rows;
  const make = (count: number, width: number, value: (row: number, column: number) => number): Matrix =>
    makeMatrix(
      count,
      width,
      Float64Array.from({ length: count * width }, (_, i) => value(Math.floor(i / width), i % width)),
    );
  const at = (row: number, column: number): number => rows.values[row * cols + column];
  if (kind === 'one row') return rowsOf(rows, 0, 1);
  if (kind === 'two rows') return rowsOf(rows, 0, 2);
  if (kind === 'constant rows') return make(300, cols, (_, j) => 0.1 * (j + 1));
  if (kind === 'duplicated rows') return make(300, cols, (row, j) => at(row % 3, j));
  if (kind === 'a constant column') return make(300, cols, (row, j) => (j === 2 ? 0.1 : at(row, j)));
  if (kind === 'a doubled column') return make(300, cols, (row, j) => at(row, j === 2 ? 1 : j));
  return make(rows.rows, 1, (row) => at(row, 0));
}

/** What `learn` made, or undefined when it refused in the agreed way; anything else it throws fails the check. */
function refusable(learn: () => Plain): Plain {
  try {
    return learn();
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'TRAINING_UNFIT') return undefined;
    throw error;
  }
}

function assertSame(actual: Float64Array, expected: Float64Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const differs = actual.findIndex((x, i) => !Object.is(x, expected[i]));
  assert.ok(differs < 0, `${what}: entry ${differs} is ${actual[differs]}, not ${expected[differs]}`);
}
