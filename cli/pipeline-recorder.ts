import type { Batch } from '../core/batch.ts';
import { type Chunk, rowsIn } from '../core/chunk.ts';
import { LiveFeed } from '../core/live-feed.ts';
import type { Log } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { StoreWrite } from '../core/store.ts';
import { formatTime } from '../core/time.ts';
import { Status } from '../core/verdict.ts';
import type { StreamModel } from '../processor/model.ts';
import type { Pipeline, PipelineObserver } from '../processor/pipeline.ts';
import type { StreamPipeline } from '../processor/stream.ts';
import { emptyTotals, type Totals } from '../processor/totals.ts';
import { whatHelps } from './check-warnings.ts';

const statusNames: Record<number, string> = { [Status.error]: 'error', [Status.warning]: 'warning', [Status.ok]: 'ok', [Status.undefined]: 'undefined' };
const count = (n: number): string => n.toLocaleString('en-US');
/** So many streams have metrics of their own; those of further ones are summed up under one name. */
const namedStreams = 200;
const others = 'others';
/** So many streams are told of one by one when they are warmed up. */
const toldStreams = 20;

interface RecorderParts {
  readonly config: PipelineConfig;
  readonly log: Log;
  readonly metrics: Metrics;
  /** A line for people. */
  readonly print: (line: string) => void;
}

