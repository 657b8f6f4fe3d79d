import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../core/runtime.ts';
import type { SimulatorControl } from '../core/simulator.ts';
import { guard } from './access.ts';
import { makeHttpApp, type ServerLog } from './http-app.ts';
import { type Address, listen, type Server } from './listen.ts';
import { healthRoutes } from './routes/health.ts';
import { itemRoutes } from './routes/items.ts';
import { metricsRoutes } from './routes/metrics.ts';

export interface SimulatorService extends Address {
  readonly control: SimulatorControl;
  readonly runtime: Pick<Runtime, 'metrics' | 'startedAt' | 'notReady'>;
  /** What requests must show; undefined where only this machine can ask. */
  readonly token: string | undefined;
  readonly log: ServerLog;
}

const help = `Sluice: simulated items

GET    /items              all of them, and the limits
POST   /items/ID           starts one: {"mean": 10, "variance": 4, "rate": 5}
PATCH  /items/ID           changes it: any of mean, variance and rate
DELETE /items/ID           stops it
POST   /items/ID/anomaly   {"deltas": [5, 10, 5]} or {"shape": "spike", "size": 10, "length": 1}
GET    /healthz  /readyz  /metrics
`;

/** Answered without the token: what says how the process is, and nothing of the items. */
const open = ['/healthz', '/readyz', '/metrics'];

/** The HTTP server of `sluice simulate service`. @throws as `listen` */
export async function startSimulatorService({ control, runtime, token, log, ...address }: SimulatorService): Promise<Server> {
  const make = (): FastifyInstance => {
    const app = makeHttpApp(log);
    // A form of a page can send text; commands are JSON.
    app.removeContentTypeParser('text/plain');
    guard(app, { token, open: (path) => open.includes(path) });
    app.get('/', async (_request, reply) => reply.type('text/plain; charset=utf-8').send(help));
    app.register(itemRoutes, { control });
    app.register(healthRoutes, { runtime });
    app.register(metricsRoutes, { runtime });
    return app;
  };
  return await listen(make, address);
}
