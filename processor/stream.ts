import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { type Batch, sliceBatch } from '../core/batch.ts';
import type { DeadLetter } from '../core/chunk.ts';
import { SluiceError } from '../core/errors.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import { decodeRecord, encodeRecord, type Plain, recordHash, restoreRecord } from '../core/record.ts';
import type { Registry } from '../core/registry.ts';
import type { WarmUp } from '../core/runtime.ts';
import { requireSameSchema, type Schema } from '../core/schema.ts';
import type { StoreWrite } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';
import { TimeWindow } from '../core/time-window.ts';
import { isFlagged, Status, type ThresholdLevels, type Verdicts } from '../core/verdict.ts';
import { CollectedRows } from './collected-rows.ts';
import { admit, type KnownRows } from './identity.ts';
import { type IncidentChange, type IncidentState, IncidentTracker, type IncidentTurn } from './incidents.ts';
import { LevelOfDetail } from './level-of-detail.ts';
import { loadModel, requireSameConfiguration, type StreamModel, saveModel } from './model.ts';
import { Scorer } from './scorer.ts';
import { batchSince, type RowsSince, ScoringRecord } from './scoring-record.ts';
import type { ScoringWorkers } from './scoring-workers.ts';
import { type Definitions, type ScoringState, startScoring, train } from './train.ts';

/** What a batch brought: what to store, and what to tell. */
export interface StreamResult {
  readonly writes: readonly StoreWrite[];
  readonly incidents: readonly IncidentChange[];
  /** What there is to tell of incidents, in the order in which rows brought it. */
  readonly turns: readonly IncidentTurn[];
  readonly dead: readonly DeadLetter[];
  readonly duplicates: number;
  readonly late: number;
}

export interface StreamPipelineContext {
  readonly config: PipelineConfig;
  readonly definitions: Definitions;
  readonly registry: Registry;
  /** A model that streams share, with its record. */
  readonly shared?: ModelRecord & { readonly model: StreamModel };
  readonly scored?: ScoredWatch | undefined;
  /** Threads that help with large batches. */
  readonly workers?: ScoringWorkers | undefined;
  /** Told of a stream beside the pipeline's own that cannot be trained on the rows it had: it tries again on the next ones. */
  readonly unfit?: (stream: string, error: SluiceError) => void;
}

interface ModelRecord {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

/** Told right after rows were scored, while the scorer can still be asked why (`peak`). */
export type ScoredWatch = (scorer: Scorer, batch: Batch, verdicts: readonly Verdicts[]) => void;

/** Training on fewer values is done by the main thread alone. */
const valuesToShare = 100_000;

export const stateKind = 'stream-state';

export type SavedState = {
  rows: number;
  window: { times: BigInt64Array; counts: Int32Array };
  levelOfDetail: Plain;
  /** Null while it warms up, and where it is saved apart. */
  scoring: ScoringState | null;
  /** Rows that lead from the scoring state that is saved apart to the one of now. */
  since?: RowsSince | null;
  thresholdsStored: boolean;
  incidents: Record<string, IncidentState>;
  /** The rows that are collected for the warm-up; null when it trains on none of the stream. */
  collecting: { from: number; to: number } | null;
  /** By so many rows the warm-up was put off, since those before could not be trained on. */
  putOff?: number;
};

/**
 * One stream from row to verdict: identity, warm-up, scoring, incidents and level of detail, in row order. Everything it
 * knows is the model, the state and, while it warms up, the rows collected so far; all three become records.
 */
export class StreamPipeline {
  readonly stream: string;
  readonly schema: Schema;
  readonly #context: StreamPipelineContext;
  readonly #prefix: string;
  readonly #window: TimeWindow;
  readonly #levelOfDetail: LevelOfDetail;
  /** One per verdict, once there is a model. */
  #trackers: IncidentTracker[] = [];
  /** Of the batch in hand. */
  #turns: { row: number; turn: IncidentTurn }[] = [];
  #row = 0;
  /** Admitted rows since the stream began. */
  #rows = 0;
  /** Of those, rows before the warm-up: they could not be trained on. */
  #putOff = 0;
  /** The rows to train on. */
  readonly #collected = new CollectedRows();
  #training: 'fitting' | 'calibrating' | undefined;
  #scorer: Scorer | undefined;
  #scoring: ScoringRecord;
  #model: ModelRecord | undefined;
  #thresholdsStored = false;
  /** Names of the records that were saved last. */
  #saved: ReadonlySet<string> = new Set();
  /** Is what was saved last another state than this? */
  changed = true;

