/**
 * Isolation forest: cut the normal rows apart at random, and see which rows fall alone after few cuts.
 *
 *   node dist/evaluate/offline/isolation-forest.js [NORMAL.xlsx ATTACK.xlsx]
 */
import { makeRandom } from '../../core/random.ts';
import { quantile } from '../../kernels/quantile.ts';
import isolationForest from '../../processor/detectors/isolation-forest.ts';
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

// 3. Fit: 100 trees of random cuts, each through 256 normal rows.
const options = isolationForest.options.parse({ trees: 100, samples: 256 });
const model = isolationForest.fit(normal.table, columns, options, { random: makeRandom(0, 'isolation-forest'), fitRows: normal.table.rows });

// 4. Score: near 1 for a row that a few cuts set apart, near 0.5 or below for one in a crowd.
const usual = new Float64Array(keptBack.table.rows);
const scores = new Float64Array(attack.table.rows);
isolationForest.score?.(model, keptBack.table, usual);
isolationForest.score?.(model, attack.table, scores);

// 5. Decide: flagged is what scores above 99 % of the normal rows that were kept back. No label is looked at until here.
const level = quantile(usual.sort(), 0.99);
printAgreement('isolation-forest', plant, scores, level);
