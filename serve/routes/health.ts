import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../../core/runtime.ts';

/** `/healthz`: the process lives. `/readyz`: it takes rows, scores and stores them, or why not. */
export async function healthRoutes(app: FastifyInstance, { runtime }: { runtime: Pick<Runtime, 'startedAt' | 'notReady'> }): Promise<void> {
  app.get('/healthz', { schema: { summary: 'Whether the process lives.' } }, async () => ({
    alive: true,
    uptimeSeconds: Math.round((Date.now() - runtime.startedAt.getTime()) / 1000),
  }));

  app.get('/readyz', { schema: { summary: 'Whether it takes rows, scores and stores them; 503 with the reason where not.' } }, async (_request, reply) => {
    const reason = runtime.notReady();
    if (reason === undefined) return { ready: true };
    return reply.code(503).send({ ready: false, reason });
  });
}
