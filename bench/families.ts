import { builtInRegistry } from '../cli/load-pipeline.ts';
import { fixtureFamilies } from '../processor/conformance/anomaly-families.ts';
import { familyArea, leastAuc } from '../processor/conformance/family-area.ts';

/**
 * What each detector finds, with the options it has by default, on small simulated plants with one kind of anomaly each: the area
 * under the ROC curve, mean and least over the seeds. Printed as the table of docs/detectors.md.
 *
 *   npm run build && node dist/bench/families.js [--seeds 20] [--json]
 */
const at = process.argv.indexOf('--seeds');
const count = at < 0 ? 20 : Number(process.argv[at + 1]);
if (!(Number.isInteger(count) && count > 0)) throw new Error(`--seeds takes a whole number above 0, not '${process.argv[at + 1]}'`);
const seeds = Array.from({ length: count }, (_, i) => i + 1);

const registry = await builtInRegistry();
const results = await Promise.all(
  registry.types('detector').map(async (type) => {
    const definition = await registry.load('detector', type);
    const families = fixtureFamilies.map((family) => {
      const areas = seeds.map((seed) => familyArea(definition, family, seed));
      const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
      return { family, mean, least: Math.min(...areas), below: areas.filter((area) => area <= leastAuc).length, declared: definition.finds.includes(family) };
    });
    return { detector: type, families };
  }),
);

if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ bench: 'families', seeds: count, results }, undefined, 2)}\n`);
else {
  process.stdout.write(`| | ${fixtureFamilies.join(' | ')} |\n|---|${'---|'.repeat(fixtureFamilies.length)}\n`);
  for (const { detector, families } of results) {
    const cells = families.map(({ mean, least, declared }) => {
      const text = `${mean.toFixed(2)} (${least.toFixed(2)})`;
      return declared ? `**${text}**` : text;
    });
    process.stdout.write(`| ${detector} | ${cells.join(' | ')} |\n`);
  }
}
