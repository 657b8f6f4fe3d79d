import { readFile } from 'node:fs/promises';
import type { Source, SourceContext } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import type { PipelineConfig, SourceConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import type { PipelineOptions } from '../processor/pipeline.ts';
import { collectRows } from '../producer/collect.ts';

/** Opens a source of the pipeline under its own id. */
export async function openSource(
  config: SourceConfig,
  pipeline: Pick<PipelineConfig, 'stream' | 'lateness' | 'seed'>,
  registry: Registry,
  watch: Pick<SourceContext, 'warn'>,
): Promise<Source> {
  const definition = await registry.load('source', config.type);
  const id = config.id === undefined ? {} : { id: config.id };
  return definition.create(config.options, { stream: pipeline.stream, lateness: pipeline.lateness, seed: pipeline.seed, warn: watch.warn, ...id });
}

/** @throws CONFIG_INVALID for a source whose rows come as they happen, where only rows that stay can be `what` */
export function requirePast({ type, live }: SourceConfig, what: string, fix: string): void {
  if (!live) return;
  throw new SluiceError('CONFIG_INVALID', `rows of the source '${type}' come as they happen, in the process that scores them, and cannot ${what}`, {
    place: 'source',
    fix,
  });
}

/** The options that decide which rows come out of a source: all but where it lies and how long a line may be. What has no past may change. */
export function readingOf({ options, live }: SourceConfig): Record<string, string> {
  if (live) return {};
  const deciding = Object.entries(options).filter(([name, value]) => name !== 'path' && name !== 'maxLineBytes' && value !== undefined);
  return Object.fromEntries(deciding.map(([name, value]) => [name, JSON.stringify(value)]));
}

/** What `clock: shifted` adds to every time, milliseconds. */
export async function shiftOf(config: PipelineConfig, source: Source): Promise<number> {
  if (config.clock === 'original') return 0;
  const last = await source.lastTime();
  return last === undefined ? 0 : Date.now() - Number(last / 1_000_000n);
}

/** What the pipelines learn from, where that is not the stream's own rows. */
export async function trainingOf({
  config,
  registry,
  watch,
}: {
  config: PipelineConfig;
  registry: Registry;
  watch: Pick<SourceContext, 'warn'>;
}): Promise<Pick<PipelineOptions, 'trainingRows' | 'model'>> {
  const { train } = config;
  if (train.kind === 'model') return { model: { bytes: await readModelFile(train.path), place: train.path } };
  if (train.kind !== 'file') return {};
  return {
    trainingRows: async (stream) => {
      const source = await openSource(train.source, { ...config, stream }, registry, watch);
      try {
        await source.open();
        return await collectRows(source, stream);
      } finally {
        await source.close();
      }
    },
  };
}

/** @throws CONFIG_NOT_FOUND */
export async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SluiceError('CONFIG_NOT_FOUND', `cannot read the model file '${path}': ${(cause as Error).message}`, {
      place: 'train.model',
      fix: 'Make one with `sluice train`.',
      cause,
    });
  }
}
