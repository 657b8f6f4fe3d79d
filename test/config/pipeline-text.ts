import { builtInRegistry } from '../../cli/load-pipeline.ts';
import type { LoadOptions } from '../../core/config/load.ts';
import { parseConfig } from '../../core/config/load.ts';
import { type Mistake, PipelineMistakes } from '../../core/config/mistakes.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';

const registry = await builtInRegistry();

/** The least that loads. */
export const least = 'stream: plant\nsource: { type: csv, path: plant.csv }\ndetectors: { mahalanobis: {} }\noutputs: []\n';

export const load = (text: string, options: LoadOptions = {}): Promise<PipelineConfig> => parseConfig(text, 'plant.yaml', registry, options);

/** The mistakes that a pipeline is refused for. */
export async function mistakesIn(text: string, options: LoadOptions = {}): Promise<readonly Mistake[]> {
  const outcome = await load(text, options).then(
    () => 'it loads',
    (error: unknown) => error,
  );
  if (outcome instanceof PipelineMistakes) return outcome.mistakes;
  throw new Error(`expected mistakes, but ${outcome}`);
}
