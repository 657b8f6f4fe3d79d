import type { Registry } from 'prom-client';
import type { LiveFeed } from './live-feed.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import type { SimulatorControl } from './simulator.ts';

/** How far a stream is from its first verdict. `waiting`: no row to train on has come. */
export interface WarmUp {
  readonly stage: 'waiting' | 'collecting' | 'fitting' | 'calibrating' | 'ready';
  /** n of N rows; 0 of 0 where the stream's own rows are not trained on. */
  readonly have: number;
  readonly need: number;
}

/** Rows of this run that went from one stage to the next. */
export interface StageEdge {
  readonly from: 'source' | 'bus' | 'pipeline';
  readonly to: 'bus' | 'pipeline' | 'store';
  readonly rows: number;
}

/** What this run has done so far. */
export interface RuntimeProgress {
  readonly rows: { readonly read: number; readonly stored: number; readonly duplicate: number; readonly late: number; readonly dead: number };
  /** All that there was has been read and stored. */
  readonly ended: boolean;
  /** Rows that wait on the bus; undefined: unknown. */
  readonly waiting: number | undefined;
  readonly openIncidents: number;
  /** Rows of each stream, and the newest one's time. */
  readonly streams: ReadonlyMap<string, { readonly rows: number; readonly newest: bigint }>;
  /** Services that it works with, and whether each answers. */
  readonly services: ReadonlyMap<string, boolean>;
}

/** What a running process shows of itself; read-only. */
export interface Runtime {
  readonly config: PipelineConfig;
  readonly metrics: Registry;
  /** Of Sluice. */
  readonly version: string;
  readonly startedAt: Date;
  warmUp(): ReadonlyMap<string, WarmUp>;
  /** undefined = ready; otherwise why not. */
  notReady(): string | undefined;
  graph(): StageEdge[];
  progress(): RuntimeProgress;
  /** What passes, while it does. */
  readonly live: LiveFeed;
  /** Where simulated items can be commanded. */
  readonly simulator?: SimulatorControl | undefined;
}
