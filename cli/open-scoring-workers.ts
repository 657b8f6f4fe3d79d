import { availableParallelism } from 'node:os';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import { ScoringWorkers } from '../processor/scoring-workers.ts';

/** So many threads at most, unless the pipeline names more: what they share has its limits, and so has memory. */
const usualMost = 3;

/** Threads for large batches, as the pipeline says; close them at the end. */
export function openScoringWorkers({ workers }: PipelineConfig, warn: (message: string) => void): ScoringWorkers {
  const threads = workers ?? Math.min(availableParallelism() - 1, usualMost);
  return new ScoringWorkers(new URL('./scoring-thread.js', import.meta.url), { threads, warn });
}
