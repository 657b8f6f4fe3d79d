import { readFile } from 'node:fs/promises';
import { quote, SluiceError } from '../errors.ts';
import type { PipelineConfig } from '../pipeline-config.ts';
import type { Registry } from '../registry.ts';
import { ConfigDocument } from './document.ts';
import { PipelineMistakes } from './mistakes.ts';
import { resolvePipeline } from './resolve.ts';

export interface LoadOptions {
  /** Changes from the command line, such as `source.pace=max`, in order. */
  readonly set?: readonly string[];
  /** What `${ENV}` refers to. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a pipeline file (YAML or JSON), fills in the environment and the defaults, and checks everything.
 * @throws CONFIG_NOT_FOUND when it cannot be read; CONFIG_INVALID with every mistake at once; USAGE for a `--set` without path or value.
 */
export async function loadConfig(file: string, registry: Registry, options: LoadOptions = {}): Promise<PipelineConfig> {
  return parseConfig(await readText(file), file, registry, options);
}

/** The same for text that was read already; `file` names it in messages. */
export async function parseConfig(text: string, file: string, registry: Registry, { set = [], environment = {} }: LoadOptions = {}): Promise<PipelineConfig> {
  const document = new ConfigDocument(text);
  if (document.mistakes.length === 0) {
    for (const expression of set) document.set(expression);
    const config = await resolvePipeline(document, document.plain(environment), file, registry);
    if (config && document.mistakes.length === 0) return config;
  }
  throw new PipelineMistakes(file, inFileOrder(document.mistakes));
}

async function readText(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
  } catch (cause) {
    if (cause instanceof TypeError)
      throw new SluiceError('CONFIG_INVALID', `${quote(file)} is not UTF-8 text`, { fix: 'A pipeline file is YAML or JSON.', cause });
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'there is no pipeline file'
        : code === 'EISDIR'
          ? 'expected a pipeline file, got the folder'
          : `cannot read (${code}) the pipeline file`;
    throw new SluiceError('CONFIG_NOT_FOUND', `${why} ${quote(file)}`, { fix: "Name a YAML or JSON file; 'sluice init' writes one to start from.", cause });
  }
}

/** By line and column; those that came by `--set` last. */
function inFileOrder<T extends { place: string }>(mistakes: readonly T[]): T[] {
  const position = ({ place }: T): [number, number] => (/^\d/.test(place) ? (place.split(':').map(Number) as [number, number]) : [Number.MAX_SAFE_INTEGER, 0]);
  return [...mistakes].sort((a, b) => {
    const [lineA, columnA] = position(a);
    const [lineB, columnB] = position(b);
    return lineA - lineB || columnA - columnB;
  });
}
