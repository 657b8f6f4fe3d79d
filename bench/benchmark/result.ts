/** One measurement: higher or lower is better, as its target says. */
export interface Figure {
  /** The same from run to run: `detectors/plant/lof/batch`. */
  readonly id: string;
  readonly label: string;
  readonly unit: 'rows/s' | 'x' | 'ms' | 's' | 'MB' | 'MB per million rows' | 'ms/MB';
  readonly value: number;
  /** The same work, done by another in the same run. */
  readonly peer?: { readonly name: string; readonly value: number };
  readonly target?: Target;
}

/** What was asked for, and whether the figure meets it; undefined where the measurement was too small to tell. */
export interface Target {
  readonly text: string;
  readonly met?: boolean | undefined;
}

/** A function by its share of the samples that fell on it alone, 0 to 1. */
export interface Hot {
  readonly name: string;
  /** `processor/pipeline.js:120` from the build's folder on, a package's file from its name on, or what runs it. */
  readonly place: string;
  readonly share: number;
}

export interface PartResult {
  readonly part: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  readonly profile?: readonly Hot[];
  /** Why it was not measured. */
  readonly skipped?: string;
  /** It was tried, and nothing is checked in without it. */
  readonly failed?: true;
}

export interface BenchmarkResult {
  /** ISO 8601. */
  readonly began: string;
  readonly commit: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number; readonly platform: string; readonly node: string };
  /** Of 1, 5 and 15 minutes, before the first part and after the last. */
  readonly load: { readonly start: readonly number[]; readonly end: readonly number[] };
  readonly parts: readonly PartResult[];
}

export function atLeast(least: number, value: number, text: string): Target {
  return { text: `>= ${text}`, met: value >= least };
}

export function atMost(most: number, value: number, text: string): Target {
  return { text: `<= ${text}`, met: value <= most };
}
