import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';

export interface LoadPipelineOptions {
  /** `--set` expressions, in order. */
  readonly set?: readonly string[];
  /** What `${ENV}` refers to; default: the process's environment and, behind it, the environment file. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The components of the folders. Loads none of them, nor zod. */
export async function builtInRegistry(): Promise<Registry> {
  const [{ makeRegistry }, { components }] = await Promise.all([import('../core/registry.ts'), import('./registry.generated.ts')]);
  return makeRegistry(components);
}

/**
 * Reads and checks a pipeline file; every command that takes one begins here. Loads what it needs (zod, yaml and the
 * components that the file names) on the first call.
 * @throws CONFIG_NOT_FOUND, CONFIG_INVALID (all mistakes at once), USAGE (a `--set` that cannot be read)
 */
export async function loadPipeline(path: string, options: LoadPipelineOptions = {}): Promise<{ config: PipelineConfig; registry: Registry }> {
  const [{ loadConfig }, { environment }, registry] = await Promise.all([import('../core/config/load.ts'), import('./environment.ts'), builtInRegistry()]);
  const config = await loadConfig(path, registry, { set: options.set ?? [], environment: options.env ?? (await environment()) });
  return { config, registry };
}

/** Gathers a repeatable option, for commander: `.option('--set <path=value>', setHelp, collect)`. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

export const setHelp = 'change one value of the pipeline, as often as needed; lists by position: outputs.0.type=terminal';

/** What `--from` takes, in the help of the commands that have it. */
export const timeHelp = "ISO 8601, in the pipeline's source.timezone when it has no zone; a date alone is its midnight";
