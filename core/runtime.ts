import type { Registry } from 'prom-client';
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
  readonly from: string;
  readonly to: string;
  readonly rows: number;
}

/** What a running process shows of itself; read-only. */
export interface Runtime {
  readonly config: PipelineConfig;
  readonly metrics: Registry;
  readonly startedAt: Date;
  warmUp(): ReadonlyMap<string, WarmUp>;
  /** undefined = ready; otherwise why not. */
  notReady(): string | undefined;
  graph(): StageEdge[];
  /** Where simulated items can be commanded. */
  readonly simulator?: SimulatorControl | undefined;
}
