import type { PipelineConfig, ThresholdConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import { formatDuration } from '../core/time.ts';
import { splitTraining } from '../processor/train.ts';
import type { SourceLook } from './first-rows.ts';

const count = (n: number): string => n.toLocaleString('en-US');

/** What is allowed but will hardly be meant, given the rows of the source. */
export async function warningsOf(config: PipelineConfig, look: SourceLook | undefined, registry: Registry): Promise<string[]> {
  return [...trainWarnings(config, look), ...spanWarnings(config, look), ...(await thresholdWarnings(config, look, registry))];
}

/** Rows of a stream that the source has, where that is known. */
function knownRows(look: SourceLook | undefined): number | undefined {
  return look?.ended ? look.streamRows : look?.rows;
}

function trainWarnings({ train }: PipelineConfig, look: SourceLook | undefined): string[] {
  const known = knownRows(look);
  if (train.kind !== 'rows' || known === undefined || train.to <= known) return [];
  const fewer = Math.max(1, Math.floor(known / 3));
  return [`train.rows ends at row ${count(train.to)}, the source after row ${count(known)}: nothing would be learned; try train.rows=${fewer}`];
}

/** Spans of time that are shorter than rows are apart. */
function spanWarnings({ views, incidents }: PipelineConfig, look: SourceLook | undefined): string[] {
  const interval = look?.interval;
  if (interval === undefined) return [];
  const apart = `rows are ${formatDuration(interval)} apart`;
  const warnings: string[] = [];
  for (const [name, { steps }] of views) {
    for (const { type, options } of steps) {
      if (type !== 'impute' || typeof options.hold !== 'number' || options.hold >= interval) continue;
      const view = name.replace(' (before drop-constant)', '');
      warnings.push(`views.${view}: impute holds a value for ${formatDuration(options.hold)}, but ${apart}: no value is ever held`);
    }
  }
  if (incidents.open < interval) warnings.push(`incidents.open is ${formatDuration(incidents.open)}, but ${apart}: two flagged rows open an incident`);
  return warnings;
}

/** Levels that the calibration rows are too few to tell, in the words of the threshold itself. */
async function thresholdWarnings(config: PipelineConfig, look: SourceLook | undefined, registry: Registry): Promise<string[]> {
  const { train } = config;
  if (train.kind !== 'rows') return [];
  const rows = Math.min(train.to, knownRows(look) ?? train.to) - train.from;
  const calibration = rows - splitTraining(Math.max(0, rows), train.calibrate).calibration;
  if (calibration < 1) return [];
  const scores = Float64Array.from({ length: calibration }, (_, i) => i);
  const warnings = new Set<string>();
  for (const threshold of thresholdsOf(config)) {
    for (const level of ['warn', 'error'] as const) {
      const { type, options } = threshold[level];
      const { method, wants } = (await registry.load('threshold', type)).fit(scores, options);
      if (wants !== undefined) warnings.add(`threshold.${level}: ${method}${whatHelps(wants, train.calibrate)}`);
    }
  }
  return [...warnings];
}

/** The training rows that bring so many calibration rows. */
export function whatHelps(calibrationRows: number, calibrate: 'split' | 'none'): string {
  const rows = calibrate === 'none' ? calibrationRows : calibrationRows * 4;
  return `; it takes ${count(rows)} training rows (train.rows) or a lower quantile`;
}

/** Every pair of levels that scores are held to. */
function thresholdsOf({ threshold, detectors, combine }: PipelineConfig): ThresholdConfig[] {
  const own = [...detectors.values(), ...combine.values()].flatMap((each) => each.threshold ?? []);
  return [...new Set([threshold, ...own])];
}
