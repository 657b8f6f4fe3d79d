import type { DetectorDefinition, FixtureFamily, Gate } from '../../core/component.ts';
import { type Matrix, rowsOf } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import type { Plain } from '../../core/record.ts';
import { rocAuc } from '../../kernels/roc-auc.ts';
import { type AnomalyFixture, anomalyFixture, withoutConstant } from './anomaly-families.ts';

/** What a detector must exceed on every family that it declares to find, on every seed. */
export const leastAuc = 0.9;

export const learnAll: Gate = () => true;

/** The fixture as the detector would see it in a pipeline. */
export function seenFixture(definition: DetectorDefinition, family: FixtureFamily, seed: number): AnomalyFixture {
  const whole = anomalyFixture(family, seed);
  // A detector that calibrates sees what drop-constant leaves; one that does not may be there for the constants.
  return definition.calibrate === false ? whole : withoutConstant(whole);
}

/** The detector's model of a fixture, with options as in a pipeline file. */
export function fitFixture(
  definition: DetectorDefinition,
  { train, columns }: Pick<AnomalyFixture, 'train' | 'columns'>,
  options: object,
  seed: number,
): Plain {
  const fitRows = Math.ceil(0.7 * train.rows);
  return definition.fit(train, columns, definition.options.parse(options), { random: makeRandom(seed, 'conformance'), fitRows });
}

/** Scores of rows given in batches; with memory, in row order from the state. */
export function scoreRows(
  definition: DetectorDefinition,
  model: Plain,
  rows: Matrix,
  batch: number,
  { gate = learnAll, state = definition.start?.(model) }: { gate?: Gate; state?: Plain } = {},
): Float64Array {
  const scores = new Float64Array(rows.rows);
  for (let from = 0; from < rows.rows; from += batch) {
    const to = Math.min(rows.rows, from + batch);
    const out = scores.subarray(from, to);
    if (definition.score) definition.score(model, rowsOf(rows, from, to), out);
    else definition.step!(model, state, rowsOf(rows, from, to), out, (row, score) => gate(from + row, score));
  }
  return scores;
}

/**
 * Area under the ROC curve with which a detector ranks the anomalous rows of a family above the normal ones, on the fixture plant of
 * this seed.
 *
 * @param options as in a pipeline file
 */
export function familyArea(definition: DetectorDefinition, family: FixtureFamily, seed: number, options: object = {}): number {
  const fixture = seenFixture(definition, family, seed);
  const scores = scoreRows(definition, fitFixture(definition, fixture, options, seed), fixture.test, fixture.test.rows);
  const counted = [...fixture.labels.keys()].filter((row) => fixture.labels[row] >= 0);
  return rocAuc(
    Float64Array.from(counted, (row) => scores[row]),
    Int8Array.from(counted, (row) => fixture.labels[row]),
  );
}
