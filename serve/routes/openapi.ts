import type { FastifyInstance } from 'fastify';

/** The interface, as it describes itself. */
export function openApiRoute(app: FastifyInstance): void {
  app.get('/api/openapi.json', { schema: { summary: 'This document.' } }, () => app.swagger());
}
