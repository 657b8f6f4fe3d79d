import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../core/runtime.ts';
import { isLoopback } from './access.ts';
import { makeHttpApp, type ServerLog } from './http-app.ts';
import { listen, type Server } from './listen.ts';
import { LiveHub } from './live/hub.ts';
import type { ApiPorts } from './ports.ts';
import type { Api } from './routes/api.ts';
import { comparisonRoutes } from './routes/comparison.ts';
import { csvRoute } from './routes/csv.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { liveRoute } from './routes/live.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { pageRoutes } from './routes/page.ts';
import { pipelineRoutes } from './routes/pipeline.ts';
import { rowsRoute } from './routes/rows.ts';
import { seriesRoutes } from './routes/series.ts';
import { streamRoutes } from './routes/streams.ts';
import { ServedStreams } from './served-streams.ts';
import { StatusBoard } from './status-board.ts';

export type { Server };

export interface ServerOptions {
  readonly host?: string;
  readonly port?: number;
  /** The port was asked for: take it or fail. Otherwise the next free one is taken when it is busy. */
  readonly exact?: boolean;
  /** What is under /api; without it there is no such thing. */
  readonly api?: Pick<ApiPorts, 'registry' | 'store'>;
  /** Where the page was built; default: dist/dashboard. */
  readonly page?: string;
  readonly log?: ServerLog;
}

const names = { host: 'serve.host', port: 'serve.port', setPort: '--set serve.port=' };

/**
 * The one HTTP server of a process: the page and its interface, health and metrics.
 *
 * @throws PORT_IN_USE when the port was asked for and is taken, or no port after it is free; CONFIG_INVALID when the host
 * or port cannot be listened on at all
 * @example
 * const runtime = { config: { stream: 'swat' }, metrics: makeMetrics().registry, startedAt: new Date(), notReady: () => undefined };
 * const server = await startServer(runtime, { port: 0 });
 * await (await fetch(`${server.url}/readyz`)).json(); // { ready: true }
 * await server.close();
 */
export async function startServer(runtime: Runtime, options: ServerOptions = {}): Promise<Server> {
  const { host = '127.0.0.1', port = 8080, exact = false, log } = options;
  const server = await listen(() => makeApp(runtime, options), { host, port, exact, names });
  if (!isLoopback(host)) {
    log?.warn(
      { url: server.url },
      'the server can be reached from other machines and asks for no password; put a proxy with authentication in front, or set serve.host to 127.0.0.1',
    );
  }
  return server;
}

/** The page's files, in the build beside this folder. */
function builtPage(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../dist/dashboard' : '../dashboard', import.meta.url));
}

/** The routes, ready to be listened on. Each part of the interface has a file under routes/. */
function makeApp(runtime: Runtime, { log, api, page = builtPage() }: ServerOptions): FastifyInstance {
  const app = makeHttpApp(log);
  app.register(healthRoutes, { runtime });
  app.register(metricsRoutes, { runtime });
  app.register(pageRoutes, { folder: page, runtime });
  if (api) addApi(app, { runtime, ...api }, (error) => log?.error({ err: error }, 'the live feed failed'));
  return app;
}

/** Everything under /api. */
function addApi(app: FastifyInstance, ports: ApiPorts, failed: (error: unknown) => void): void {
  const { runtime, registry } = ports;
  const streams = new ServedStreams(ports.store);
  const board = new StatusBoard(runtime, registry);
  const hub = new LiveHub({ feed: runtime.live, board, streams, failed });
  const parts: Api = { ...ports, streams, board, hub };
  for (const add of [pipelineRoutes, streamRoutes, seriesRoutes, rowsRoute, csvRoute, comparisonRoutes, incidentRoutes, liveRoute]) add(app, parts);
  app.addHook('preClose', async () => {
    hub.close();
    board.close();
  });
}
