import type { z } from 'zod';
import type { Bus } from './bus.ts';
import type { Chunk } from './chunk.ts';
import type { DiagnoseContext, Finding } from './finding.ts';
import type { Incident } from './incident.ts';
import type { OutgoingMessage } from './manifest.ts';
import type { Matrix } from './matrix.ts';
import type { Delivery, Notice, NoticeRules } from './notice.ts';
import type { Random } from './random.ts';
import type { Plain } from './record.ts';
import type { Schema } from './schema.ts';
import type { SimulatorControl } from './simulator.ts';
import type { Store, StoreWrite } from './store.ts';

/**
 * Every source, step, detector, threshold, combiner, output, bus and store is declared once, in one file, by the
 * `define…` function of its kind. The registry, docs, `list`, `init`, `check` and the editor schema derive from it.
 */
export type ComponentKind = 'source' | 'step' | 'detector' | 'threshold' | 'combiner' | 'output' | 'bus' | 'store';

// biome-ignore lint/suspicious/noExplicitAny: a registry holds components of every option, model and state type
export type Any = any;

interface Declaration<O extends z.ZodObject> {
  /** The name in configuration, file, test and docs: kebab-case. */
  readonly type: string;
  /** One sentence. */
  readonly summary: string;
  /** Strict object; every field described, defaulted where a default makes sense. */
  readonly options: O;
  /** Papers, formulas, standards. */
  readonly source?: string;
  /** When it does not work. */
  readonly fails?: string;
  /** Time and memory, in terms of rows, columns and options. */
  readonly cost?: string;
  /** An option that may be given as the component's whole value: `{ fixed: 3 }` for `{ fixed: { level: 3 } }`. */
  readonly shorthand?: string & keyof z.output<O>;
}

/** A column of a view: a tag, or what a step made of tags. */
export interface Column {
  readonly name: string;
  readonly kind: 'continuous' | 'discrete';
}

// --- Sources -------------------------------------------------------------------------------------------------

export interface SourceContext {
  /** The source's name in positions and dead letters; default: its type and the path in full. */
  readonly id?: string;
  /** Stream name for rows that carry none. */
  readonly stream: string;
  /** Milliseconds; seqs of equal times are counted over this span behind the newest time. */
  readonly lateness: number;
  readonly seed: number;
  warn(message: string): void;
}

export interface SourceInfo {
  readonly schema: Schema;
  readonly labelled: boolean;
  /** The column that the labels stand in, where there is one. */
  readonly labelColumn?: string;
  /** Same content at the head, same fingerprint; a file that grew keeps it. */
  readonly fingerprint: string;
  /** What was found, for people: `SWaT 2015 workbook, sheet 'Sheet1', header in row 2, 51 tags`. */
  readonly description: string;
  /** Rows, where known without reading everything. */
  readonly rows?: number;
  /** Each row names its stream; otherwise all belong to the pipeline's. */
  readonly streamsByRow?: boolean;
}

/** A chunk with how far the source has been read, 0 to 1, where that is known. */
export type SourceChunk = Chunk & { readonly progress?: number };

export interface Source {
  /** Names the source in positions and dead letters. */
  readonly id: string;
  /** Finds the layout. @throws SOURCE_… with place and fix. Called once, before `read`. */
  open(): Promise<SourceInfo>;
  /**
   * Rows from data row `from` (0-based) on. A row's origin is its data row; identities (seq) are those of a pass from
   * the first row, wherever reading starts. Dead rows take an origin too. Can be called again.
   */
  read(from: number): AsyncIterable<SourceChunk>;
  /** Reasons for missing values so far, e.g. { 'Bad Input': 12, empty: 3 }. */
  missing(): ReadonlyMap<string, number>;
  /** Newest time of the whole source, by a pass over it when need be; for `clock: shifted`. */
  lastTime(): Promise<bigint | undefined>;
  close(): Promise<void>;
  /** Commands for what it makes up. */
  readonly simulator?: SimulatorControl;
}

