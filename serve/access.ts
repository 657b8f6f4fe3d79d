import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { quote, SluiceError } from '../core/errors.ts';

/** Holds what whoever asks from another machine must know. */
export const tokenVariable = 'SLUICE_TOKEN';

/** A shorter token can be guessed. */
const shortestToken = 16;

/** Only programs of this machine can reach these addresses. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * The token that a server on this address asks for; none where it is reached from this machine alone.
 * @param place names the option that holds the address
 * @throws CONFIG_INVALID where other machines can reach it and the environment holds no token
 * @example
 * tokenFor('127.0.0.1', 'serve.host', {}); // undefined
 */
export function tokenFor(host: string, place: string, environment: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  if (isLoopback(host)) return undefined;
  const token = environment[tokenVariable] ?? '';
  if (token.length >= shortestToken) return token;
  const what = token === '' ? 'there is no token' : `the token has ${token.length} characters`;
  throw new SluiceError('CONFIG_INVALID', `other machines can reach ${quote(host)}, and ${what} that they must know`, {
    place,
    fix: `Put one of ${shortestToken} characters or more into ${tokenVariable}, such as that of \`openssl rand -hex 24\`, or use 127.0.0.1.`,
  });
}

/** Why a request is not answered. */
export interface Refusal {
  readonly status: 401 | 403;
  readonly code: 'HOST_REFUSED' | 'ORIGIN_REFUSED' | 'TOKEN_REFUSED';
  readonly message: string;
  readonly fix: string;
}

/**
 * Where there is no token, a request must be meant for this machine: a name on the internet that was made to point here (DNS
 * rebinding) is refused. What changes something may not come from a page of another origin. Where there is a token it must be shown.
 * @param options.signedIn the token was shown in another way than by the header
 */
export function refusalOf(
  { method = 'GET', headers }: { readonly method?: string | undefined; readonly headers: IncomingHttpHeaders },
  { token, signedIn = false }: { readonly token: string | undefined; readonly signedIn?: boolean },
): Refusal | undefined {
  if (token === undefined && !isLoopback(hostName(headers.host))) {
    const message = `this server is ${quote(headers.host ?? '')} to nobody`;
    return { status: 403, code: 'HOST_REFUSED', message, fix: 'Ask for it at 127.0.0.1 or localhost.' };
  }
  if (!['GET', 'HEAD', 'OPTIONS'].includes(method) && isForeign(headers)) {
    const message = `a page of ${quote(headers.origin ?? 'another origin')} may not command this server`;
    return { status: 403, code: 'ORIGIN_REFUSED', message, fix: 'Use its own page, or a program that sends no Origin.' };
  }
  if (token === undefined || signedIn || isToken(headers.authorization?.replace(/^Bearer +/i, ''), token)) return undefined;
  const message = headers.authorization === undefined ? 'a token is needed' : 'this is not the token';
  return { status: 401, code: 'TOKEN_REFUSED', message, fix: `Send the header 'Authorization: Bearer ...' with the value of ${tokenVariable}.` };
}

/** Whether what was shown is the token; takes as long for one as for another. */
export function isToken(shown: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return shown !== undefined && timingSafeEqual(digest(shown), digest(token));
}

/** Refuses requests before they are looked at further. @param open paths that are answered without a token */
export function guard(app: FastifyInstance, { token, open = [] }: { readonly token: string | undefined; readonly open?: readonly string[] }): void {
  app.addHook('onRequest', async (request, reply) => {
    const refusal = refusalOf(request, { token, signedIn: open.includes(request.url.split('?')[0]) });
    if (!refusal) return;
    const { status, ...error } = refusal;
    if (status === 401) reply.header('www-authenticate', 'Bearer');
    await reply.code(status).send({ error });
  });
}

function hostName(host = ''): string {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
}

function isForeign({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host);
}
