import { rowsIn } from '../core/chunk.ts';
import type { Log } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Runtime, RuntimeProgress, WarmUp } from '../core/runtime.ts';
import type { SimulatorControl } from '../core/simulator.ts';
import type { Pipeline } from '../processor/pipeline.ts';
import type { ProcessorWatch } from '../processor/processor.ts';
import type { Progress } from '../producer/progress.ts';
import type { Services } from './broker.ts';
import type { PipelineRecorder } from './pipeline-recorder.ts';
import type { RunFigures } from './run-summary.ts';
import { version } from './version.ts';
import { joinedWarmth, streamsText, warmUpText } from './warm-up-text.ts';

/** A member that has no partition by then is one in reserve. */
const reserveAfterMs = 3000;

const count = (n: number): string => n.toLocaleString('en-US');

/** What a processor did in this run. */
export interface ProcessSummary extends RunFigures {
  readonly topics: readonly string[];
  readonly group: string;
  /** Where each partition stands that was here last: `topic/partition` -> offset to go on from. */
  readonly positions: Readonly<Record<string, number>>;
  /** Every producer had ended, and all that they sent was taken in. */
  readonly ended: boolean;
}

interface RecorderParts {
  readonly config: PipelineConfig;
  readonly group: string;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly pipelines: PipelineRecorder;
  readonly progress: Progress;
  readonly services: Services;
  /** A line for people. */
  readonly print: (line: string) => void;
  /** Items elsewhere that can be commanded from here. */
  readonly simulator?: SimulatorControl | undefined;
}

/** Turns what the processors of all topics do into progress and summary, beside their pipelines' metrics; shows it as a Runtime. */
export class ProcessRecorder {
  readonly runtime: Runtime;
  readonly #parts: RecorderParts;
  readonly #held = new Map<string, Pipeline>();
  readonly #positions = new Map<string, number>();
  readonly #lag = new Map<string, number>();
  readonly #ended = new Set<string>();
  /** Topics of whose group this is a member. */
  readonly #joined = new Set<string>();
  /** Partitions whose manifest and store are being opened. */
  readonly #taking = new Set<string>();

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    const { config, metrics, pipelines, services } = parts;
    services.changed(() => this.#show());
    const notReady = (): string | undefined => services.away ?? this.#beginning();
    metrics.askReady(() => notReady() === undefined);
    this.runtime = {
      config,
      metrics: metrics.registry,
      version: version(),
      startedAt: new Date(),
      live: pipelines.live,
      warmUp: () => this.#warmUp(),
      notReady,
      graph: () => [
        { from: 'bus', to: 'pipeline', rows: pipelines.processed },
        { from: 'pipeline', to: 'store', rows: pipelines.stored },
      ],
      progress: () => this.#progress(),
      simulator: parts.simulator,
    };
  }

