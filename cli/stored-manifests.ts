import type { ManifestReader } from '../core/manifest.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import type { Store } from '../core/store.ts';
import { groupOf } from './broker.ts';

/** Manifests and records of a pipeline, wherever it keeps them: in its store or on its bus. */
export async function withManifests<T>(config: PipelineConfig, registry: Registry, store: Store, work: (reader: ManifestReader) => Promise<T>): Promise<T> {
  if ((await registry.load('store', config.store.type)).transactional) return await work(store);
  const bus = await (await registry.load('bus', config.bus.type)).create(config.bus.options);
  try {
    // Of several topics the first one's: a stream comes by one of them.
    const log = await bus.manifests?.(config.topics[0], groupOf(config));
    if (!log) return await work(store);
    try {
      return await work(log);
    } finally {
      await log.close();
    }
  } finally {
    await bus.close();
  }
}
