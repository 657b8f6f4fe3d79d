import { type Column, type Explained, type Explanation, makeExplained, type StepDefinition } from '../core/component.ts';
import { didYouMean, quote, SluiceError } from '../core/errors.ts';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import type { ViewConfig } from '../core/pipeline-config.ts';
import type { Plain } from '../core/record.ts';
import type { Registry } from '../core/registry.ts';
import type { Schema } from '../core/schema.ts';

interface FittedStep {
  readonly definition: StepDefinition;
  readonly model: Plain;
  /** What comes out of it. */
  readonly columns: readonly Column[];
}

/** A fitted view: its steps over the rows of another view, or over the raw rows. */
interface View {
  readonly name: string;
  /** Place in `Views.nodes` of the view it starts from, always before its own; -1 = the raw rows. */
  readonly from: number;
  readonly steps: readonly FittedStep[];
  readonly columns: readonly Column[];
}

/** The views of a pipeline, fitted: immutable, shared by all streams that share a model. Bases stand before what is built on them. */
export interface Views {
  /** The schema's tags, in order. */
  readonly tags: readonly Column[];
  readonly nodes: readonly View[];
}

/** What the steps remember of one stream: per view, one state per step (null = no memory). A record can hold it. */
export type ViewsState = { [view: string]: Plain[] };

/** Buffers of one stream's batches, reused, in shared memory; also what `explainBack` reads the rows of the last batch from. */
export interface Workspace {
  raw: Matrix | undefined;
  /** By view and step. */
  readonly stages: (Matrix | undefined)[][];
  readonly out: Map<string, Matrix>;
  /** By view, how its rows are explained in tags. */
  readonly waysBack: ReadonlyMap<string, WayBack>;
}

/** From a view to the tags: memory for the row that is explained, and the steps that carry explanations back, from the last to the first. */
interface WayBack {
  readonly value: Float64Array;
  readonly steps: readonly StepBack[];
}

interface StepBack {
  readonly carry: NonNullable<StepDefinition['back']>;
  readonly model: Plain;
  /** What goes into the step of the last batch. */
  readonly input: (workspace: Workspace) => Matrix;
  /** Memory for a row of it. */
  readonly row: Float64Array;
  /** And for what comes out. */
  readonly out: Explained;
}

export type StepDefinitions = ReadonlyMap<string, StepDefinition>;

export interface ViewsTraining {
  readonly views: ReadonlyMap<string, ViewConfig>;
  /** The definitions of every step type that the needed views use. */
  readonly steps: StepDefinitions;
  /** Views that detectors look at; the views that these start from come along. */
  readonly needed: Iterable<string>;
  readonly schema: Schema;
  /** Training rows in order, NaN = missing. */
  readonly rows: Matrix;
  readonly times: BigInt64Array;
  /** Steps learn from so many of the rows, the first; default all. */
  readonly fitRows?: number;
}

/**
 * Loads the step definitions that the needed views use.
 * @throws CONFIG_INVALID for an unknown view or step type, or views that start from each other in a circle.
 */
export async function loadSteps(views: ReadonlyMap<string, ViewConfig>, needed: Iterable<string>, registry: Registry): Promise<StepDefinitions> {
  const types = new Set(inOrder(views, needed).flatMap((name) => views.get(name)!.steps.map((step) => step.type)));
  return new Map(await Promise.all([...types].map(async (type) => [type, await registry.load('step', type)] as const)));
}

/**
 * Fits the needed views: each step on the fit rows as they come, once and in order, out of the fitted steps before it.
 * @throws TRAINING_UNFIT when there are no rows or a step can learn nothing; CONFIG_INVALID as `loadSteps`, and when a step's options do not suit its columns.
 */
