import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../core/runtime.ts';
import { isLoopback } from './access.ts';
import { makeHttpApp, type ServerLog } from './http-app.ts';
import { listen, type Server } from './listen.ts';
import { healthRoutes } from './routes/health.ts';
import { indexPage } from './routes/index-page.ts';
import { metricsRoutes } from './routes/metrics.ts';

export type { Server };

export interface ServerOptions {
  readonly host?: string;
  readonly port?: number;
  /** The port was asked for: take it or fail. Otherwise the next free one is taken when it is busy. */
  readonly exact?: boolean;
  readonly log?: ServerLog;
}

const names = { host: 'serve.host', port: 'serve.port', setPort: '--set serve.port=' };

/**
 * The one HTTP server of a process: health, metrics and an index.
 *
 * @throws PORT_IN_USE when the port was asked for and is taken, or no port after it is free; CONFIG_INVALID when the host
 * or port cannot be listened on at all
 * @example
 * const runtime = { config: { stream: 'swat' }, metrics: makeMetrics().registry, startedAt: new Date(), notReady: () => undefined };
 * const server = await startServer(runtime, { port: 0 });
 * await (await fetch(`${server.url}/readyz`)).json(); // { ready: true }
 * await server.close();
 */
export async function startServer(runtime: Runtime, { host = '127.0.0.1', port = 8080, exact = false, log }: ServerOptions = {}): Promise<Server> {
  const server = await listen(() => makeApp(runtime, log), { host, port, exact, names });
  if (!isLoopback(host)) {
    log?.warn(
      { url: server.url },
      'the server can be reached from other machines and asks for no password; put a proxy with authentication in front, or set serve.host to 127.0.0.1',
    );
  }
  return server;
}

/** The routes, ready to be listened on. Each part of the interface is a plugin under routes/ that gets the same options. */
function makeApp(runtime: Runtime, log: ServerLog | undefined): FastifyInstance {
  const app = makeHttpApp(log);
  for (const routes of [indexPage, healthRoutes, metricsRoutes]) app.register(routes, { runtime });
  return app;
}
