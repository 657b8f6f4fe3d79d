import type { Pace } from './pace.ts';

/** A component as configured: its type, and its options parsed by its own zod schema with defaults filled in. */
export interface ComponentConfig {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
}

export interface SourceConfig extends ComponentConfig {
  /** Names the source in positions and dead letters; default: its type and path. */
  readonly id?: string;
  readonly pace: Pace;
  /** Begin again at the end; times are moved on so that they keep growing. */
  readonly loop: boolean;
  /** Its rows come as they happen: it has no past, no end and no pace. */
  readonly live?: true;
}

/**
 * Where the training rows come from. `rows` and `from`/`to` count rows of the stream, 0-based, [from, to); `assumed` where the file
 * says nothing and they are the default.
 */
export type TrainConfig = {
  /** `split`: 70 % fit, a gap, the rest calibrates the thresholds; `none`: all rows for both. */
  readonly calibrate: 'split' | 'none';
} & (
  | { readonly kind: 'rows'; readonly from: number; readonly to: number; readonly assumed?: true }
  | { readonly kind: 'file'; readonly source: SourceConfig }
  | { readonly kind: 'model'; readonly path: string }
);

export interface ThresholdConfig {
  readonly warn: ComponentConfig;
  readonly error: ComponentConfig;
}

export interface ViewConfig {
  /** Another view whose output this one starts from; undefined = the raw rows. */
  readonly base?: string;
  readonly steps: readonly ComponentConfig[];
}

export interface DetectorConfig extends ComponentConfig {
  readonly view: string;
  readonly threshold?: ThresholdConfig;
}

/** One or more combiners whose verdicts are joined by any-of. */
export interface CombinationConfig {
  readonly parts: readonly (ComponentConfig & { readonly of: readonly string[] })[];
  readonly threshold?: ThresholdConfig;
}

/** A pipeline file after loading: shorthand expanded, references checked, every option valid. */
export interface PipelineConfig {
  /** The file it was read from. */
  readonly file: string;
  readonly stream: string;
  /** At least one, each once; only `process` takes several. */
  readonly topics: readonly string[];
  readonly source: SourceConfig;
  readonly bus: ComponentConfig;
  readonly store: ComponentConfig;
  readonly outputs: readonly ComponentConfig[];
  readonly clock: 'original' | 'shifted';
  /** How far behind the newest time a row may come and still be scored, ms. */
  readonly lateness: number;
  readonly batch: { readonly rows: number; readonly wait: number };
  readonly commit: { readonly rows: number; readonly interval: number };
  /** Of each partition: streams kept in memory, and streams taken in at all. */
  readonly streams: { readonly inMemory: number; readonly max: number };
  readonly train: TrainConfig;
  readonly views: ReadonlyMap<string, ViewConfig>;
  readonly detectors: ReadonlyMap<string, DetectorConfig>;
  readonly threshold: ThresholdConfig;
  readonly combine: ReadonlyMap<string, CombinationConfig>;
  readonly incidents: { readonly open: number; readonly close: number; readonly merge: number };
  readonly serve:
    | {
        readonly host: string;
        readonly port: number;
        readonly exact: boolean;
        /** Address of a simulator service that may be commanded from here. */
        readonly simulator?: string;
      }
    | undefined;
  /** Threads beside the main one that score large batches; undefined: by the number of cores. */
  readonly workers?: number;
  /** Seeds every random choice that names no seed of its own. */
  readonly seed: number;
}
