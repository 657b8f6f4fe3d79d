import type { Batch } from '../core/batch.ts';
import type { Chunk } from '../core/chunk.ts';
import { rowsIn } from '../core/chunk.ts';
import type { Log } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Runtime } from '../core/runtime.ts';
import type { StoreWrite } from '../core/store.ts';
import { formatTime } from '../core/time.ts';
import { Status } from '../core/verdict.ts';
import type { StreamModel } from '../processor/model.ts';
import type { PipelineObserver, Totals } from '../processor/pipeline.ts';
import type { ProduceProgress } from '../producer/producer.ts';
import type { Progress } from '../producer/progress.ts';
import { whatHelps } from './check-warnings.ts';
import type { RunResult, RunStart } from './embedded.ts';
import type { RunSummary } from './run-summary.ts';

const statusNames: Record<number, string> = { [Status.error]: 'error', [Status.warning]: 'warning', [Status.ok]: 'ok', [Status.undefined]: 'undefined' };
const count = (n: number): string => n.toLocaleString('en-US');
const copyOf = (totals: Totals): Totals => ({ ...totals, incidents: { ...totals.incidents } });

/** Share of the source, 0 to 1, that lies before an origin. */
interface Reached {
  readonly nextOffset: number;
  readonly share: number;
}

interface RecorderParts {
  readonly config: PipelineConfig;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly progress: Progress;
  readonly pace: string;
  /** A line for people. */
  readonly print: (line: string) => void;
  /** It stays up at the end of the source. */
  readonly staysUp: boolean;
}

