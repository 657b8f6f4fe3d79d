import type { Column, FixtureFamily } from '../../core/component.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom, type Random } from '../../core/random.ts';

/** Rows of a plant with one kind of anomaly, as a detector sees them: standardised by the training rows, complete. */
export interface AnomalyFixture {
  readonly columns: readonly Column[];
  readonly train: Matrix;
  readonly test: Matrix;
  /** Per test row: 1 = anomalous, 0 = normal, -1 = on the way into or out of it, not counted. */
  readonly labels: Int8Array;
  /** Per test row: the one column that was altered, or -1. */
  readonly altered: Int32Array;
}

export const fixtureFamilies: readonly FixtureFamily[] = ['point', 'shift', 'drift', 'stuck', 'correlation', 'dynamics', 'novelty'];

const sensors = 8;
const latents = 3;
const modes = 3;
const trainRows = 1200;
const testRows = 1000;
/** Test rows per injection: an injection starts 60 rows into each. */
const period = 200;
const valve = sensors;
const spare = sensors + 1;
const columns: readonly Column[] = [
  ...Array.from({ length: sensors }, (_, j): Column => ({ name: `SENSOR${j + 1}`, kind: 'continuous' })),
  { name: 'VALVE', kind: 'discrete' },
  { name: 'SPARE', kind: 'discrete' },
];

/**
 * A small plant, seeded: eight sensors that follow three slow latent quantities (first-order autoregressive) and one of
 * three operating modes, a valve that shows the mode, and a spare unit that never runs. The test rows hold anomalies of
 * the family, two fifths of the rows at most:
 *
 * - point: single rows with one sensor 6 standard deviations off
 * - shift: two sensors offset by 4 for 60 rows
 * - drift: one sensor moves off by 6 over 100 rows; counted from 3 on
 * - stuck: one sensor holds its value for 100 rows; counted from the 20th on
 * - correlation: for 60 rows three sensors show values of other times: each in range, but not together
 * - dynamics: 60 rows in random order: each row normal, their sequence not
 * - novelty: 60 rows in a mode that training never showed, with the spare unit running
 */
export function anomalyFixture(family: FixtureFamily, seed: number): AnomalyFixture {
  const random = makeRandom(seed, `anomaly fixture ${family}`);
  const plant = makePlant(random.fork('plant'));
  const train = makeMatrix(trainRows, columns.length);
  const test = makeMatrix(testRows, columns.length);
  plant(train, random.fork('train'));
  const labels = new Int8Array(testRows);
  const altered = new Int32Array(testRows).fill(-1);
  const novel = (row: number): boolean => family === 'novelty' && row % period >= 60 && row % period < 120;
  plant(test, random.fork('test'), novel);
  const { mean, deviation } = standardise(train, train);
  standardise(test, train, mean, deviation);
  if (family === 'novelty') for (let row = 0; row < testRows; row++) labels[row] = novel(row) ? 1 : 0;
  else {
    for (let start = 60; start < testRows; start += period) {
      inject[family]({ rows: test, train, start, labels, altered, random: random.fork(`from ${start}`) });
    }
  }
  return { columns, train, test, labels, altered };
}

/** The same without the spare unit, the one column that training shows as constant. */
export function withoutConstant(fixture: AnomalyFixture): AnomalyFixture {
  const drop = ({ rows, cols, values }: Matrix): Matrix =>
    makeMatrix(
      rows,
      cols - 1,
      values.filter((_, i) => i % cols !== spare),
    );
  return { ...fixture, columns: fixture.columns.slice(0, spare), train: drop(fixture.train), test: drop(fixture.test) };
}

type Plant = (out: Matrix, random: Random, novel?: (row: number) => boolean) => void;