/** Turns what pipelines do into metrics, log lines and the word that a stream is warmed up. */
export class PipelineRecorder {
  readonly observer: PipelineObserver;
  readonly live: LiveFeed;
  /** Rows and dead letters that were processed. */
  processed = 0;
  /** Rows that the store has acknowledged. */
  stored = 0;
  /** Of those processed, by reason. */
  readonly deadReasons: Record<string, number> = {};
  /** performance.now() of the beginning of the first chunk, and of the last commit. */
  firstChunkAt: number | undefined;
  lastCommitAt: number | undefined;
  readonly #parts: RecorderParts;
  readonly #pipelines = new Map<Pipeline, Totals>();
  /** Of pipelines that were given up: what they took in while they were here. */
  readonly #gone = emptyTotals();
  /** By stream and detector. */
  readonly #open = new Map<string, Set<string>>();
  readonly #ready = new Set<string>();
  readonly #resumed = new WeakSet<Pipeline>();
  readonly #newest = new Map<string, bigint>();
  /** Rows of each stream that were processed here. */
  readonly #rows = new Map<string, number>();
  /** By manifest and stream: rows that came after its last commit began, and those of that one. */
  readonly #uncommitted = new Map<string, Map<string, number>>();
  readonly #committing = new Map<string, ReadonlyMap<string, number>>();
  /** By manifest: rows stored since its streams began, as of its last commit. */
  readonly #committed = new Map<string, number>();
  /** By output and manifest. */
  readonly #noticesWaiting = new Map<string, Map<string, number>>();
  /** Streams that were met here. */
  readonly #met = new Set<string>();
  /** Streams with metrics of their own. */
  readonly #labels: Set<string>;
  /** Streams that were warmed up here. */
  #told = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    const { config, metrics, log } = parts;
    this.#labels = new Set([config.stream]);
    this.live = new LiveFeed((error) => log.error({ err: error }, 'whoever listened to the live feed failed'));
    this.observer = {
      chunk: (chunk, writes, seconds, key) => this.#chunk(chunk, writes, seconds, key),
      counted: ({ stream, duplicate, late }) => {
        metrics.rowsDuplicate.inc({ stream: this.#label(stream) }, duplicate);
        metrics.rowsLate.inc({ stream: this.#label(stream) }, late);
      },
      dead: (letters) => {
        for (const { reason, message, source, position, stream: of = config.stream } of letters) {
          const stream = reason === 'too-many-streams' ? others : this.#label(of);
          metrics.rowsDead.inc({ stream, reason });
          this.deadReasons[reason] = (this.deadReasons[reason] ?? 0) + 1;
          if (reason === 'too-late') metrics.rowsTooLate.inc({ stream });
          log.debug({ source, row: position, reason }, message);
        }
      },
      incident: ({ incident, change }) => {
        const { id, stream, detector, open } = incident;
        this.live.incident(incident, change);
        if (change === 'opened') metrics.incidents.inc({ stream: this.#label(stream), detector });
        this.#setOpen(stream, detector, (ids) => (open ? ids.add(id) : ids.delete(id)));
        log.info(
          { incident: incident.id, detector: incident.detector, start: formatTime(incident.start), end: formatTime(incident.end) },
          `incident ${change}`,
        );
      },
      opened: (stream) => this.#opened(stream),
      warned: (message) => log.warn(message),
      notified: (output, outcome) => metrics.notifications.inc({ output, outcome }),
      noticesWait: (key, output, n) => {
        const waiting = this.#noticesWaiting.get(output) ?? new Map<string, number>();
        this.#noticesWaiting.set(output, waiting.set(key, n));
        metrics.notificationsWaiting.set(
          { output },
          [...waiting.values()].reduce((sum, each) => sum + each, 0),
        );
      },
      committing: (key) => {
        this.#committing.set(key, this.#uncommitted.get(key) ?? new Map());
        this.#uncommitted.delete(key);
      },
      commit: ({ key, totals }, seconds, nextOffset) => {
        metrics.commitSeconds.observe(seconds);
        this.lastCommitAt = performance.now();
        this.stored += totals.stored - (this.#committed.get(key) ?? 0);
        this.#committed.set(key, totals.stored);
        for (const [stream, rows] of this.#committing.get(key) ?? []) metrics.rowsStored.inc({ stream: this.#label(stream) }, rows);
        this.#committing.delete(key);
        log.debug({ key, nextOffset, totals }, 'committed');
      },
    };
  }

  /** A pipeline begins or goes on. @param told what it has learned was told before, by whoever learned it */
  add(pipeline: Pipeline, { told }: { told: boolean }): void {
    this.#pipelines.set(pipeline, copyOf(pipeline.totals));
    this.#committed.set(pipeline.key, pipeline.totals.stored);
    // What a pipeline that was fenced off had not committed comes again.
    this.#uncommitted.delete(pipeline.key);
    this.#committing.delete(pipeline.key);
    if (told) this.#resumed.add(pipeline);
    for (const [stream, { stage }] of pipeline.warmUp()) this.#meet(stream, stage, told);
    for (const stream of pipeline.streams) this.#opened(stream);
  }

  /** It was given up: its open incidents are watched elsewhere. */
  remove(pipeline: Pipeline): void {
    const before = this.#pipelines.get(pipeline);
    if (!before) return;
    this.#pipelines.delete(pipeline);
    addTotals(this.#gone, difference(pipeline.totals, before));
    const { detectors, combine } = this.#parts.config;
    for (const stream of pipeline.warmUp().keys())
      for (const name of [...detectors.keys(), ...combine.keys()]) this.#setOpen(stream, name, (ids) => ids.clear());
  }

  get openIncidents(): number {
    return [...this.#open.values()].reduce((sum, ids) => sum + ids.size, 0);
  }

  /** Streams that had rows here: how many, and the newest one's time. */
  get streams(): Map<string, { rows: number; newest: bigint }> {
    return new Map([...this.#newest].map(([stream, newest]) => [stream, { rows: this.#rows.get(stream) ?? 0, newest }]));
  }

  get pipelines(): readonly Pipeline[] {
    return [...this.#pipelines.keys()];
  }

  /** What was taken in since each pipeline was added. */
  get own(): Totals {
    const own = copyOf(this.#gone);
    for (const [pipeline, before] of this.#pipelines) addTotals(own, difference(pipeline.totals, before));
    return own;
  }

  /** Says once of each stream on what it is judged from here on. @param streams of which rows came; all unless given */
  tellWarmUp(streams?: ReadonlySet<string>): void {
    const { metrics, log, print } = this.#parts;
    for (const pipeline of this.#pipelines.keys()) {
      for (const stream of streams ?? pipeline.warmUp().keys()) {
        if (this.#ready.has(stream)) continue;
        const warmUp = pipeline.stream(stream)?.warmUp();
        if (!warmUp) continue;
        const { stage, have, need } = warmUp;
        this.#meet(stream, stage, this.#resumed.has(pipeline));
        if (this.#ready.has(stream)) continue;
        const label = this.#label(stream);
        if (label !== others) {
          metrics.warmupRows.set({ stream: label }, have);
          metrics.warmupRowsNeeded.set({ stream: label }, need);
        }
        if (stage !== 'ready') continue;
        this.#ready.add(stream);
        const model = pipeline.stream(stream)?.model;
        this.#told++;
        if (model && this.#told <= toldStreams) for (const line of this.#learned(stream, need, model)) print(line);
        if (this.#told === toldStreams + 1) print(`${toldStreams} streams are warmed up; of further ones it is not said one by one`);
        log.info({ stream, fitRows: model?.fitRows, calibrationRows: model?.calibrationRows }, 'warmed up: rows are judged from here on');
      }
    }
  }

  /** What its metrics are called. */
  #label(stream: string): string {
    if (this.#labels.has(stream)) return stream;
    if (this.#labels.size >= namedStreams) return others;
    this.#labels.add(stream);
    return stream;
  }

  /** Its open incidents are watched here. */
  #opened(stream: StreamPipeline): void {
    for (const name of stream.names) this.#setOpen(stream.stream, name, () => {});
    for (const { detector, id } of stream.openIncidents) this.#setOpen(stream.stream, detector, (ids) => ids.add(id));
  }

  /** What a stream had learned before it came here was told by whoever learned it. */
  #meet(stream: string, stage: string, told: boolean): void {
    if (told && stage === 'ready' && !this.#met.has(stream)) this.#ready.add(stream);
    this.#met.add(stream);
  }

  #chunk(chunk: Chunk, writes: readonly StoreWrite[], seconds: { score: number; store: number }, key: string): void {
    const { metrics, log } = this.#parts;
    const uncommitted = this.#uncommitted.get(key) ?? new Map<string, number>();
    this.#uncommitted.set(key, uncommitted);
    this.firstChunkAt ??= performance.now() - (seconds.score + seconds.store) * 1000;
    const rows = rowsIn(chunk);
    this.processed += rows + chunk.dead.length;
    metrics.batchSeconds.observe({ stage: 'score' }, seconds.score);
    metrics.batchSeconds.observe({ stage: 'store' }, seconds.store);
    for (const { stream, rows: read } of chunk.batches) metrics.rowsRead.inc({ stream: this.#label(stream) }, read);
    for (const write of writes) {
      const { batch, verdicts } = write;
      this.live.write(write);
      uncommitted.set(batch.stream, (uncommitted.get(batch.stream) ?? 0) + batch.rows);
      this.#newestRow(batch);
      for (const { detector, status } of verdicts) {
        const counts = [0, 0, 0, 0];
        for (let row = 0; row < batch.rows; row++) counts[status[row] + 1]++;
        for (const [s, n] of counts.entries()) if (n > 0) metrics.verdicts.inc({ stream: this.#label(batch.stream), detector, status: statusNames[s - 1] }, n);
      }
    }
    log.trace({ partition: chunk.partition, nextOffset: chunk.nextOffset, rows, dead: chunk.dead.length }, 'processed, not yet committed');
    this.tellWarmUp(new Set(writes.map(({ batch }) => batch.stream)));
  }

  #newestRow({ stream, times, rows }: Batch): void {
    let newest = this.#newest.get(stream) ?? times[0];
    for (let row = 0; row < rows; row++) if (times[row] > newest) newest = times[row];
    this.#newest.set(stream, newest);
    this.#rows.set(stream, (this.#rows.get(stream) ?? 0) + rows);
    this.#parts.metrics.lastRowTimestamp.set({ stream: this.#label(stream) }, Number(newest) / 1e9);
  }

  /** Changes the ids of the open incidents of a stream's detector, and tells how many there are. */
  #setOpen(stream: string, detector: string, change: (ids: Set<string>) => void): void {
    const key = JSON.stringify([stream, detector]);
    const ids = this.#open.get(key) ?? new Set();
    const before = ids.size;
    change(ids);
    if (ids.size > 0) this.#open.set(key, ids);
    else this.#open.delete(key);
    this.#parts.metrics.incidentsOpen.inc({ stream: this.#label(stream), detector }, ids.size - before);
  }

  /** On what the stream is judged from here on, and which of its levels are no more than a guess. */
  #learned(stream: string, rows: number, { fitRows, calibrationRows, detectors, combinations }: StreamModel): string[] {
    const { config } = this.#parts;
    const of = stream === config.stream ? '' : `${stream}: `;
    const how = config.train.kind === 'rows' ? `warmed up on ${count(rows)} rows` : 'learned beforehand';
    const calibrations = [...detectors, ...combinations.flatMap(({ name, parts }) => parts.map(({ calibration }) => ({ name, calibration })))];
    const unsure = new Map<string, string[]>();
    for (const { name, calibration } of calibrations) {
      for (const level of ['warn', 'error'] as const) {
        const wants = calibration?.[`${level}Wants`];
        if (wants === undefined) continue;
        const told = `${level} ${calibration?.[`${level}Method`]}${whatHelps(wants, config.train.calibrate)}`;
        unsure.set(told, [...(unsure.get(told) ?? []), name]);
      }
    }
    return [
      `${of}${how}: fitted on ${count(fitRows)}, thresholds from ${count(calibrationRows)}`,
      ...[...unsure].map(([told, names]) => `warning: ${of}thresholds of ${names.join(', ')}: ${told}`),
    ];
  }
}

function copyOf(totals: Totals): Totals {
  return { ...totals, incidents: { ...totals.incidents } };
}

const counted = ['read', 'stored', 'duplicate', 'late', 'dead'] as const;

function difference(now: Totals, before: Totals): Totals {
  const own = copyOf(now);
  for (const name of counted) own[name] -= before[name];
  for (const detector of Object.keys(own.incidents)) own.incidents[detector] -= before.incidents[detector] ?? 0;
  return own;
}

function addTotals(to: Totals, more: Totals): void {
  for (const name of counted) to[name] += more[name];
  for (const [detector, n] of Object.entries(more.incidents)) to.incidents[detector] = (to.incidents[detector] ?? 0) + n;
}