/** Turns what a run does into metrics, log lines, the progress display and the summary; shows it as a Runtime. */
export class RunRecorder {
  readonly runtime: Runtime;
  readonly observer: PipelineObserver;
  readonly #parts: RecorderParts;
  #start: RunStart | undefined;
  #before: Totals = { read: 0, stored: 0, duplicate: 0, late: 0, dead: 0, incidents: {} };
  #read: ProduceProgress | undefined;
  /** Shares of the source that were read, by the origin after them: those of rows that are still on the bus. */
  #shares: Reached[] = [];
  /** How far the source has been processed, where that is known. */
  #reached: Reached | undefined;
  #processed = 0;
  #firstRowAt: number | undefined;
  #lastCommitAt: number | undefined;
  #waiting = '';
  #ended = false;
  #open = new Map<string, Set<string>>();
  #ready = new Set<string>();
  #newest = new Map<string, bigint>();
  readonly #deadReasons: Record<string, number> = {};

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    const { config, metrics, log } = parts;
    this.observer = {
      chunk: (chunk, writes, seconds) => this.#chunk(chunk, writes, seconds),
      counted: ({ stream, duplicate, late }) => {
        metrics.rowsDuplicate.inc({ stream }, duplicate);
        metrics.rowsLate.inc({ stream }, late);
      },
      dead: (letters) => {
        for (const { reason, message, source, position, stream = config.stream } of letters) {
          metrics.rowsDead.inc({ stream, reason });
          this.#deadReasons[reason] = (this.#deadReasons[reason] ?? 0) + 1;
          if (reason === 'too-late') metrics.rowsTooLate.inc({ stream });
          log.debug({ source, row: position, reason }, message);
        }
      },
      incident: ({ incident, change }) => {
        const open = this.#openOf(incident.detector);
        if (change === 'opened') metrics.incidents.inc({ detector: incident.detector });
        if (incident.open) open.add(incident.id);
        else open.delete(incident.id);
        metrics.incidentsOpen.set({ detector: incident.detector }, open.size);
        log.info(
          { incident: incident.id, detector: incident.detector, start: formatTime(incident.start), end: formatTime(incident.end) },
          `incident ${change}`,
        );
      },
      commit: (manifest, seconds) => {
        metrics.commitSeconds.observe(seconds);
        this.#lastCommitAt = performance.now();
        log.debug({ nextOffset: this.#start?.pipeline.position?.nextOffset, totals: manifest.totals }, 'committed');
      },
    };
    this.runtime = {
      config,
      metrics: metrics.registry,
      startedAt: new Date(),
      warmUp: () => this.#start?.pipeline.warmUp() ?? new Map(),
      notReady: () => (this.#start ? undefined : 'starting'),
      graph: () => [
        { from: 'source', to: 'bus', rows: this.#read?.rows ?? 0 },
        { from: 'bus', to: 'pipeline', rows: this.#processed },
        { from: 'pipeline', to: 'store', rows: (this.#start?.pipeline.totals.stored ?? 0) - this.#before.stored },
      ],
    };
  }

  start(start: RunStart): void {
    this.#start = start;
    this.#before = copyOf(start.pipeline.totals);
    if (start.rows) this.#reached = { nextOffset: start.resumedAt, share: Math.min(1, start.resumedAt / start.rows) };
    // What was learned was told by the run that learned it.
    if (start.resumedAt > 0) for (const [stream, { stage }] of start.pipeline.warmUp()) if (stage === 'ready') this.#ready.add(stream);
    for (const stream of start.pipeline.streams) {
      for (const { detector, id } of stream.openIncidents) this.#openOf(detector).add(id);
      for (const name of stream.names) this.#parts.metrics.incidentsOpen.set({ detector: name }, this.#openOf(name).size);
    }
    this.#show();
    this.#parts.log.info({ source: start.description, resumedAt: start.resumedAt, pace: this.#parts.pace }, 'started');
  }

  /** What is said before the first row. */
  headLines(url: string | undefined): string[] {
    const { config, pace } = this.#parts;
    const { description, resumedAt } = this.#start as RunStart;
    const at = resumedAt > 0 ? `goes on at row ${count(resumedAt)}` : 'begins at the first row';
    const path = config.store.options.path;
    return [
      `source   ${description}`,
      `stream   ${config.stream}, ${at}, pace ${pace}`,
      `store    ${typeof path === 'string' ? path : config.store.type}`,
      ...(url === undefined ? [] : [`watch    ${url}/metrics  ${url}/readyz${this.#otherPort(url)}`]),
    ];
  }

  #otherPort(url: string): string {
    const asked = this.#parts.config.serve?.port;
    return asked === undefined || asked === 0 || new URL(url).port === String(asked) ? '' : `  (port ${asked} is taken)`;
  }

  read(read: ProduceProgress): void {
    for (const [reason, n] of read.missing) this.#parts.metrics.valuesMissing.inc({ reason }, n - (this.#read?.missing.get(reason) ?? 0));
    this.#read = read;
    this.#waiting = '';
    this.#firstRowAt ??= performance.now();
    if (read.progress !== undefined) this.#shares.push({ nextOffset: read.nextOffset, share: read.progress });
  }

  /** A line for people; what was learned is told before what follows from it. */
  print(line: string): void {
    this.#warmUp();
    this.#parts.print(line);
  }

  /** The source was read to its end. */
  ended(): void {
    const { config, staysUp, print } = this.#parts;
    const { resumedAt } = this.#start as RunStart;
    const rows = resumedAt + this.#processed;
    this.#ended = true;
    this.#reached = { nextOffset: rows, share: 1 };
    this.#show();
    const at = count(rows);
    if (this.#processed === 0 && resumedAt > 0) print(`nothing new since row ${at}; --fresh begins anew`);
    else if (staysUp) {
      const { path } = config.source.options;
      // A workbook with more rows is another file.
      const later = config.source.type === 'xlsx' ? '' : 'rows appended later are read at the next start, ';
      print(`end of ${typeof path === 'string' ? path : 'the source'} after ${at} rows; ${later}Ctrl-C ends`);
    }
  }

  gap(wait: number): void {
    this.#waiting = `next row in ${Math.round(wait / 1000)} s`;
    this.#show();
  }

  summary({ pipeline, produced, ended }: RunResult): RunSummary {
    const { config } = this.#parts;
    const now = pipeline.totals;
    const before = this.#before;
    const rounded = (ms: number): number => Math.round(ms) / 1000;
    const seconds = this.#firstRowAt === undefined ? 0 : rounded(Math.max(0, (this.#lastCommitAt ?? 0) - this.#firstRowAt));
    const rowsRead = now.read - before.read;
    const names = pipeline.streams.flatMap((stream) => stream.names);
    const { path } = config.store.options;
    return {
      stream: config.stream,
      source: this.#start?.description ?? '',
      store: typeof path === 'string' ? path : undefined,
      tags: pipeline.streams[0]?.schema.tags.length ?? 0,
      rowsRead,
      rowsStored: now.stored - before.stored,
      deadLetters: now.dead - before.dead,
      deadReasons: { ...this.#deadReasons },
      duplicates: now.duplicate - before.duplicate,
      late: now.late - before.late,
      missing: Object.fromEntries(produced.missing),
      incidents: Object.fromEntries(names.map((name) => [name, (now.incidents[name] ?? 0) - (before.incidents[name] ?? 0)])),
      resumedAt: this.#start?.resumedAt ?? 0,
      ended,
      seconds,
      rowsPerSecond: seconds > 0 ? Math.round(rowsRead / seconds) : 0,
      processSeconds: rounded(performance.now()),
      peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
      total: {
        rowsRead: now.read,
        rowsStored: now.stored,
        deadLetters: now.dead,
        duplicates: now.duplicate,
        late: now.late,
        incidents: Object.fromEntries(names.map((name) => [name, now.incidents[name] ?? 0])),
      },
    };
  }

  #chunk(chunk: Chunk, writes: readonly StoreWrite[], seconds: { score: number; store: number }): void {
    const { metrics, log } = this.#parts;
    this.#firstRowAt ??= performance.now() - (seconds.score + seconds.store) * 1000;
    const rows = rowsIn(chunk);
    this.#processed += rows + chunk.dead.length;
    metrics.batchSeconds.observe({ stage: 'score' }, seconds.score);
    metrics.batchSeconds.observe({ stage: 'store' }, seconds.store);
    for (const batch of chunk.batches) metrics.rowsRead.inc({ stream: batch.stream }, batch.rows);
    for (const { batch, verdicts } of writes) {
      metrics.rowsStored.inc({ stream: batch.stream }, batch.rows);
      this.#newestRow(batch);
      for (const { detector, status } of verdicts) {
        const counts = [0, 0, 0, 0];
        for (let row = 0; row < batch.rows; row++) counts[status[row] + 1]++;
        for (const [s, n] of counts.entries()) if (n > 0) metrics.verdicts.inc({ detector, status: statusNames[s - 1] }, n);
      }
    }
    metrics.lagRows.set({ partition: chunk.partition }, Math.max(0, (this.#read ? this.#read.rows + this.#read.dead : 0) - this.#processed));
    this.#reach(chunk.nextOffset);
    log.trace({ nextOffset: chunk.nextOffset, rows, dead: chunk.dead.length }, 'processed, not yet committed');
    this.#warmUp();
    this.#show();
  }

  /** Moves the share on to an origin, which may lie between two of those that the source told. */
  #reach(nextOffset: number): void {
    while (this.#shares.length > 0 && this.#shares[0].nextOffset <= nextOffset) this.#reached = this.#shares.shift();
    const [ahead] = this.#shares;
    const behind = this.#reached ?? (this.#start?.resumedAt === 0 ? { nextOffset: 0, share: 0 } : undefined);
    if (!ahead || !behind || ahead.share <= behind.share) return;
    const { nextOffset: from, share } = behind;
    this.#reached = { nextOffset, share: share + ((ahead.share - share) * (nextOffset - from)) / (ahead.nextOffset - from) };
  }

  #newestRow({ stream, times, rows }: Batch): void {
    let newest = this.#newest.get(stream) ?? times[0];
    for (let row = 0; row < rows; row++) if (times[row] > newest) newest = times[row];
    this.#newest.set(stream, newest);
    this.#parts.metrics.lastRowTimestamp.set({ stream }, Number(newest) / 1e9);
  }

  /** Ids of the incidents of a detector that are open. */
  #openOf(detector: string): Set<string> {
    const open = this.#open.get(detector) ?? new Set();
    this.#open.set(detector, open);
    return open;
  }

  #warmUp(): void {
    const { metrics, log } = this.#parts;
    for (const [stream, { stage, have, need }] of this.#start?.pipeline.warmUp() ?? []) {
      if (this.#ready.has(stream)) continue;
      metrics.warmupRows.set({ stream }, have);
      metrics.warmupRowsNeeded.set({ stream }, need);
      if (stage === 'ready') {
        this.#ready.add(stream);
        const model = this.#start?.pipeline.stream(stream)?.model;
        if (model) for (const line of this.#learned(stream, need, model)) this.#parts.print(line);
        log.info({ stream, fitRows: model?.fitRows, calibrationRows: model?.calibrationRows }, 'warmed up: rows are judged from here on');
      }
    }
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

  #show(): void {
    const start = this.#start;
    if (!start) return;
    const warming = [...start.pipeline.warmUp().values()].find(({ stage }) => stage !== 'ready');
    const stage = warming
      ? `warm-up ${warming.stage} ${count(warming.have)} of ${count(warming.need)}`
      : this.#ended && this.#parts.staysUp
        ? 'at the end, waiting for Ctrl-C'
        : `judging, pace ${this.#parts.pace}`;
    this.#parts.progress.update({
      read: start.resumedAt + this.#processed,
      stored: start.pipeline.totals.stored,
      stage: this.#waiting || stage,
      ended: this.#ended,
      ...(this.#reached === undefined ? {} : { progress: this.#reached.share }),
    });
  }
}
