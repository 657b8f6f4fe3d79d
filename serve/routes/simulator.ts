import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SimulatorControl } from '../../core/simulator.ts';
import { itemAnomaly, itemSettings, readAnomaly, readItemChange, readItemId, readItemSettings } from '../../producer/simulator/settings.ts';
import { simulatedItem, simulatedItems, simulator } from '../api.ts';
import { endpoint } from '../endpoint.ts';
import { Refusal } from '../problem.ts';
import type { Api } from './api.ts';

const params = z.strictObject({
  id: z
    .string()
    .describe('Id of the item: the stream of its rows.')
    .meta({ examples: ['pump-1'] }),
});

/** What helps where there is nothing to command. */
const command = './sluice run pipelines/playground.yaml';
const why = 'The pipeline of this process reads from another source.';

/** Commands for simulated items, in this process or in a service. */
export function simulatorRoutes(app: FastifyInstance, { runtime }: Api): void {
  const control = (): SimulatorControl => {
    if (runtime.simulator) return runtime.simulator;
    throw new Refusal(404, 'NOT_FOUND', 'no simulator is commanded here', { fix: `Start one with ${command}.` });
  };

  endpoint(app, { method: 'GET', url: '/api/simulator', summary: 'Whether there are simulated items here, and which.', answer: simulator }, async () => {
    const { simulator: found } = runtime;
    return found ? { available: true, items: await found.list(), limits: found.limits } : { available: false, why, command };
  });

  const items = '/api/simulator/items';
  endpoint(app, { method: 'GET', url: items, summary: 'All simulated items, and how many there may be.', answer: simulatedItems }, async () => ({
    items: await control().list(),
    limits: control().limits,
  }));

  const one = `${items}/:id`;
  endpoint(app, { method: 'GET', url: one, summary: 'One simulated item.', params, answer: simulatedItem }, ({ params: { id } }) => control().get(id));

  // What is wrong with a body is said by what reads it, the same here and in the service.
  const start = {
    method: 'POST',
    url: one,
    summary: 'Starts an item.',
    params,
    body: itemSettings,
    unchecked: true,
    answer: simulatedItem,
    code: 201,
  } as const;
  endpoint(app, start, ({ params: { id }, body }) => control().start(readItemId(id), readItemSettings(body)));

  const change = {
    method: 'PATCH',
    url: one,
    summary: 'Changes an item from its next message on; what is not given stays.',
    params,
    body: itemSettings.partial(),
    unchecked: true,
    answer: simulatedItem,
  } as const;
  endpoint(app, change, ({ params: { id }, body }) => control().update(id, readItemChange(body)));

  endpoint(app, { method: 'DELETE', url: one, summary: 'Stops an item, and tells how it was at its end.', params, answer: simulatedItem }, (asked) =>
    control().stop(asked.params.id),
  );

  const inject = {
    method: 'POST',
    url: `${one}/anomaly`,
    summary: 'Lays an anomaly over the next values of an item, behind those that are pending.',
    params,
    body: itemAnomaly as z.ZodType<unknown>,
    unchecked: true,
    answer: simulatedItem,
    code: 202,
  } as const;
  endpoint(app, inject, ({ params: { id }, body }) => control().inject(id, readAnomaly(body)));
}