  constructor(stream: string, schema: Schema, context: StreamPipelineContext) {
    const { config } = context;
    this.stream = stream;
    this.schema = schema;
    this.#context = context;
    this.#prefix = recordPrefix(stream);
    this.#window = new TimeWindow(config.lateness);
    this.#levelOfDetail = new LevelOfDetail(schema.tags.length, config.lateness);
    this.#scoring = new ScoringRecord(schema);
  }

  /** Detectors and combinations, in the order of their verdicts. */
  get names(): string[] {
    return [...this.#context.config.detectors.keys(), ...this.#context.config.combine.keys()];
  }

  get model(): StreamModel | undefined {
    return this.#scorer?.model;
  }

  /** The model as bytes of a record. */
  get modelRecord(): ModelRecord | undefined {
    return this.#model;
  }

  warmUp(): WarmUp {
    const { train } = this.#context.config;
    const need = train.kind === 'rows' ? train.to - train.from : 0;
    if (this.#scorer) return { stage: 'ready', have: need, need };
    if (this.#training) return { stage: this.#training, have: need, need };
    if (train.kind !== 'rows' || this.#warmed <= train.from) return { stage: 'waiting', have: 0, need };
    return { stage: 'collecting', have: this.#warmed - train.from, need };
  }

  /** Rows since the warm-up began. */
  get #warmed(): number {
    return this.#rows - this.#putOff;
  }

  get openIncidents(): { detector: string; id: string }[] {
    return this.names.flatMap((detector, v) => {
      const id = this.#trackers[v]?.openId;
      return id === undefined ? [] : [{ detector, id }];
    });
  }

  /** Begins with a model that was made elsewhere. @throws SCHEMA_MISMATCH, RECORD_VERSION */
  useModel(model: StreamModel, place: string): void {
    requireSameSchema(this.schema, model.schema, place, 'Name a model of these tags; `sluice train` makes one.');
    requireSameConfiguration(model, this.#context.config, place, ['train'], 'Undo the change, or make the model anew with `sluice train`.');
    this.#begin(model, startScoring(model));
  }

  /** Trains on rows that are not the stream's own, e.g. of a training file. */
  async trainOn(rows: Batch, place: string): Promise<void> {
    requireSameSchema(this.schema, rows.schema, place, 'Name a training file with the tags of the source.');
    const { model } = await this.#train({ ...rows, stream: this.stream });
    this.#begin(model, startScoring(model));
  }

  /** Takes the next rows in order, whatever their number. */
  async take(batch: Batch, known: KnownRows, source: string, partition: number): Promise<StreamResult> {
    const admission = await admit(batch, this.#window, known, source, partition);
    const writes: StoreWrite[] = [];
    const incidents: IncidentChange[] = [];
    const turns: IncidentTurn[] = [];
    const { rows } = admission.batch;
    if (rows > 0) this.changed = true;
    for (let from = 0; from < rows; ) {
      const to = this.#scorer ? rows : this.#nextBoundary(from, rows);
      const part = sliceBatch(admission.batch, from, to);
      const write = this.#scorer ? this.#score(this.#scorer, part, incidents, turns) : await this.#warm(part);
      writes.push({ ...write, buckets: this.#levelOfDetail.add(part) });
      from = to;
    }
    return { writes, incidents, turns, dead: admission.dead, duplicates: admission.duplicates, late: admission.late };
  }

  /** Can rows behind the newest time no longer change what began before `time`: no late row, nothing open, none to continue? */
  settled(time: bigint, newest: bigint): boolean {
    const { lateness, incidents } = this.#context.config;
    return newest - time >= BigInt(Math.ceil(lateness + incidents.merge)) * nanosPerMilli && this.#trackers.every((tracker) => tracker.quiet);
  }

  /** Records that bring this stream back to where it is now, by name; undefined for those that were saved before and are needed no more. */
  save(): { names: Map<string, string | undefined>; fresh: Map<string, Uint8Array> } {
    const names = new Map<string, string | undefined>([...this.#saved].map((name) => [name, undefined]));
    const fresh = new Map<string, Uint8Array>();
    const add = (name: string, bytes: Uint8Array): string => {
      const hash = recordHash(bytes);
      names.set(this.#prefix + name, hash);
      fresh.set(hash, bytes);
      return hash;
    };
    const incidents: Record<string, IncidentState> = {};
    for (const [v, tracker] of this.#trackers.entries()) incidents[this.names[v]] = tracker.save();
    const scoring = this.#scorer && this.#scoring.save(this.#scorer.state);
    if (scoring?.apart) {
      const { hash, bytes } = scoring.apart;
      names.set(`${this.#prefix}scoring`, hash);
      if (bytes) fresh.set(hash, bytes);
    }
    const state: SavedState = {
      rows: this.#rows,
      window: this.#window.save(),
      levelOfDetail: this.#levelOfDetail.save(),
      scoring: scoring?.whole ?? null,
      since: scoring?.since ?? null,
      thresholdsStored: this.#thresholdsStored,
      incidents,
      collecting: this.#collecting(),
      putOff: this.#putOff,
    };
    add('state', encodeRecord(stateKind, state as unknown as Plain));
    if (this.#model) {
      names.set(`${this.#prefix}model`, this.#model.hash);
      fresh.set(this.#model.hash, this.#model.bytes);
    }
    for (const { name, hash, bytes } of this.#collected.save()) {
      names.set(this.#prefix + name, hash);
      if (bytes) fresh.set(hash, bytes);
    }
    this.#saved = new Set([...names].flatMap(([name, hash]) => (hash === undefined ? [] : [name])));
    this.changed = false;
    return { names, fresh };
  }

  /** @throws RECORD_CORRUPT, RECORD_VERSION, and RECORD_VERSION naming settings that changed since. */
  async load(records: Readonly<Record<string, string>>, read: (hash: string) => Promise<Uint8Array>): Promise<void> {
    await restoreRecord(`state of stream '${this.stream}'`, () => this.#restore(records, read));
  }

  async #restore(records: Readonly<Record<string, string>>, read: (hash: string) => Promise<Uint8Array>): Promise<void> {
    const place = `state of stream '${this.stream}'`;
    const saved = new Set<string>();
    const hashOf = (name: string): string | undefined => {
      if (!Object.hasOwn(records, this.#prefix + name)) return undefined;
      saved.add(this.#prefix + name);
      return records[this.#prefix + name];
    };
    const record = async (name: string): Promise<Uint8Array | undefined> => {
      const hash = hashOf(name);
      return hash === undefined ? undefined : read(hash);
    };
    const stateBytes = await record('state');
    if (!stateBytes) throw new SluiceError('RECORD_CORRUPT', 'the manifest names no state', { place, fix: 'Start anew with --fresh.' });
    const state = decodeRecord(stateBytes, stateKind, place) as unknown as SavedState;
    const modelHash = hashOf('model');
    if (modelHash !== undefined) {
      const { shared } = this.#context;
      const bytes = modelHash === shared?.hash ? shared.bytes : await read(modelHash);
      const model = modelHash === shared?.hash ? shared.model : await loadModel(bytes, this.#context.registry, `model of stream '${this.stream}'`);
      requireSameSchema(model.schema, this.schema, `model of stream '${this.stream}'`);
      requireSameConfiguration(model, this.#context.config, place, this.#context.config.train.kind === 'rows' ? [] : ['train']);
      this.#model = { bytes, hash: modelHash };
      // Null says that it is saved apart.
      this.#use(model, this.#model, state.scoring === null ? await this.#readScoring(hashOf('scoring'), read, place) : state.scoring);
      if (state.since) this.#scoreAgain(batchSince(state.since, this.stream, this.schema));
    }
    [this.#rows, this.#putOff] = [state.rows, state.putOff ?? 0];
    if (!this.#scorer) this.#requireSameWarmUp(state, place);
    this.#window.load(state.window);
    this.#levelOfDetail.load(state.levelOfDetail);
    this.#thresholdsStored = state.thresholdsStored;
    for (const [v, tracker] of this.#trackers.entries()) if (state.incidents[this.names[v]]) tracker.load(state.incidents[this.names[v]]);
    await this.#collected.load(hashOf, read, { stream: this.stream, schema: this.schema, place });
    this.#saved = saved;
    this.changed = false;
  }

  async #readScoring(hash: string | undefined, read: (hash: string) => Promise<Uint8Array>, place: string): Promise<ScoringState> {
    if (hash === undefined) throw new SluiceError('RECORD_CORRUPT', 'the manifest names no scoring state', { place, fix: 'Start anew with --fresh.' });
    return this.#scoring.load(await read(hash), hash, place);
  }

  /** Brings the scoring state from where it was saved to where it was last; nobody is told of the verdicts again. */
  #scoreAgain(rows: Batch): void {
    this.#scorer?.score(rows);
    this.#scoring.take(rows);
  }

  #use(model: StreamModel, record: ModelRecord, state: ScoringState): void {
    const { config, workers } = this.#context;
    const { incidents } = config;
    this.#scorer = new Scorer(model, state, workers?.share(record));
    this.#trackers = this.names.map(
      (name) => new IncidentTracker(this.stream, name, { ...incidents, interval: model.interval }, (turn) => this.#turns.push({ row: this.#row, turn })),
    );
  }

  #begin(model: StreamModel, state: ScoringState): void {
    const { shared } = this.#context;
    this.#model = model === shared?.model ? shared : saveModel(model);
    this.#use(model, this.#model, state);
    this.#scoring = new ScoringRecord(this.schema);
    this.#collected.clear();
    this.#training = undefined;
    this.changed = true;
  }

  #collecting(): SavedState['collecting'] {
    const { train } = this.#context.config;
    return train.kind === 'rows' ? { from: train.from, to: train.to } : null;
  }

  /** Collecting goes on only over the rows that it would have collected from the beginning. */
  #requireSameWarmUp({ collecting: before }: SavedState, place: string): void {
    const now = this.#collecting();
    const rows = this.#warmed;
    if (!now || !before || (rows <= before.from && rows <= now.from) || (now.from === before.from && rows < now.to)) return;
    const text = ({ from, to }: { from: number; to: number }): string => `${from}-${to}`;
    throw new SluiceError('RECORD_VERSION', `${rows} rows were taken in with \`train.rows\` ${text(before)}, and it is ${text(now)} now`, {
      place,
      fix: 'Undo the change, or begin anew with --fresh.',
    });
  }

  async #train(rows: Batch): ReturnType<typeof train> {
    const { config, definitions, workers } = this.#context;
    const watch = async (stage: 'fitting' | 'calibrating'): Promise<void> => {
      this.#training = stage;
      // Training keeps the process busy: whoever asks how far it is gets the answer now.
      await eventLoopTurn();
    };
    return await train(rows, config, definitions, { watch, workers: isLarge(rows.rows, this.schema) ? workers : undefined });
  }

  /** Where the rows from `from` on must be cut: collecting begins and ends at declared rows, wherever batches do. */
  #nextBoundary(from: number, rows: number): number {
    const { train } = this.#context.config;
    if (train.kind !== 'rows') return rows;
    const boundary = this.#warmed < train.from ? train.from : train.to;
    return Math.min(rows, from + boundary - this.#warmed);
  }

  async #warm(batch: Batch): Promise<StoreWrite> {
    const { config } = this.#context;
    const collecting = config.train.kind === 'rows' && this.#warmed >= config.train.from;
    this.#rows += batch.rows;
    if (collecting) {
      if (isLarge(this.warmUp().need, this.schema)) this.#context.workers?.start();
      this.#collected.add(batch);
      if (this.#warmed === (config.train as { to: number }).to) await this.#learn();
    }
    return { batch, verdicts: this.names.map((name) => undefinedVerdicts(name, batch.rows)), incidents: [], thresholds: [], buckets: [] };
  }

  /** Trains on what was collected. Where one of many streams cannot be trained on it, the others are not held up. */
  async #learn(): Promise<void> {
    const { config, unfit } = this.#context;
    try {
      const { model, state } = await this.#train(this.#collected.whole());
      this.#begin(model, state);
    } catch (error) {
      if (this.stream === config.stream || !(error instanceof SluiceError && error.code === 'TRAINING_UNFIT')) throw error;
      this.#collected.clear();
      this.#training = undefined;
      this.#putOff = this.#rows;
      unfit?.(this.stream, error);
    }
  }

  #score(scorer: Scorer, batch: Batch, told: IncidentChange[], turns: IncidentTurn[]): StoreWrite {
    this.#rows += batch.rows;
    const verdicts = scorer.score(batch);
    this.#scoring.take(batch);
    this.#context.scored?.(scorer, batch, verdicts);
    const changes: IncidentChange[] = [];
    for (const [v, { status, score, grade }] of verdicts.entries()) {
      const tracker = this.#trackers[v];
      for (let row = 0; row < batch.rows; row++) {
        if (tracker.quiet && !isFlagged(status[row])) continue;
        this.#row = row;
        tracker.row(batch.times[row], status[row], score[row], grade[row], () => scorer.peak(v, row));
      }
      changes.push(...tracker.takeChanges());
    }
    told.push(...changes);
    // Detectors look at a batch one after the other, but what they find is told row by row.
    turns.push(...this.#turns.sort((a, b) => a.row - b.row).map(({ turn }) => turn));
    this.#turns = [];
    const last = new Map(changes.map(({ incident }) => [incident.id, incident]));
    const thresholds = this.#thresholdsStored ? [] : this.#thresholdLevels(scorer.model, batch.times[0]);
    this.#thresholdsStored = true;
    return { batch, verdicts, incidents: [...last.values()], thresholds, buckets: [] };
  }

  #thresholdLevels(model: StreamModel, time: bigint): ThresholdLevels[] {
    const hash = this.#model?.hash ?? '';
    const calibrations = [
      ...model.detectors.map(({ name, calibration }) => ({ detector: name, calibration })),
      ...model.combinations.flatMap(({ name, parts }) => {
        const calibration = parts.find((part) => part.calibration)?.calibration;
        return calibration ? [{ detector: name, calibration }] : [];
      }),
    ];
    return calibrations.map(({ detector, calibration: { warn, error, median, warnMethod, errorMethod } }) => ({
      stream: this.stream,
      detector,
      time,
      warn,
      error,
      median,
      method: `warn: ${warnMethod}; error: ${errorMethod}`,
      model: hash,
    }));
  }
}

/** Does training take longer than threads take to start? */
function isLarge(rows: number, { tags }: Schema): boolean {
  return rows * tags.length >= valuesToShare;
}

/** Under this name a manifest keeps the stream's model. */
export function modelRecordName(stream: string): string {
  return `${recordPrefix(stream)}model`;
}

/** Under this name a manifest keeps what the stream knows of its rows so far. */
export function stateRecordName(stream: string): string {
  return `${recordPrefix(stream)}state`;
}

/** The streams that these records of a manifest belong to. */
export function streamsOfRecords(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => decodeURIComponent(name.slice(0, name.indexOf('/')))))];
}

function recordPrefix(stream: string): string {
  return `${encodeURIComponent(stream)}/`;
}

/** Of rows that were not scored. */
export function undefinedVerdicts(detector: string, rows: number): Verdicts {
  return {
    detector,
    score: new Float64Array(rows).fill(Number.NaN),
    grade: new Float64Array(rows).fill(Number.NaN),
    status: new Int8Array(rows).fill(Status.undefined),
    contributions: { rows: [], tags: [], shares: [], rest: [] },
  };
}
