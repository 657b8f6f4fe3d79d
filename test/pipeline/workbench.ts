import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { components } from '../../cli/registry.generated.ts';
import { type Batch, sliceBatch } from '../../core/batch.ts';
import type { ComponentDefinition } from '../../core/component.ts';
import { loadConfig } from '../../core/config/load.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import { makeRegistry, type Registry } from '../../core/registry.ts';
import type { Store } from '../../core/store.ts';
import { Pipeline, type PipelineOptions } from '../../processor/pipeline.ts';

export { contentOf } from '../store-content.ts';

/** A pipeline of every preprocess step, detector and combiner, as a user would write it. */
export const everything = `
stream: plant
source: { type: csv, path: not-read.csv }
train: { rows: 1500 }
lateness: 1m
views:
  plain: [clean, { impute: { hold: 5s } }, drop-constant, { standardise: { clip: 30 } }]
  calm: [plain, { smooth: { window: 4 } }]
  reduced: [plain, { pca: { variance: 0.95 } }]
detectors:
  clusters: { type: k-means, view: reduced, clusters: 6 }
  joint: { type: mahalanobis, view: calm }
threshold: { warn: { quantile: 0.99 }, error: { quantile: 0.999 } }
combine:
  combined: { fuse: { of: [clusters, joint], smooth: 5 }, any: [constant-broken] }
  both: { all: [clusters, joint] }
  most: { vote: { of: [clusters, joint, constant-broken], need: 2 } }
outputs: []
incidents: { open: 3s, close: 20s, merge: 40s }
`;

/** A folder of its own with a pipeline file and a real store; everything is gone after `close`. */
export interface Workbench {
  readonly folder: string;
  readonly config: PipelineConfig;
  readonly registry: Registry;
  openStore(name?: string): Promise<Store>;
  openPipeline(store: Store, more?: Partial<PipelineOptions>): Promise<Pipeline>;
  close(): Promise<void>;
}

/** @param own components beside the built-in ones */
export async function workbench(text = everything, own: readonly ComponentDefinition[] = []): Promise<Workbench> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-pipeline-'));
  const file = join(folder, 'pipeline.yaml');
  await writeFile(file, text);
  const registry = makeRegistry(components, own);
  const config = await loadConfig(file, registry);
  const definition = await registry.load('store', 'duckdb');
  return {
    folder,
    config,
    registry,
    openStore: (name = 'store') => definition.open({ path: join(folder, `${name}.duckdb`), memoryLimit: '150MB', threads: 1 }, 'own'),
    openPipeline: (store, more = {}) => Pipeline.open({ config, registry, store, key: 'SWAT/0', source: 'plant.csv', ...more }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Pushes rows [from, to) through the pipeline in chunks of the given sizes, again and again. */
export async function push(pipeline: Pipeline, rows: Batch, sizes: readonly number[], from = 0, to = rows.rows): Promise<void> {
  for (let at = from, n = 0; at < to; n++) {
    const end = Math.min(to, at + sizes[n % sizes.length]);
    await pipeline.process({ partition: 0, nextOffset: end, batches: [sliceBatch(rows, at, end)], dead: [] });
    at = end;
  }
}
