import { parentPort } from 'node:worker_threads';
import { serveScoring } from '../processor/scoring-workers.ts';
import { builtInRegistry } from './load-pipeline.ts';

// A thread of its own: `ScoringWorkers` starts it.
if (parentPort) serveScoring(parentPort, await builtInRegistry());
