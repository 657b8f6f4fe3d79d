import type { CombinerDefinition, DetectorDefinition } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import { decodeRecord, encodeRecord, type Plain, recordHash, restoreRecord } from '../core/record.ts';
import type { Registry } from '../core/registry.ts';
import { makeSchema, type Schema, type Tag } from '../core/schema.ts';
import type { Calibration } from './calibration.ts';
import { loadViews, saveViews, type Views } from './views.ts';

export interface FittedDetector {
  readonly name: string;
  readonly definition: DetectorDefinition;
  readonly view: string;
  readonly model: Plain;
  readonly calibration: Calibration;
}

/** One combiner of a combination, over detectors named by their place in the model. */
export interface CombinationPart {
  readonly definition: CombinerDefinition;
  readonly options: Readonly<Record<string, unknown>>;
  readonly members: readonly number[];
  /** Only where the combiner makes a score of its own. */
  readonly calibration: Calibration | undefined;
}

export interface FittedCombination {
  readonly name: string;
  readonly parts: readonly CombinationPart[];
}

/** Everything that training learned for one stream. Immutable; its hash names it in thresholds and manifests. */
export interface StreamModel {
  readonly schema: Schema;
  readonly views: Views;
  readonly detectors: readonly FittedDetector[];
  readonly combinations: readonly FittedCombination[];
  /** The parts of the configuration it was made for, to say what changed when they do. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Rows it was fitted on, and rows its thresholds were calibrated on. */
  readonly fitRows: number;
  readonly calibrationRows: number;
  /** Median interval between training rows, milliseconds: what counts as a gap in the recording. */
  readonly interval: number;
}

const kind = 'model';

export function saveModel(model: StreamModel): { bytes: Uint8Array; hash: string } {
  const bytes = encodeRecord(kind, {
    tags: model.schema.tags.map((tag) => ({ ...tag })),
    views: saveViews(model.views),
    detectors: model.detectors.map(({ name, definition, view, model: learned, calibration }) => ({
      name,
      type: definition.type,
      view,
      model: learned,
      calibration: { ...calibration },
    })),
    combinations: model.combinations.map(({ name, parts }) => ({
      name,
      parts: parts.map(({ definition, options, members, calibration }) => ({
        type: definition.type,
        options: options as Plain,
        members,
        calibration: calibration ? { ...calibration } : null,
      })),
    })),
    configuration: model.configuration,
    fitRows: model.fitRows,
    calibrationRows: model.calibrationRows,
    interval: model.interval,
  });
  return { bytes, hash: recordHash(bytes) };
}

interface Saved {
  tags: Tag[];
  views: Plain;
  detectors: { name: string; type: string; view: string; model: Plain; calibration: Calibration }[];
  combinations: { name: string; parts: { type: string; options: Record<string, unknown>; members: number[]; calibration: Calibration | null }[] }[];
  configuration: Record<string, string>;
  fitRows: number;
  calibrationRows: number;
  interval: number;
}

/** What helps against a model file that cannot be used. */
export const trainAgain = 'Make it anew with `sluice train`.';

/**
 * @param fix what helps, where that is not to start anew
 * @throws RECORD_CORRUPT; RECORD_VERSION, also when a component type is not known here.
 */
export async function loadModel(bytes: Uint8Array, registry: Registry, place: string, fix?: string): Promise<StreamModel> {
  const saved = decodeRecord(bytes, kind, place, fix) as unknown as Saved;
  return await restoreRecord(place, () => modelOf(saved, registry), fix);
}

async function modelOf(saved: Saved, registry: Registry): Promise<StreamModel> {
  return {
    schema: makeSchema(saved.tags),
    views: await loadViews(saved.views, registry),
    detectors: await Promise.all(
      saved.detectors.map(async ({ name, type, view, model, calibration }) => ({
        name,
        definition: await registry.load('detector', type),
        view,
        model,
        calibration,
      })),
    ),
    combinations: await Promise.all(
      saved.combinations.map(async ({ name, parts }) => ({
        name,
        parts: await Promise.all(
          parts.map(async ({ type, options, members, calibration }) => ({
            definition: await registry.load('combiner', type),
            options,
            members,
            calibration: calibration ?? undefined,
          })),
        ),
      })),
    ),
    configuration: saved.configuration,
    fitRows: saved.fitRows,
    calibrationRows: saved.calibrationRows,
    interval: saved.interval,
  };
}

/** The parts of a pipeline's configuration that decide what a model is, as text to compare. */
export function modelConfiguration(config: PipelineConfig): Record<string, string> {
  const text = (value: unknown): string => JSON.stringify(value, (_, v) => (v instanceof Map ? [...v] : v));
  const train = config.train.kind === 'rows' ? { rows: [config.train.from, config.train.to] } : {};
  return {
    views: text(config.views),
    detectors: text(config.detectors),
    threshold: text(config.threshold),
    combine: text(config.combine),
    train: text({ ...train, calibrate: config.train.calibrate }),
    seed: text(config.seed),
  };
}

/** @throws RECORD_VERSION that names the parts of the configuration the model was not made for. */
export function requireSameConfiguration(
  model: StreamModel,
  config: PipelineConfig,
  place: string,
  leaveOut: readonly string[] = [],
  fix = 'Undo the change, or train anew with --fresh.',
): void {
  const now = modelConfiguration(config);
  const changed = Object.keys(now).filter((key) => !leaveOut.includes(key) && model.configuration[key] !== now[key]);
  if (changed.length === 0) return;
  throw new SluiceError('RECORD_VERSION', `the model was trained with other settings: ${changed.map((key) => `\`${key}\``).join(', ')} changed`, {
    place,
    fix,
  });
}
