import type { Chunk } from '../core/chunk.ts';
import type { Log } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Runtime, RuntimeProgress } from '../core/runtime.ts';
import type { SimulatorControl } from '../core/simulator.ts';
import type { PipelineObserver } from '../processor/pipeline.ts';
import type { ProduceProgress } from '../producer/producer.ts';
import type { Progress } from '../producer/progress.ts';
import type { Services } from './broker.ts';
import type { RunResult, RunStart } from './embedded.ts';
import { PipelineRecorder } from './pipeline-recorder.ts';
import type { RunSummary } from './run-summary.ts';
import { version } from './version.ts';
import { streamsText, warmUpText } from './warm-up-text.ts';

const count = (n: number): string => n.toLocaleString('en-US');

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
  readonly services: Services;
  readonly pace: string;
  /** A line for people. */
  readonly print: (line: string) => void;
  /** Items elsewhere that can be commanded from here. */
  readonly simulator?: SimulatorControl | undefined;
  /** It stays up at the end of the source. */
  readonly staysUp: boolean;
}

/** Turns what a run does into the progress display and the summary, beside its pipeline's metrics and log; shows it as a Runtime. */
export class RunRecorder {
  readonly runtime: Runtime;
  readonly observer: PipelineObserver;
  readonly #parts: RecorderParts;
  readonly #pipelines: PipelineRecorder;
  #start: RunStart | undefined;
  #read: ProduceProgress | undefined;
  /** Shares of the source that were read, by the origin after them: those of rows that are still on the bus. */
  #shares: Reached[] = [];
  /** How far the source has been processed, where that is known. */
  #reached: Reached | undefined;
  #firstRowAt: number | undefined;
  #waiting = '';
  #ended = false;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    const { config, metrics, log, services } = parts;
    services.changed(() => this.#show());
    this.#pipelines = new PipelineRecorder({ config, log, metrics, print: parts.print });
    const { observer } = this.#pipelines;
    this.observer = {
      ...observer,
      chunk: (chunk, writes, seconds, key) => {
        observer.chunk?.(chunk, writes, seconds, key);
        this.#chunk(chunk);
      },
    };
    const notReady = (): string | undefined => services.away ?? (this.#start ? undefined : 'starting');
    metrics.askReady(() => notReady() === undefined);
    const control = (): SimulatorControl | undefined => this.#start?.simulator ?? parts.simulator;
    this.runtime = {
      config,
      metrics: metrics.registry,
      version: version(),
      startedAt: new Date(),
      live: this.#pipelines.live,
      warmUp: () => this.#start?.pipeline.warmUp() ?? new Map(),
      notReady,
      graph: () => [
        { from: 'source', to: 'bus', rows: this.#read?.rows ?? 0 },
        { from: 'bus', to: 'pipeline', rows: this.#pipelines.processed },
        { from: 'pipeline', to: 'store', rows: this.#pipelines.own.stored },
      ],
      get simulator() {
        return control();
      },
      progress: () => this.#progress(),
    };
  }

  start(start: RunStart): void {
    this.#start = start;
    if (start.rows) this.#reached = { nextOffset: start.resumedAt, share: Math.min(1, start.resumedAt / start.rows) };
    // What was learned was told by the run that learned it.
    this.#pipelines.add(start.pipeline, { told: start.resumedAt > 0 });
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
      ...(url === undefined ? [] : [`page     ${url}${this.#otherPort(url)}`, `watch    ${url}/metrics  ${url}/readyz`]),
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
    this.#pipelines.tellWarmUp();
    this.#parts.print(line);
  }

  /** The source was read to its end. */
  ended(): void {
    const { config, staysUp, print } = this.#parts;
    const { resumedAt } = this.#start as RunStart;
    const rows = resumedAt + this.#pipelines.processed;
    this.#ended = true;
    this.#reached = { nextOffset: rows, share: 1 };
    this.#show();
    const at = count(rows);
    if (this.#pipelines.processed === 0 && resumedAt > 0) print(`nothing new since row ${at}; --fresh begins anew`);
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
    const { own, lastCommitAt = 0, deadReasons } = this.#pipelines;
    const rounded = (ms: number): number => Math.round(ms) / 1000;
    const firstRowAt = Math.min(this.#firstRowAt ?? Number.POSITIVE_INFINITY, this.#pipelines.firstChunkAt ?? Number.POSITIVE_INFINITY);
    const seconds = Number.isFinite(firstRowAt) ? rounded(Math.max(0, lastCommitAt - firstRowAt)) : 0;
    const rowsRead = own.read;
    const names = [...config.detectors.keys(), ...config.combine.keys()];
    const { path } = config.store.options;
    return {
      stream: config.stream,
      source: this.#start?.description ?? '',
      store: typeof path === 'string' ? path : undefined,
      tags: pipeline.streams[0]?.schema.tags.length ?? 0,
      rowsRead,
      rowsStored: own.stored,
      deadLetters: own.dead,
      deadReasons: { ...deadReasons },
      duplicates: own.duplicate,
      late: own.late,
      missing: Object.fromEntries(produced.missing),
      incidents: Object.fromEntries(names.map((name) => [name, own.incidents[name] ?? 0])),
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

  #progress(): RuntimeProgress {
    const { read, stored, duplicate, late, dead } = this.#pipelines.own;
    return {
      ...{ rows: { read, stored, duplicate, late, dead }, ended: this.#ended, waiting: this.#lag, openIncidents: this.#pipelines.openIncidents },
      ...{ streams: this.#pipelines.streams, services: this.#parts.services.states },
    };
  }

  /** Rows that were read and not processed yet. */
  get #lag(): number {
    return Math.max(0, (this.#read ? this.#read.rows + this.#read.dead : 0) - this.#pipelines.processed);
  }

  #chunk({ partition, nextOffset }: Chunk): void {
    this.#parts.metrics.lagRows.set({ partition }, this.#lag);
    this.#reach(nextOffset);
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

  #show(): void {
    const start = this.#start;
    if (!start) return;
    const atEnd = this.#ended && this.#parts.staysUp ? 'at the end, waiting for Ctrl-C' : undefined;
    const stage = warmUpText(start.pipeline.warmth) ?? atEnd ?? `judging${streamsText(start.pipeline.warmth)}, pace ${this.#parts.pace}`;
    this.#parts.progress.update({
      read: start.resumedAt + this.#pipelines.processed,
      stored: start.pipeline.totals.stored,
      stage: this.#parts.services.away ?? (this.#waiting || stage),
      ended: this.#ended,
      ...(this.#reached === undefined ? {} : { progress: this.#reached.share }),
    });
  }
}
