import { type Matrix, makeMatrix } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { sampleRows } from '../scripts/make-sample.ts';

const cols = 51;

/** Rows of the sample's plant, training rows first, standardised by these; tags that never move keep their size. */
export function plantRows(trainingRows: number, testRows: number): Matrix {
  const rows = makeMatrix(trainingRows + testRows, cols);
  let row = 0;
  for (const { values } of sampleRows(2015, rows.rows)) rows.values.set(values, row++ * cols);
  for (let j = 0; j < cols; j++) {
    let mean = 0;
    let square = 0;
    for (let i = 0; i < trainingRows; i++) mean += rows.values[i * cols + j] / trainingRows;
    for (let i = 0; i < trainingRows; i++) square += (rows.values[i * cols + j] - mean) ** 2 / trainingRows;
    const scale = Math.sqrt(square) || 1;
    for (let i = 0; i < rows.rows; i++) rows.values[i * cols + j] = Math.max(-30, Math.min(30, (rows.values[i * cols + j] - mean) / scale));
  }
  return rows;
}

/** Rows without any structure: the worst case of a search. */
export function gaussianRows(rows: number): Matrix {
  const random = makeRandom(1, 'bench');
  const made = makeMatrix(rows, cols);
  for (let i = 0; i < made.values.length; i++) made.values[i] = random.normal();
  return made;
}
