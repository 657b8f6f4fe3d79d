import type { Source, SourceInfo } from '../core/component.ts';
import { sourceTypeOf } from '../core/config/source-of-path.ts';
import { type ErrorCode, SluiceError } from '../core/errors.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import { formatDuration } from '../core/time.ts';
import { decodeOptions } from '../producer/decode/options.ts';

/** How files are read, whatever their format. */
export interface Reading {
  /** Column that holds the labels; undefined: found by name and content. */
  readonly label: string | undefined;
  /** From row to row, milliseconds, for files without a time column. */
  readonly period: number;
}

export interface OpenedFile {
  readonly source: Source;
  readonly info: SourceInfo;
  /** What had to be assumed. */
  readonly notes: readonly string[];
}

/** What a pipeline's source says of columns and times holds for these files too; where they lie and how labels are found does not. */
const ownOptions = new Set(['label', 'period', 'streamColumn']);
const sharedOptions = Object.keys(decodeOptions).filter((name) => !ownOptions.has(name));

/**
 * Opens a labelled file by its content. Times without a zone are those of the pipeline's `source.timezone`, else taken as UTC; a
 * file without a time column has a row every `period`, and one of numbers alone also no names of columns. All of it is noted.
 * @throws SOURCE_…
 */
export async function openFile(path: string, reading: Reading, config: PipelineConfig, registry: Registry): Promise<OpenedFile> {
  const definition = await registry.load('source', sourceTypeOf(path));
  const given = Object.fromEntries(sharedOptions.flatMap((name) => (config.source.options[name] === undefined ? [] : [[name, config.source.options[name]]])));
  const label = reading.label === undefined ? {} : { label: reading.label };
  const attempt = async (options: Readonly<Record<string, string>>, ...notes: string[]): Promise<OpenedFile | SluiceError> => {
    const source = definition.create(definition.options.parse({ ...given, path, ...label, ...options }), {
      id: path,
      stream: config.stream,
      lateness: config.lateness,
      seed: config.seed,
      warn: (message) => notes.push(message),
    });
    try {
      return { source, info: await source.open(), notes };
    } catch (error) {
      await source.close();
      if (error instanceof SluiceError) return error;
      throw error;
    }
  };
  const period = `${reading.period} ms`;
  const everyPeriod = `rows are taken as ${formatDuration(reading.period)} apart, from 1970 on (--period)`;
  let opened = await attempt({});
  if (isError(opened, 'SOURCE_TIME')) opened = await attempt({ timezone: 'UTC' }, 'times have no zone and are shown as if they were UTC');
  if (isError(opened, 'SOURCE_TIME')) opened = await attempt({ period }, `no time column: ${everyPeriod}`);
  if (isError(opened, 'SOURCE_NO_HEADER') && Object.hasOwn(definition.options.shape, 'header')) {
    const bare = await attempt({ period, header: 'none' }, `neither names of columns, which are c1, c2 and so on, nor times: ${everyPeriod}`);
    if (!(bare instanceof SluiceError)) opened = bare;
  }
  if (opened instanceof SluiceError) throw opened;
  return opened;
}

function isError(opened: OpenedFile | SluiceError, code: ErrorCode): boolean {
  return opened instanceof SluiceError && opened.code === code;
}

/** The same for a file to train on, which need not be labelled. */
export async function openTrainingFile(path: string, reading: Reading, config: PipelineConfig, registry: Registry): Promise<OpenedFile> {
  try {
    return await openFile(path, reading, config, registry);
  } catch (error) {
    if (reading.label === undefined || !(error instanceof SluiceError) || error.code !== 'SOURCE_TAGS') throw error;
    return await openFile(path, { ...reading, label: undefined }, config, registry);
  }
}

/** Opens a file only to see that it can be, and has labels. @throws SOURCE_… */
export async function requireLabelledFile(path: string, reading: Reading, config: PipelineConfig, registry: Registry): Promise<void> {
  const { source, info } = await openFile(path, reading, config, registry);
  await source.close();
  requireLabels(path, info);
}

/** @throws SOURCE_LABELS where a file has none */
export function requireLabels(path: string, { labelColumn }: SourceInfo): string {
  if (labelColumn !== undefined) return labelColumn;
  throw new SluiceError('SOURCE_LABELS', 'no column of labels was found', {
    place: path,
    fix:
      'Looked for columns named Normal/Attack (SWaT), anomaly (SKAB), label (SMD, ASD), ATT_FLAG (BATADAL), attack, outlier, fault or target that hold ' +
      'Normal and Attack, 0 and 1, or -1 and -999 for unlabelled rows. Name another column with --label COLUMN, or the row from which all is anomalous with --label-from ROW. ' +
      'What is in a file without labels, `sluice run` tells.',
  });
}