  /** What the processor of one topic tells. */
  watch(topic: string): ProcessorWatch {
    const { pipelines, log, metrics, print, config } = this.#parts;
    const { observer } = pipelines;
    const name = (partition: number): string => `${topic}/${partition}`;
    const label = (partition: number): string => (config.topics.length === 1 ? String(partition) : name(partition));
    return {
      observer: {
        ...observer,
        chunk: (chunk, writes, seconds, key) => {
          this.#ended.delete(topic);
          this.#positions.set(name(chunk.partition), chunk.nextOffset);
          const waiting = this.#lag.get(name(chunk.partition));
          if (waiting !== undefined) this.#lag.set(name(chunk.partition), Math.max(0, waiting - rowsIn(chunk) - chunk.dead.length));
          observer.chunk?.(chunk, writes, seconds, key);
          this.#show();
        },
      },
      joined: () => {
        this.#joined.add(topic);
        // Partitions come a moment later, if at all.
        setTimeout(() => this.#held.size === 0 && this.#show(), reserveAfterMs).unref();
      },
      taking: (partition) => void this.#taking.add(name(partition)),
      taken: (partition, pipeline, nextOffset) => {
        this.#taking.delete(name(partition));
        this.#held.set(name(partition), pipeline);
        this.#positions.set(name(partition), nextOffset);
        pipelines.add(pipeline, { told: nextOffset > 0 });
        log.info({ partition: name(partition), nextOffset }, 'partition taken');
        print(`${name(partition)}  ${nextOffset > 0 ? `goes on at offset ${count(nextOffset)}` : 'begins at the first offset'}`);
        this.#show();
      },
      left: (partition, fenced) => {
        const pipeline = this.#held.get(name(partition));
        if (pipeline) pipelines.remove(pipeline);
        this.#held.delete(name(partition));
        this.#lag.delete(name(partition));
        metrics.lagRows.remove({ partition: label(partition) });
        log.info({ partition: name(partition), fenced }, 'partition left');
        print(
          `${name(partition)}  ${fenced ? 'is with another processor now; its uncommitted rows are processed there' : `released at offset ${count(this.#positions.get(name(partition)) ?? 0)}`}`,
        );
      },
      lag: (lag) => {
        for (const [partition, rows] of lag) {
          this.#lag.set(name(partition), rows);
          metrics.lagRows.set({ partition: label(partition) }, rows);
        }
        this.#show();
      },
      ended: () => {
        this.#ended.add(topic);
        this.#lag.clear();
        this.#show();
      },
    };
  }

  summary(ended: boolean): ProcessSummary {
    const { config, group, pipelines } = this.#parts;
    const { own, firstChunkAt, lastCommitAt = 0, deadReasons } = pipelines;
    const seconds = firstChunkAt === undefined ? 0 : Math.round(Math.max(0, lastCommitAt - firstChunkAt)) / 1000;
    return {
      topics: config.topics,
      group,
      rowsRead: own.read,
      rowsStored: pipelines.stored,
      deadLetters: own.dead,
      deadReasons: { ...deadReasons },
      duplicates: own.duplicate,
      late: own.late,
      incidents: { ...own.incidents },
      positions: Object.fromEntries(this.#positions),
      ended,
      seconds,
      rowsPerSecond: seconds > 0 ? Math.round(own.read / seconds) : 0,
      peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
    };
  }

  #progress(): RuntimeProgress {
    const { config, pipelines, services } = this.#parts;
    const { read, duplicate, late, dead } = pipelines.own;
    return {
      rows: { read, stored: pipelines.stored, duplicate, late, dead },
      ended: config.topics.every((topic) => this.#ended.has(topic)),
      waiting: this.#lag.size === 0 && this.#ended.size === 0 ? undefined : this.#waiting,
      ...{ openIncidents: pipelines.openIncidents, streams: pipelines.streams, services: services.states },
    };
  }

  get #waiting(): number {
    return [...this.#lag.values()].reduce((sum, rows) => sum + rows, 0);
  }

  /** Why it is not ready although every service is there. */
  #beginning(): string | undefined {
    if (!this.#parts.config.topics.every((topic) => this.#joined.has(topic))) return 'joining the group';
    const [partition] = this.#taking;
    return partition === undefined ? undefined : `taking over ${partition}`;
  }

  #warmUp(): Map<string, WarmUp> {
    return new Map([...this.#held.values()].flatMap((pipeline) => [...pipeline.warmUp()]));
  }

  #show(): void {
    const { pipelines, progress, services, config } = this.#parts;
    const warmth = joinedWarmth([...this.#held.values()].map((pipeline) => pipeline.warmth));
    const warming = warmUpText(warmth);
    const ended = config.topics.every((topic) => this.#ended.has(topic));
    const lag = this.#lag.size === 0 ? '' : `, ${count(this.#waiting)} rows wait`;
    const working = ended
      ? 'all is processed, waiting for rows'
      : `${warming ?? (pipelines.processed > 0 ? `judging${streamsText(warmth)}` : 'waiting for rows')}${lag}`;
    const stage = this.#held.size === 0 ? 'in reserve: other members have the partitions' : working;
    progress.update({ read: pipelines.processed, stored: pipelines.stored, stage: services.away ?? stage, ended });
  }
}

/** The summary for people, a fact a line. */
export function processLines(summary: ProcessSummary): string[] {
  const { rowsRead, rowsStored, duplicates, late, deadLetters, deadReasons, incidents, rowsPerSecond, seconds, peakRssMb } = summary;
  const reasons = Object.entries(deadReasons).map(([reason, n]) => `${reason} ${count(n)}`);
  const opened = Object.entries(incidents).map(([detector, n]) => `${detector} ${n}`);
  const lines: [string, string][] = [
    ['rows', `${count(rowsRead)} read, ${count(rowsStored)} stored, ${count(duplicates)} duplicate, ${count(late)} late, ${count(deadLetters)} dead`],
    ...(reasons.length > 0 ? [['dead', reasons.join(', ')] as [string, string]] : []),
    ['incidents', opened.join(', ') || 'none'],
    ['offsets', Object.entries(summary.positions).map(([partition, offset]) => `${partition} ${count(offset)}`).join(', ') || 'none'], // biome-ignore format: one line
    ['speed', `${count(rowsPerSecond)} rows/s: ${count(rowsRead)} rows in ${seconds} s from the first row to the last commit; peak memory ${peakRssMb} MB`],
  ];
  return lines.map(([name, text]) => `${name.padEnd(10)}${text}`);
}
