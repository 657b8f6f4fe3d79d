/**
 * Isolation forest, then logistic regression: the forest says which rows look odd, and the regression learns to tell them.
 *
 *   node dist/evaluate/offline/isolation-logistic.js [NORMAL.xlsx ATTACK.xlsx]
 */
import { makeRandom } from '../../core/random.ts';
import { quantile } from '../../kernels/quantile.ts';
import isolationLogistic from '../../processor/detectors/isolation-logistic.ts';
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

// 3. Fit: the 2 % of the normal rows that the forest finds oddest are labelled, and a regression is trained on these labels.
const options = isolationLogistic.options.parse({ contamination: 0.02 });
const model = isolationLogistic.fit(normal.table, columns, options, { random: makeRandom(0, 'isolation-logistic'), fitRows: normal.table.rows });

// 4. Score: grows with the odds that the forest would have labelled the row.
const usual = new Float64Array(keptBack.table.rows);
const scores = new Float64Array(attack.table.rows);
isolationLogistic.score?.(model, keptBack.table, usual);
isolationLogistic.score?.(model, attack.table, scores);

// 5. Decide: flagged is what scores above 99 % of the normal rows that were kept back. No label is looked at until here.
const level = quantile(usual.sort(), 0.99);
printAgreement('isolation-logistic', plant, scores, level);
