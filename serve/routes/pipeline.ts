import type { FastifyInstance } from 'fastify';
import { pipelineInfo as answer, status } from '../api.ts';
import { endpoint } from '../endpoint.ts';
import { pipelineInfo } from '../pipeline-info.ts';
import type { Api } from './api.ts';

/** What runs here, and how it is doing. */
export function pipelineRoutes(app: FastifyInstance, { runtime, registry, board }: Api): void {
  const info = { method: 'GET', url: '/api/pipeline', summary: 'The pipeline of this process: what does not change while it runs.', answer } as const;
  endpoint(app, info, () => pipelineInfo(runtime, registry));

  const now = { method: 'GET', url: '/api/status', summary: 'How the process, its pipeline and its machine are doing.', answer: status } as const;
  endpoint(app, now, () => board.current());
}
