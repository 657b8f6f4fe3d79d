import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { SluiceError } from '../core/errors.ts';
import { answerTo, problem } from './problem.ts';

/** Where an app tells of requests that failed by a fault of its own. */
export interface ServerLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Bytes of a request's body. */
const bodyLimit = 64 * 1024;
/** Time for a request to arrive in full, ms; and how long a connection may stay without a byte. */
const requestTimeout = 10_000;
const connectionTimeout = 60_000;
const maxConnections = 1000;
const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** An app without routes that limits what it takes, and answers errors as `{error: {code, message, place, fix}}`. */
export function makeHttpApp(log: ServerLog | undefined): FastifyInstance {
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
  app.setErrorHandler((error: FastifyError | SluiceError, request, reply) => {
    const answer = answerTo(error);
    if (answer) return reply.code(answer.status).send(answer.problem);
    log?.error({ err: error, method: request.method, url: request.url }, 'a request failed');
    return reply.code(500).send(problem('INTERNAL', 'the request failed; the log says why'));
  });
  return app;
}
