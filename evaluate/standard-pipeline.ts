import { didYouMean, quote, SluiceError } from '../core/errors.ts';
import type { Registry } from '../core/registry.ts';

/** What the built-in pipeline is called in messages and results. */
export const standardName = 'built-in pipeline';

/** Detectors that see the few combinations of tags that carry the movement, or the mean of each tag's last rows; all others see every tag as it is. */
const views: Readonly<Record<string, string>> = {
  'one-class-svm': 'reduced',
  'isolation-forest': 'reduced',
  'isolation-logistic': 'reduced',
  'k-means': 'reduced',
  lof: 'reduced',
  dbscan: 'reduced',
  var: 'slow',
  mahalanobis: 'calm',
};

/** Members of `combined`: memory, joint movement and distance to what was seen. */
const fused: readonly string[] = ['var', 'mahalanobis', 'k-nn'];

/**
 * The pipeline that files are judged by where none is named, as text: every calibrated detector of the catalogue, or those asked
 * for, each on the view that suits it; `combined` fuses those of `fused` that are there, or else all.
 * @throws USAGE for a detector that there is not
 */
export async function standardPipeline(registry: Registry, wanted?: readonly string[]): Promise<string> {
  const calibrated: string[] = [];
  for (const type of registry.types('detector')) if ((await registry.load('detector', type)).calibrate !== false) calibrated.push(type);
  for (const type of wanted ?? []) {
    if (calibrated.includes(type)) continue;
    const near = didYouMean(type, calibrated);
    throw new SluiceError('USAGE', `there is no detector ${quote(type)} to evaluate`, {
      place: '--detectors',
      fix: near ? `Did you mean ${quote(near)}?` : `Known: ${calibrated.join(', ')}.`,
    });
  }
  const types = calibrated.filter((type) => wanted === undefined || wanted.includes(type));
  const members = types.filter((type) => fused.includes(type));
  return `stream: plant
source: { type: csv, path: '-' }
views:
  tags: [clean, { impute: { hold: 30s } }, { standardise: { clip: 30 } }]
  calm: [tags, { smooth: { window: 10, discrete: smooth } }]
  slow: [tags, { smooth: { window: 20, discrete: smooth } }]
  moving: [clean, { impute: { hold: 30s } }, drop-constant, { standardise: { clip: 30 } }]
  reduced: [moving, { pca: { variance: 0.95 } }]
detectors:
${types.map((type) => `  ${type}: { type: ${type}, view: ${views[type] ?? 'tags'} }`).join('\n')}
threshold: { warn: { pot: { risk: 0.00001, level: 0.95 } }, error: { pot: { risk: 0.000001, level: 0.95 } } }
combine:
  combined: { fuse: { of: [${(members.length > 0 ? members : types).join(', ')}], smooth: 10 }, any: [constant-broken] }
incidents: { open: 30s, close: 60s, merge: 120s }
outputs: []
serve: false
`;
}
