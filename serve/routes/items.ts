import type { FastifyInstance } from 'fastify';
import type { SimulatorControl } from '../../core/simulator.ts';
import { readAnomaly, readItemChange, readItemId, readItemSettings } from '../../producer/simulator/settings.ts';

interface Item {
  Params: { id: string };
}

/** Commands for simulated items: POST starts, PATCH changes, DELETE stops, POST …/anomaly disturbs, GET tells. */
export async function itemRoutes(app: FastifyInstance, { control }: { readonly control: SimulatorControl }): Promise<void> {
  app.get('/items', async () => ({ items: await control.list(), limits: control.limits }));
  app.get<Item>('/items/:id', async ({ params }) => await control.get(params.id));
  app.post<Item>('/items/:id', async ({ params, body }, reply) => {
    const item = await control.start(readItemId(params.id), readItemSettings(body));
    return reply.code(201).send(item);
  });
  app.patch<Item>('/items/:id', async ({ params, body }) => await control.update(params.id, readItemChange(body)));
  app.delete<Item>('/items/:id', async ({ params }) => await control.stop(params.id));
  app.post<Item>('/items/:id/anomaly', async ({ params, body }, reply) => {
    const item = await control.inject(params.id, readAnomaly(body));
    return reply.code(202).send(item);
  });
}