export function fitViews({ views, steps, needed, schema, rows, times, fitRows = rows.rows }: ViewsTraining): Views {
  if (fitRows < 1 || rows.rows < fitRows) {
    throw new SluiceError('TRAINING_UNFIT', `the views are to be fitted on ${fitRows} of ${rows.rows} rows`, { fix: 'Give more training rows.' });
  }
  const tags: readonly Column[] = schema.tags.map(({ name, kind }) => ({ name, kind }));
  const raw = rowsOf(rows, 0, fitRows);
  const fitTimes = times.subarray(0, fitRows);
  const names = inOrder(views, needed);
  const nodes: View[] = [];
  const outputs: Matrix[] = [];
  for (const name of names) {
    const config = views.get(name)!;
    const from = config.base === undefined ? -1 : names.indexOf(config.base);
    let columns = from < 0 ? tags : nodes[from].columns;
    let input = from < 0 ? raw : outputs[from];
    const fitted: FittedStep[] = [];
    for (const { type, options } of config.steps) {
      const definition = steps.get(type);
      if (!definition) throw new SluiceError('INTERNAL', `the step '${type}' of view '${name}' was not loaded`);
      const learned = definition.fit(input, columns, options, fitTimes);
      fitted.push({ definition, model: learned.model, columns: learned.columns });
      const output = makeMatrix(fitRows, learned.columns.length);
      definition.apply(learned.model, definition.start?.(learned.model) ?? null, input, fitTimes, output.values);
      columns = learned.columns;
      input = output;
    }
    nodes.push({ name, from, steps: fitted, columns });
    outputs.push(input);
  }
  return { tags, nodes };
}

/** A new stream's state. */
export function startViews(views: Views): ViewsState {
  return Object.fromEntries(views.nodes.map((node) => [node.name, node.steps.map(({ definition, model }) => definition.start?.(model) ?? null)]));
}

export function makeWorkspace(views: Views): Workspace {
  return {
    raw: undefined,
    stages: views.nodes.map((node) => new Array<Matrix | undefined>(node.steps.length).fill(undefined)),
    out: new Map(),
    waysBack: new Map(views.nodes.map((node, n) => [node.name, wayBack(views, n)])),
  };
}

/**
 * All views of a batch, by name; each is computed once, and a base once for all that start from it. Mutates the state.
 * The matrices lie in the workspace and hold until its next batch. Rows of a stream give the same values however they
 * are cut into batches.
 *
 * @param rows rows x tags, NaN = missing
 * @param times one per row, UTC ns
 */
export function applyViews(views: Views, state: ViewsState, rows: Matrix, times: BigInt64Array, workspace: Workspace): ReadonlyMap<string, Matrix> {
  workspace.raw = rows;
  for (let n = 0; n < views.nodes.length; n++) {
    const { name, steps } = views.nodes[n];
    const states = state[name];
    let input = inputOf(views, n, workspace);
    for (let s = 0; s < steps.length; s++) {
      const { definition, model, columns } = steps[s];
      const output = stage(workspace.stages[n], s, rows.rows, columns.length);
      definition.apply(model, states[s], input, times, output.values);
      input = output;
    }
    if (workspace.out.get(name) !== input) workspace.out.set(name, input);
  }
  return workspace.out;
}

/** @throws INTERNAL when the views were fitted without it. */
export function viewOf(views: Views, name: string): View {
  const view = views.nodes.find((node) => node.name === name);
  if (!view) throw new SluiceError('INTERNAL', `the view '${name}' was not fitted; there are ${views.nodes.map((node) => node.name).join(', ')}`);
  return view;
}

export function columnsOf(views: Views, name: string): readonly Column[] {
  return viewOf(views, name).columns;
}

/**
 * Carries a detector's explanation of row `row` of the workspace's last batch from the view's columns to the schema's
 * tags. The contributions, (value[t] - reference[t]) * weight[t], add up to the same sum as in the view, up to rounding. The lists lie
 * in the workspace, or are those given, and hold until the next call.
 */
export function explainBack(views: Views, name: string, explanation: Explanation, workspace: Workspace, row: number): Explained {
  const { value, steps } = workspace.waysBack.get(viewOf(views, name).name)!;
  copyRow(workspace.out.get(name)!, row, value);
  let explained: Explained = { value, reference: explanation.reference, weight: explanation.weight };
  for (const step of steps) {
    copyRow(step.input(workspace), row, step.row);
    explained = step.carry(step.model, explained, step.row, step.out);
  }
  return explained;
}

/**
 * What each column adds to the score: (value - reference) * weight.
 * @example
 * contributionsOf({ value: new Float64Array([3]), reference: new Float64Array([1]), weight: new Float64Array([5]) }); // Float64Array [10]
 */
