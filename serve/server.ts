<<<<<<< Updated upstream

import type { FastifyInstance } from 'fastify';
import type { Runtime } from '../core/runtime.ts';
import { isLoopback } from './access.ts';
import { makeHttpApp, type ServerLog } from './http-app.ts';
import { listen, type Server } from './listen.ts';

=======

import { type AddressInfo, isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { SluiceError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { LiveHub } from './live/hub.ts';
import type { ApiPorts } from './ports.ts';
import { answerTo, problem } from './problem.ts';
import type { Api } from './routes/api.ts';
import { comparisonRoutes } from './routes/comparison.ts';
import { csvRoute } from './routes/csv.ts';

>>>>>>> Stashed changes

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
<<<<<<< Updated upstream
  readonly log?: ServerLog;
}

const names = { host: 'serve.host', port: 'serve.port', setPort: '--set serve.port=' };
=======
  /** What is under /api; without it there is no such thing. */
  readonly api?: Pick<ApiPorts, 'registry' | 'store'>;
  /** Where the page was built; default: dist/dashboard. */
  readonly page?: string;
  readonly log?: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
}

export interface Server {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, lets those at work end (two seconds at most) and frees the port. */
  close(): Promise<void>;
}

/** Bytes of a request's body. */
const bodyLimit = 64 * 1024;
/** Time for a request to arrive in full, ms; and how long a connection may stay without a byte. */
const requestTimeout = 10_000;
const connectionTimeout = 60_000;
const maxConnections = 1000;
/** Time that requests at work have to end when the server closes, ms. */
const grace = 2_000;
const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};
/** Ports tried after the first one. */
const furtherPorts = 100;
>>>>>>> Stashed changes

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
<<<<<<< Updated upstream
export async function startServer(runtime: Runtime, { host = '127.0.0.1', port = 8080, exact = false, log }: ServerOptions = {}): Promise<Server> {
  const server = await listen(() => makeApp(runtime, log), { host, port, exact, names });
  if (!isLoopback(host)) {
    log?.warn(
      { url: server.url },
      'the server can be reached from other machines and asks for no password; put a proxy with authentication in front, or set serve.host to 127.0.0.1',
    );
=======
export async function startServer(runtime: Runtime, options: ServerOptions = {}): Promise<Server> {
  const { host = '127.0.0.1', port = 8080, exact = false, log } = options;
  const last = exact || port === 0 ? port : Math.min(port + furtherPorts, 65_535);
  for (let candidate = port; candidate <= last; candidate++) {
    const app = makeApp(runtime, options);
    try {
      await app.listen({ host, port: candidate });
    } catch (error) {
      await app.close();
      if (isBusy(error)) continue;
      throw cannotListen(error, host, candidate);
    }
    const { port: taken } = app.server.address() as AddressInfo;
    const shown = isIP(host) === 6 ? `[${host}]` : host;
    const url = `http://${shown}:${taken}`;
    if (!isLoopback(host)) {
      log?.warn(
        { url },
        'the server can be reached from other machines and asks for no password; put a proxy with authentication in front, or set serve.host to 127.0.0.1',
      );
    }
    return { url, port: taken, close: () => closeGracefully(app) };
>>>>>>> Stashed changes
  }
  return server;
}

<<<<<<< Updated upstream
/** The routes, ready to be listened on. Each part of the interface is a plugin under routes/ that gets the same options. */
function makeApp(runtime: Runtime, log: ServerLog | undefined): FastifyInstance {
  const app = makeHttpApp(log);
  for (const routes of [indexPage, healthRoutes, metricsRoutes]) app.register(routes, { runtime });
  return app;
}
=======
/** The page's files, beside dist/serve and, for the sources, in the same place. */
function builtPage(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../dist/dashboard' : '../dashboard', import.meta.url));
}

/** The routes, ready to be listened on. */
function makeApp(runtime: Runtime, { log, api, page = builtPage() }: ServerOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit,
    requestTimeout,
    connectionTimeout,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
    // Errors before a route is found, such as a path that cannot be decoded, pass neither hook nor handler.
    frameworkErrors(error, _request, reply) {
      const answer = reply as FastifyReply;
      answer
        .code(error.statusCode ?? 400)
        .headers(securityHeaders)
        .send(problem(error.code, error.message));
    },
  });
  app.server.maxConnections = maxConnections;
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(securityHeaders);
  });
  app.setNotFoundHandler((request, reply) => {
    const url = request.url.slice(0, 200);
    const allowed = (['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).filter((method) => app.findRoute({ method, url: url.split('?')[0] }) !== null);
    if (allowed.length === 0) return reply.code(404).send(problem('NOT_FOUND', `there is no ${request.method} ${url}; see / for what there is`));
    const methods = allowed.join(', ');
    return reply
      .code(405)
      .header('allow', methods)
      .send(problem('METHOD_NOT_ALLOWED', `${url} answers ${methods}, not ${request.method}`));
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const answer = answerTo(error);
    if (answer) return reply.code(answer.status).send(answer.problem);
    log?.error({ err: error, method: request.method, url: request.url }, 'a request failed');
    return reply.code(500).send(problem('INTERNAL', 'the request failed; the log says why'));
  });
  for (const routes of [healthRoutes, metricsRoutes]) app.register(routes, { runtime });
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

async function closeGracefully(app: FastifyInstance): Promise<void> {
  const impatient = setTimeout(() => app.server.closeAllConnections(), grace);
  try {
    await app.close();
  } finally {
    clearTimeout(impatient);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

function cannotListen(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES') {
    return new SluiceError('CONFIG_INVALID', `port ${port} needs rights that this process does not have`, {
      place: 'serve.port',
      fix: 'Use one above 1023.',
      cause: error,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SluiceError('CONFIG_INVALID', `'${host}' is no address of this machine`, {
      place: 'serve.host',
      fix: 'Use 127.0.0.1, or 0.0.0.0 for every address.',
      cause: error,
    });
  }
  return error;
}
>>>>>>> Stashed changes
