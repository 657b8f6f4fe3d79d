/**
 * DBSCAN: find where normal rows lie dense, and see how far from all dense places a row is.
 *
 *   node dist/evaluate/offline/dbscan.js [NORMAL.xlsx ATTACK.xlsx]
 */
import { makeRandom } from '../../core/random.ts';
import { quantile } from '../../kernels/quantile.ts';
import dbscan from '../../processor/detectors/dbscan.ts';
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

// 3. Fit: the core rows, which have five normal rows within a radius that makes 95 % of (up to 2,000 of) them core rows.
const options = dbscan.options.parse({ eps: 'auto', minimumPoints: 5 });
const model = dbscan.fit(normal.table, columns, options, { random: makeRandom(0, 'dbscan'), fitRows: normal.table.rows });

// 4. Score: the distance to the nearest core row, in units of that radius; above 1 a row belongs to no cluster.
const usual = new Float64Array(keptBack.table.rows);
const scores = new Float64Array(attack.table.rows);
dbscan.score?.(model, keptBack.table, usual);
dbscan.score?.(model, attack.table, scores);

// 5. Decide: flagged is what scores above 99 % of the normal rows that were kept back. No label is looked at until here.
const level = quantile(usual.sort(), 0.99);
printAgreement('dbscan', plant, scores, level);
