/**
 * k-means: find the states that the plant is in when all is well, and see how far from all of them a row lies.
 *
 *   node dist/evaluate/offline/k-means.js [NORMAL.xlsx ATTACK.xlsx]
 */
import { makeRandom } from '../../core/random.ts';
import { quantile } from '../../kernels/quantile.ts';
import kMeans from '../../processor/detectors/k-means.ts';
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

// 3. Fit: eight centroids, moved until each is the mean of the rows nearest to it.
const options = kMeans.options.parse({ clusters: 8 });
const model = kMeans.fit(normal.table, columns, options, { random: makeRandom(0, 'k-means'), fitRows: normal.table.rows });

// 4. Score: the distance to the nearest centroid, in units of what is usual around it.
const usual = new Float64Array(keptBack.table.rows);
const scores = new Float64Array(attack.table.rows);
kMeans.score?.(model, keptBack.table, usual);
kMeans.score?.(model, attack.table, scores);

// 5. Decide: flagged is what scores above 99 % of the normal rows that were kept back. No label is looked at until here.
const level = quantile(usual.sort(), 0.99);
printAgreement('k-means', plant, scores, level);