export function contributionsOf({ value, reference, weight }: Explained, out: Float64Array = new Float64Array(value.length)): Float64Array {
  for (let j = 0; j < out.length; j++) out[j] = (value[j] - reference[j]) * weight[j];
  return out;
}

/** The views as a record can hold them. */
export function saveViews(views: Views): Plain {
  return {
    tags: plainColumns(views.tags),
    nodes: views.nodes.map(({ name, from, steps }) => ({
      name,
      from,
      steps: steps.map(({ definition, model, columns }) => ({ type: definition.type, model, columns: plainColumns(columns) })),
    })),
  };
}

/** @throws CONFIG_INVALID when a step's type is not known here. */
export async function loadViews(saved: Plain, registry: Registry): Promise<Views> {
  type Saved = { tags: Column[]; nodes: { name: string; from: number; steps: { type: string; model: Plain; columns: Column[] }[] }[] };
  const { tags, nodes: savedNodes } = saved as unknown as Saved;
  const nodes: View[] = [];
  for (const { name, from, steps: savedSteps } of savedNodes) {
    const steps: FittedStep[] = [];
    for (const { type, model, columns } of savedSteps) steps.push({ definition: await registry.load('step', type), model, columns });
    nodes.push({ name, from, steps, columns: steps.at(-1)?.columns ?? (from < 0 ? tags : nodes[from].columns) });
  }
  return { tags, nodes };
}

/** The needed views and those they start from, bases first. */
function inOrder(views: ReadonlyMap<string, ViewConfig>, needed: Iterable<string>): string[] {
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (order.includes(name)) return;
    const config = views.get(name);
    if (!config) {
      const near = didYouMean(name, views.keys());
      const fix = near ? `Did you mean '${near}'?` : `Known: ${[...views.keys()].join(', ')}.`;
      throw new SluiceError('CONFIG_INVALID', `there is no view ${quote(name)}`, { place: path.length > 0 ? `views.${path.at(-1)}` : 'views', fix });
    }
    if (path.includes(name)) {
      throw new SluiceError('CONFIG_INVALID', `the views ${[...path, name].join(' -> ')} start from each other`, {
        place: `views.${name}`,
        fix: 'Let one of them start from the raw rows.',
      });
    }
    if (config.base !== undefined) visit(config.base, [...path, name]);
    order.push(name);
  };
  for (const name of needed) visit(name, []);
  return order;
}

function inputOf(views: Views, n: number, workspace: Workspace): Matrix {
  const { from } = views.nodes[n];
  return from < 0 ? workspace.raw! : workspace.out.get(views.nodes[from].name)!;
}

/** The buffer of a step: the one of the last batch when it is long enough. */
function stage(stages: (Matrix | undefined)[], s: number, rows: number, cols: number): Matrix {
  const last = stages[s];
  if (last?.rows === rows) return last;
  const next = makeMatrix(rows, cols, last && last.values.length >= rows * cols ? last.values : new Float64Array(new SharedArrayBuffer(rows * cols * 8)));
  stages[s] = next;
  return next;
}

/** @param out as long as there are columns */
function copyRow({ values, cols }: Matrix, row: number, out: Float64Array): void {
  for (let j = 0, at = row * cols; j < cols; j++) out[j] = values[at++];
}

function wayBack(views: Views, of: number): WayBack {
  const way: StepBack[] = [];
  for (let n = of; n >= 0; n = views.nodes[n].from) {
    const { steps, from } = views.nodes[n];
    for (let s = steps.length - 1; s >= 0; s--) {
      const { definition, model } = steps[s];
      if (!definition.back) continue;
      const columns = s > 0 ? steps[s - 1].columns : from < 0 ? views.tags : views.nodes[from].columns;
      way.push({
        carry: definition.back,
        model,
        input: (workspace) => (s > 0 ? workspace.stages[n][s - 1]! : inputOf(views, n, workspace)),
        row: new Float64Array(columns.length),
        out: makeExplained(columns.length),
      });
    }
  }
  return { value: new Float64Array(views.nodes[of].columns.length), steps: way };
}

function plainColumns(columns: readonly Column[]): Plain {
  return columns.map(({ name, kind }) => ({ name, kind }));
}
