import { fileURLToPath } from 'node:url';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../core/runtime.ts';
import { type Access, guard } from './access.ts';
import { makeHttpApp, type ServerLog } from './http-app.ts';
import { listen, type Server } from './listen.ts';
import { LiveHub } from './live/hub.ts';
import { describeEndpoints } from './openapi.ts';
import { configuredDetectors } from './pipeline-info.ts';
import type { ApiPorts } from './ports.ts';
import { Refusal } from './problem.ts';
import { QueryQueue } from './query-queue.ts';
import type { Api } from './routes/api.ts';
import { comparisonRoutes } from './routes/comparison.ts';
import { csvRoute } from './routes/csv.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { liveRoute } from './routes/live.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { openApiRoute } from './routes/openapi.ts';
import { pageRoutes } from './routes/page.ts';
import { pipelineRoutes } from './routes/pipeline.ts';
import { rowsRoute } from './routes/rows.ts';
import { seriesRoutes } from './routes/series.ts';
import { sessionRoutes } from './routes/session.ts';
import { simulatorRoutes } from './routes/simulator.ts';
import { streamRoutes } from './routes/streams.ts';
import { ServedStreams } from './served-streams.ts';
import { StatusBoard } from './status-board.ts';
import { tokenFor, tokenVariable } from './token.ts';

export type { Server };

export interface ServerOptions {
  readonly host?: string;
  readonly port?: number;
  /** The port was asked for: take it or fail. Otherwise the next free one is taken when it is busy. */
  readonly exact?: boolean;
  /** What requests of other machines must show; they are let in nowhere without. */
  readonly token?: string | undefined;
  /** What is under /api; without it there is no such thing. */
  readonly api?: Pick<ApiPorts, 'registry' | 'store'>;
  /** What one address may ask of /api: so many requests in so many milliseconds. Default: many for a page that is moved about, few for one that goes mad. */
  readonly requests?: { readonly max: number; readonly timeWindow: number };
  /** Where the page was built; default: dist/dashboard. */
  readonly page?: string;
  readonly log?: ServerLog;
}

const usualRequests = { max: 1000, timeWindow: 10_000 };
const names = { host: 'serve.host', port: 'serve.port', setPort: '--set serve.port=' };

/**
 * The one HTTP server of a process: the page and its interface, health and metrics.
 *
 * @throws PORT_IN_USE when the port was asked for and is taken, or no port after it is free; CONFIG_INVALID when the host
 * or port cannot be listened on at all, or other machines can reach it and there is no token
 * @example
 * const runtime = { config: { stream: 'swat' }, metrics: makeMetrics().registry, startedAt: new Date(), notReady: () => undefined };
 * const server = await startServer(runtime, { port: 0 });
 * await (await fetch(`${server.url}/readyz`)).json(); // { ready: true }
 * await server.close();
 */
export async function startServer(runtime: Runtime, options: ServerOptions = {}): Promise<Server> {
  const { host = '127.0.0.1', port = 8080, exact = false } = options;
  const token = tokenFor(host, names.host, { [tokenVariable]: options.token });
  return await listen(() => makeApp(runtime, { ...options, token }), { host, port, exact, names });
}

/** The page's files, in the build beside this folder. */
function builtPage(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../dist/dashboard' : '../dashboard', import.meta.url));
}

/** Answered without a token: how the process is, and the page, which holds nothing of the plant and asks for the token itself. */
function isOpen(path: string): boolean {
  return !path.startsWith('/api/') || path === '/api/session';
}

/** The routes, ready to be listened on. Each part of the interface has a file under routes/. */
function makeApp(runtime: Runtime, { log, api, token, requests = usualRequests, page = builtPage() }: ServerOptions): FastifyInstance {
  const app = makeHttpApp(log);
  // A form of a page can send text; commands are JSON.
  app.removeContentTypeParser('text/plain');
  const access = guard(app, { token, open: isOpen, browsers: true });
  describeEndpoints(app, runtime.version);
  app.register(healthRoutes, { runtime });
  app.register(metricsRoutes, { runtime });
  app.register(pageRoutes, { folder: page, runtime });
  if (!api) return app;
  app.register(async (scope) => {
    await scope.register(rateLimit, {
      ...requests,
      addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
      errorResponseBuilder: (_request, { after }) =>
        new Refusal(429, 'TOO_MANY_REQUESTS', `more than ${requests.max} requests came within ${requests.timeWindow / 1000} s`, {
          fix: `Try again in ${after}.`,
        }),
    });
    addApi(scope, { runtime, ...api }, access, (error) => log?.error({ err: error }, 'the live feed failed'));
  });
  return app;
}

/** Everything under /api. */
function addApi(app: FastifyInstance, ports: ApiPorts, access: Access, failed: (error: unknown) => void): void {
  const { runtime, registry } = ports;
  const streams = new ServedStreams(ports.store, configuredDetectors(runtime.config));
  const board = new StatusBoard(runtime, registry);
  const hub = new LiveHub({ feed: runtime.live, board, streams, failed });
  const parts: Api = { ...ports, streams, board, hub, queries: new QueryQueue() };
  sessionRoutes(app, access);
  for (const add of [
    pipelineRoutes,
    streamRoutes,
    seriesRoutes,
    rowsRoute,
    csvRoute,
    comparisonRoutes,
    incidentRoutes,
    liveRoute,
    simulatorRoutes,
    openApiRoute,
  ])
    add(app, parts);
  app.addHook('preClose', async () => {
    hub.close();
    board.close();
  });
}
