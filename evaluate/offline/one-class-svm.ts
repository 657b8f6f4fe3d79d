/**
 * One-class SVM: draw a border around the normal rows, and see which rows lie outside.
 *
 *   node dist/evaluate/offline/one-class-svm.js [NORMAL.xlsx ATTACK.xlsx]
 */
import { makeRandom } from '../../core/random.ts';
import { quantile } from '../../kernels/quantile.ts';
import oneClassSvm from '../../processor/detectors/one-class-svm.ts';
import dropConstant from '../../processor/preprocess/drop-constant.ts';
import pca from '../../processor/preprocess/pca.ts';
import standardise from '../../processor/preprocess/standardise.ts';
import { printAgreement, readSwat, through } from './swat-workbooks.ts';

// 1. Read the workbooks: normal rows to learn from, normal rows kept back, and rows with attacks to score.
let plant = await readSwat(process.argv.slice(2));

// 2. Preprocess. Tags that never change say nothing; the others are brought to one scale; the sensors are replaced by the few
//    directions that carry 95 % of their movement, while valves and pumps (discrete tags) pass as they are.
plant = through(plant, dropConstant);
plant = through(plant, standardise, { clip: 30 });
plant = through(plant, pca, { variance: 0.95 });
const { normal, keptBack, attack, columns } = plant;

// 3. Fit: the smoothest border that leaves out at most 1 % of (up to 2,000 of) the normal rows.
const options = oneClassSvm.options.parse({ nu: 0.01 });
const model = oneClassSvm.fit(normal.table, columns, options, { random: makeRandom(0, 'one-class-svm'), fitRows: normal.table.rows });

// 4. Score: 1 on the border, more outside.
const usual = new Float64Array(keptBack.table.rows);
const scores = new Float64Array(attack.table.rows);
oneClassSvm.score?.(model, keptBack.table, usual);
oneClassSvm.score?.(model, attack.table, scores);

// 5. Decide: flagged is what scores above 99 % of the normal rows that were kept back. No label is looked at until here.
const level = quantile(usual.sort(), 0.99);
printAgreement('one-class-svm', plant, scores, level);