function makePlant(random: Random): Plant {
  const offset = Array.from({ length: modes + 1 }, () => Array.from({ length: sensors }, () => 2 * random.normal()));
  const loading = Array.from({ length: sensors }, () => Array.from({ length: latents }, () => random.normal()));
  return (out, noise, novel = () => false) => {
    const latent = new Float64Array(latents).map(() => noise.normal());
    let mode = 0;
    let left = 0;
    for (let row = 0; row < out.rows; row++) {
      if (left === 0) {
        mode = noise.int(modes);
        left = 40 + noise.int(60);
      }
      left--;
      for (let l = 0; l < latents; l++) latent[l] = 0.95 * latent[l] + Math.sqrt(1 - 0.95 ** 2) * noise.normal();
      const now = novel(row) ? modes : mode;
      const at = row * out.cols;
      for (let j = 0; j < sensors; j++) {
        let x = offset[now][j] + 0.2 * noise.normal();
        for (let l = 0; l < latents; l++) x += loading[j][l] * latent[l];
        out.values[at + j] = x;
      }
      out.values[at + valve] = mode;
      out.values[at + spare] = now === modes ? 1 : 0;
    }
  };
}

function standardise(out: Matrix, by: Matrix, mean = new Float64Array(sensors), deviation = new Float64Array(sensors)) {
  if (out === by) {
    for (let j = 0; j < sensors; j++) {
      for (let row = 0; row < by.rows; row++) mean[j] += by.values[row * by.cols + j] / by.rows;
      for (let row = 0; row < by.rows; row++) deviation[j] += (by.values[row * by.cols + j] - mean[j]) ** 2 / by.rows;
      deviation[j] = Math.sqrt(deviation[j]);
    }
  }
  for (let row = 0; row < out.rows; row++) {
    for (let j = 0; j < sensors; j++) out.values[row * out.cols + j] = (out.values[row * out.cols + j] - mean[j]) / deviation[j];
  }
  return { mean, deviation };
}

interface Injection {
  readonly rows: Matrix;
  readonly train: Matrix;
  readonly start: number;
  readonly labels: Int8Array;
  readonly altered: Int32Array;
  readonly random: Random;
}

const inject: Record<Exclude<FixtureFamily, 'novelty'>, (injection: Injection) => void> = {
  point({ rows, start, labels, altered, random }) {
    for (let row = start; row < start + 120; row += 12) {
      const column = random.int(sensors);
      rows.values[row * rows.cols + column] += 6 * sign(random);
      labels[row] = 1;
      altered[row] = column;
    }
  },
  shift({ rows, start, labels, random }) {
    const [one, two] = distinct(2, random);
    const by = [4 * sign(random), 4 * sign(random)];
    for (let row = start; row < start + 60; row++) {
      rows.values[row * rows.cols + one] += by[0];
      rows.values[row * rows.cols + two] += by[1];
      labels[row] = 1;
    }
  },
  drift({ rows, start, labels, random }) {
    const column = random.int(sensors);
    const by = 6 * sign(random);
    for (let i = 0; i < 100; i++) {
      rows.values[(start + i) * rows.cols + column] += (by * i) / 100;
      labels[start + i] = i >= 50 ? 1 : -1;
    }
  },
  stuck({ rows, start, labels, random }) {
    const column = random.int(sensors);
    for (let i = 0; i < 100; i++) {
      rows.values[(start + i) * rows.cols + column] = rows.values[(start - 1) * rows.cols + column];
      labels[start + i] = i >= 20 ? 1 : -1;
    }
  },
  correlation({ rows, train, start, labels, random }) {
    const chosen = distinct(3, random);
    for (let row = start; row < start + 60; row++) {
      for (const column of chosen) rows.values[row * rows.cols + column] = train.values[random.int(train.rows) * train.cols + column];
      labels[row] = 1;
    }
  },
  dynamics({ rows, start, labels, random }) {
    const { cols } = rows;
    const original = rows.values.slice(start * cols, (start + 60) * cols);
    shuffled(60, random).forEach((from, i) => {
      rows.values.set(original.subarray(from * cols, (from + 1) * cols), (start + i) * cols);
      labels[start + i] = 1;
    });
  },
};

function sign(random: Random): number {
  return random.next() < 0.5 ? -1 : 1;
}

function distinct(count: number, random: Random): number[] {
  return shuffled(sensors, random).slice(0, count);
}

/** 0 to n - 1 in random order (Fisher and Yates 1938). */
function shuffled(n: number, random: Random): number[] {
  const order = [...Array(n).keys()];
  for (let i = n - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
