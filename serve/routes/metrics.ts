import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../../core/runtime.ts';

/** `/metrics` in the text format of Prometheus. */
export async function metricsRoutes(app: FastifyInstance, { runtime }: { runtime: Pick<Runtime, 'metrics'> }): Promise<void> {
  app.get('/metrics', { schema: { summary: 'Counters, gauges and histograms for Prometheus.' } }, async (_request, reply) =>
    reply.type(runtime.metrics.contentType).send(await runtime.metrics.metrics()),
  );
}