export interface SourceDefinition<O extends z.ZodObject = Any> extends Declaration<O> {
  readonly kind: 'source';
  /**
   * Rows come as they happen: there is no end, no pace and no past. `read` goes on counting from where it is asked to and gives
   * rows of now; it must yield a chunk, if need be without rows, every moment.
   */
  readonly live?: true;
  create(options: z.output<O>, context: SourceContext): Source;
}

// --- Preprocess steps ------------------------------------------------------------------------------------------

/**
 * Why a score is what it is, at one row x of a view: column j contributes (x[j] - reference[j]) * weight[j].
 * Linear steps can carry it back to the tags exactly.
 */
export interface Explanation {
  readonly reference: Float64Array;
  readonly weight: Float64Array;
}

/**
 * An explanation with the values it speaks of: column j contributes (value[j] - reference[j]) * weight[j]. The value is
 * what was scored, in the units of its level; at the tags it differs from the row that came where a value was held,
 * clipped or smoothed. It makes the sum of the contributions the same at every level.
 */
export interface Explained extends Explanation {
  readonly value: Float64Array;
}

/**
 * One to be filled, of so many columns; its lists lie in one piece of memory.
 * @example
 * makeExplained(2); // { value: Float64Array [0, 0], reference: Float64Array [0, 0], weight: Float64Array [0, 0] }
 */
export function makeExplained(columns: number): Explained {
  const memory = new ArrayBuffer(24 * columns);
  const list = (n: number): Float64Array => new Float64Array(memory, 8 * n * columns, columns);
  return { value: list(0), reference: list(1), weight: list(2) };
}

/** One link of a view. The model is immutable; the state belongs to one stream and sees rows in order. */
export interface StepDefinition<O extends z.ZodObject = Any, M extends Plain = Any, S extends Plain = Any> extends Declaration<O> {
  readonly kind: 'step';
  /**
   * Learns from fit rows (in order, NaN = missing) what `apply` needs, and says which columns come out.
   * @throws TRAINING_UNFIT when nothing can be learned.
   */
  fit(rows: Matrix, columns: readonly Column[], options: z.output<O>, times: BigInt64Array): { model: M; columns: readonly Column[] };
  /** A new stream's state. */
  start?(model: M): S;
  /**
   * Fills `out` (rows x output columns, row-major). Causal: row i uses rows 0..i and the state, however rows are batched.
   * Mutates the state in place.
   */
  apply(model: M, state: S, rows: Matrix, times: BigInt64Array, out: Float64Array): void;
  /**
   * Carries an explanation from output columns to input columns, the sum of the contributions kept. `row` is the row as
   * it came into the step (input columns, NaN = missing). What is given stays as it is and belongs to the caller, also
   * `out`, which is filled and returned; default: a new one. Absent = columns and units are the same.
   */
  back?(model: M, explained: Explained, row: Float64Array, out?: Explained): Explained;
}

// --- Detectors -------------------------------------------------------------------------------------------------

/** Kinds of anomaly that the conformance suite makes; a detector declares those it finds with AUC > 0.9 on every fixture plant, with its default options. */
export type FixtureFamily = 'point' | 'shift' | 'drift' | 'stuck' | 'correlation' | 'dynamics' | 'novelty';

export interface FitContext {
  readonly random: Random;
  /** Of the rows given, so many belong to the fit part; more only for a detector with `calibrate: false`. */
  readonly fitRows: number;
}

/** Called by `step` once per row, in order, after scoring and before learning; true = learn from the row. */
export type Gate = (row: number, score: number) => boolean;

