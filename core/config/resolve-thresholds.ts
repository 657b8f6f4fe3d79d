import type { ComponentConfig, ThresholdConfig } from '../pipeline-config.ts';
import { isKeys, type Keys, type PipelineFile, parseWritten, readForm } from './component-forms.ts';
import type { ConfigPath } from './mistakes.ts';

const defaultThreshold = { warn: { quantile: 0.99 }, error: { quantile: 0.999 } } as const;

/** Both levels; one that is not given is the one of `otherwise`. */
export async function thresholdConfig(file: PipelineFile, value: unknown, path: ConfigPath, otherwise?: ThresholdConfig): Promise<ThresholdConfig | undefined> {
  const keys: Keys = isKeys(value) ? value : {};
  const levelOf = (which: 'warn' | 'error'): Promise<ComponentConfig | undefined> | ComponentConfig =>
    keys[which] === undefined && otherwise ? otherwise[which] : level(file, keys[which] ?? defaultThreshold[which], [...path, which]);
  const warn = await levelOf('warn');
  const error = await levelOf('error');
  return warn && error && { warn, error };
}

async function level(file: PipelineFile, value: unknown, path: ConfigPath): Promise<ComponentConfig | undefined> {
  const written = readForm(file.document, value, path, { what: 'threshold', known: file.registry.types('threshold'), keyed: true });
  return written && parseWritten(file, 'threshold', written);
}
