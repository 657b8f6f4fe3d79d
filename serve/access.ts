import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { quote } from '../core/errors.ts';
import type { Problem } from './api.ts';
import { FailedAttempts } from './failed-attempts.ts';
import { problem } from './problem.ts';
import { Sessions } from './sessions.ts';
import { isLoopback, isToken, tokenVariable } from './token.ts';

/** Why a request is not answered. */
export interface AccessRefusal {
  readonly status: 401 | 403;
  readonly code: 'HOST_REFUSED' | 'ORIGIN_REFUSED' | 'TOKEN_REFUSED';
  readonly message: string;
  readonly fix: string;
}

/**
 * Where there is no token, a request must be meant for this machine: a name on the internet that was made to point here (DNS
 * rebinding) is refused. Pages of other origins may link here, but neither command nor read. Where there is a token it must be shown.
 * @param options.signedIn the token was shown in another way than by the header
 */
export function refusalOf(
  { method = 'GET', headers }: { readonly method?: string | undefined; readonly headers: IncomingHttpHeaders },
  { token, signedIn = false }: { readonly token: string | undefined; readonly signedIn?: boolean },
): AccessRefusal | undefined {
  if (token === undefined && !isLoopback(hostName(headers.host))) {
    const message = `this server is ${quote(headers.host ?? '')} to nobody`;
    return { status: 403, code: 'HOST_REFUSED', message, fix: 'Ask for it at 127.0.0.1 or localhost.' };
  }
  const reads = ['GET', 'HEAD', 'OPTIONS'].includes(method);
  if (reads ? isEmbedded(headers) : isForeign(headers)) {
    const message = `a page of ${quote(headers.origin ?? 'another origin')} may not ${reads ? 'read from' : 'command'} this server`;
    return { status: 403, code: 'ORIGIN_REFUSED', message, fix: 'Use its own page, or a program that sends no Origin.' };
  }
  if (token === undefined || signedIn || isToken(bearerOf(headers), token)) return undefined;
  const message = headers.authorization === undefined ? 'a token is needed' : 'this is not the token';
  return { status: 401, code: 'TOKEN_REFUSED', message, fix: `Send the header 'Authorization: Bearer ...' with the value of ${tokenVariable}.` };
}

/** Who has shown the token, and who showed a wrong one. */
export interface Access {
  /** Undefined where no token is asked for. */
  readonly sessions: Sessions | undefined;
  readonly failures: FailedAttempts;
}

/**
 * Refuses requests before they are looked at further.
 * @param options.open whether a path is answered without a token; default: none is
 * @param options.browsers whether a cookie may stand for the token
 */
export function guard(
  app: FastifyInstance,
  {
    token,
    open = () => false,
    browsers = false,
  }: { readonly token: string | undefined; readonly open?: (path: string) => boolean; readonly browsers?: boolean },
): Access {
  const sessions = token === undefined || !browsers ? undefined : new Sessions(token);
  const failures = new FailedAttempts();
  app.addHook('onRequest', async (request, reply) => {
    const { ip, headers } = request;
    const shown = token !== undefined && headers.authorization !== undefined;
    const wait = shown ? failures.wait(ip) : 0;
    if (wait > 0) return reply.code(429).header('retry-after', wait).send(tooManyAttempts(wait));
    const signedIn = open(request.url.split('?')[0]) || (sessions?.holds(headers) ?? false);
    const refusal = refusalOf(request, { token, signedIn });
    if (!refusal) return;
    const { status, code, message, fix } = refusal;
    if (status === 401) {
      reply.header('www-authenticate', 'Bearer');
      if (shown) failures.add(ip);
    }
    return reply.code(status).send(problem(code, message, { fix }));
  });
  return { sessions, failures };
}

export function tooManyAttempts(wait: number): Problem {
  return problem('TOO_MANY_ATTEMPTS', 'too many wrong tokens came from this address', { fix: `Try again in ${wait} s.` });
}

function bearerOf({ authorization }: IncomingHttpHeaders): string | undefined {
  return authorization?.replace(/^Bearer +/i, '');
}

function hostName(host = ''): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function isForeign({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host);
}

/** Whether a page of another origin asks for it as a part of itself; following a link is no such thing. */
function isEmbedded({ 'sec-fetch-site': site, 'sec-fetch-mode': mode }: IncomingHttpHeaders): boolean {
  return site !== undefined && site !== 'same-origin' && site !== 'none' && mode !== 'navigate';
}