export interface DetectorDefinition<O extends z.ZodObject = Any, M extends Plain = Any, S extends Plain = Any> extends Declaration<O> {
  readonly kind: 'detector';
  readonly fails: string;
  readonly cost: string;
  readonly source: string;
  readonly finds: readonly FixtureFamily[];
  /** How contributions arise, their sign, and why they add up; for the docs page. */
  readonly attribution: string;
  /** false: fitted on all training rows and held to its own `threshold`; nothing to calibrate. */
  readonly calibrate?: boolean;
  /** Levels it is held to unless the pipeline says otherwise, as in a pipeline file. */
  readonly threshold?: { readonly warn: Record<string, unknown>; readonly error: Record<string, unknown> };
  /**
   * Rows are complete (no NaN), in time order.
   * @throws TRAINING_UNFIT when nothing can be learned.
   */
  fit(rows: Matrix, columns: readonly Column[], options: z.output<O>, context: FitContext): M;
  /** Scores rows independently of each other: out[i] >= 0, higher = worse. For detectors without memory. */
  score?(model: M, rows: Matrix, out: Float64Array): void;
  /** With memory: a new stream's state, */
  start?(model: M): S;
  /** and whether it has learned the rows of the fit already: training then goes on behind them. Default: no. */
  startsFitted?(model: M): boolean;
  /** and scoring in row order; asks the gate for every row. Mutates the state in place. NaN = not enough memory yet. */
  step?(model: M, state: S, rows: Matrix, out: Float64Array, gate: Gate): void;
  /** Explains one row (complete, view columns), before it is learned; fills reference and weight, which are 0. All three hold during the call. */
  explain(model: M, state: S, row: Float64Array, out: Explanation): void;
}

// --- Thresholds ------------------------------------------------------------------------------------------------

export interface ThresholdDefinition<O extends z.ZodObject = Any> extends Declaration<O> {
  readonly kind: 'threshold';
  /**
   * The level from calibration scores (ascending, finite, at least one), and how it came about. `wants`: so many scores would
   * be needed to tell the level; absent where there are enough.
   */
  fit(sorted: Float64Array, options: z.output<O>): { level: number; method: string; wants?: number };
}

// --- Combination -----------------------------------------------------------------------------------------------

/** A member's verdicts over the rows of a batch, and its calibrated log scores: 0 at the median, 1 at the error level. */
export interface Member {
  readonly name: string;
  readonly grade: Float64Array;
  readonly status: Int8Array;
  readonly logScore: Float64Array;
}

export interface CombinerDefinition<O extends z.ZodObject = Any, S extends Plain = Any> extends Declaration<O> {
  readonly kind: 'combiner';
  /** fused: fills `score` only and gets its own calibrated threshold. logical: fills grade and status from the members'. */
  readonly scoring: 'fused' | 'logical';
  start?(options: z.output<O>, members: number): S;
  apply(members: readonly Member[], rows: number, options: z.output<O>, state: S, out: { score: Float64Array; grade: Float64Array; status: Int8Array }): void;
  /** How much of member m's contributions goes into the combination's at this row, >= 0. */
  weight(members: readonly Member[], row: number, m: number): number;
}

// --- Outputs, buses, stores ------------------------------------------------------------------------------------

export interface OutputContext extends Partial<ServiceContext> {
  readonly stream: string;
  /** The topic that the rows come from, and the bus of the pipeline as configured: an output on the same bus needs no address of its own. */
  readonly topic: string;
  readonly bus: { readonly type: string; readonly options: Readonly<Record<string, unknown>> };
  /** A line for people; goes above the progress bar. */
  print(line: string): void;
  readonly colour: boolean;
}

/** What a component that talks to a service is given. */
export interface ServiceContext {
  warn(message: string): void;
  /** The service is away and why, or back again (undefined): the process is not ready meanwhile, unless it is said to be, and nothing is lost. */
  unavailable(reason: string | undefined, more?: { readonly ready: boolean }): void;
  /** A request is made again after a failure. */
  retried?(): void;
  /** Aborted: waits for a service that is away give up. */
  readonly signal?: AbortSignal;
  /** The process has worked with this service before: it is waited for without an end, also where it is opened anew. */
  readonly worked?: boolean;
}

/** A further place for verdicts and incidents, beside the store; at least once. */
export interface Output {
  /** @param withPosition takes what is to become visible with the position of these rows, and so once; where the bus keeps that. */
  write?(write: StoreWrite, withPosition?: (message: OutgoingMessage) => void): Promise<void>;
  incident?(incident: Incident, change: 'opened' | 'updated' | 'closed', schema: Schema): Promise<void>;
  /** Resolves when everything given before has arrived; before the position moves on. */
  flush?(): Promise<void>;
  /** For people: waits in the pipeline's outbox and is sent beside the rows. */
  readonly notices?: NoticeSender;
  close(): Promise<void>;
}

