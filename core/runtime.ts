import type { Registry } from 'prom-client';
import type { PipelineConfig } from './pipeline-config.ts';

export interface WarmUp {
  readonly stage: 'waiting' | 'collecting' | 'fitting' | 'calibrating' | 'ready';
  /** n of N rows. */
  readonly have: number;
  readonly need: number;
}

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
}