/** Sends notices; which are due, that they wait and are tried again is the pipeline's part. */
export interface NoticeSender {
  /** Tells the output apart from the others of a pipeline: what waits for it waits under this name. */
  readonly name: string;
  readonly rules: NoticeRules;
  /** One attempt, in a time that it bounds itself. What goes wrong on the way is an outcome, not an error. */
  deliver(notice: Notice, signal: AbortSignal): Promise<Delivery>;
}

export interface OutputDefinition<O extends z.ZodObject = Any> extends Declaration<O> {
  readonly kind: 'output';
  /** For `sluice check`: where it goes and what it leaves out, without a secret. */
  describe?(options: z.output<O>): string;
  /** For `sluice doctor`, as `diagnose` of a bus. Sends nothing. */
  diagnose?(options: z.output<O>, context: DiagnoseContext): AsyncIterable<Finding>;
  create(options: z.output<O>, context: OutputContext): Output;
}

export interface BusDefinition<O extends z.ZodObject = Any> extends Declaration<O> {
  readonly kind: 'bus';
  /** Lives in this process only: `produce` and `process` cannot be two processes over it. */
  readonly embedded: boolean;
  create(options: z.output<O>, context?: ServiceContext): Promise<Bus>;
  /** For `sluice doctor`: looks at everything that is needed, one finding each, whatever is wrong with the others. Changes nothing. */
  diagnose?(options: z.output<O>, context: DiagnoseContext): AsyncIterable<Finding>;
}

export interface StoreDefinition<O extends z.ZodObject = Any> extends Declaration<O> {
  readonly kind: 'store';
  /** Keeps manifests and records itself, in the transaction of the data. */
  readonly transactional: boolean;
  open(options: z.output<O>, mode: 'own' | 'read', context?: ServiceContext): Promise<Store>;
  /** For `sluice doctor`, as `diagnose` of a bus. */
  diagnose?(options: z.output<O>, context: DiagnoseContext): AsyncIterable<Finding>;
}

export type ComponentDefinition =
  | SourceDefinition
  | StepDefinition
  | DetectorDefinition
  | ThresholdDefinition
  | CombinerDefinition
  | OutputDefinition
  | BusDefinition
  | StoreDefinition;

type Body<D> = Omit<D, 'kind'>;

export const defineSource = <O extends z.ZodObject>(body: Body<SourceDefinition<O>>): SourceDefinition<O> => ({ kind: 'source', ...body });
export const defineStep = <O extends z.ZodObject, M extends Plain, S extends Plain>(body: Body<StepDefinition<O, M, S>>): StepDefinition<O, M, S> => ({
  kind: 'step',
  ...body,
});
export const defineDetector = <O extends z.ZodObject, M extends Plain, S extends Plain>(
  body: Body<DetectorDefinition<O, M, S>>,
): DetectorDefinition<O, M, S> => ({
  kind: 'detector',
  ...body,
});
export const defineThreshold = <O extends z.ZodObject>(body: Body<ThresholdDefinition<O>>): ThresholdDefinition<O> => ({ kind: 'threshold', ...body });
export const defineCombiner = <O extends z.ZodObject, S extends Plain>(body: Body<CombinerDefinition<O, S>>): CombinerDefinition<O, S> => ({
  kind: 'combiner',
  ...body,
});
export const defineOutput = <O extends z.ZodObject>(body: Body<OutputDefinition<O>>): OutputDefinition<O> => ({ kind: 'output', ...body });
export const defineBus = <O extends z.ZodObject>(body: Body<BusDefinition<O>>): BusDefinition<O> => ({ kind: 'bus', ...body });
export const defineStore = <O extends z.ZodObject>(body: Body<StoreDefinition<O>>): StoreDefinition<O> => ({ kind: 'store', ...body });
