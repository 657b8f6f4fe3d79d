import type { FastifyInstance } from 'fastify';
import { type Access, tooManyAttempts } from '../access.ts';
import { session, sessionBody } from '../api.ts';
import { endpoint } from '../endpoint.ts';
import { Refusal } from '../problem.ts';

/** Where a browser shows the token, once. */
export function sessionRoutes(app: FastifyInstance, { sessions, failures }: Access): void {
  const url = '/api/session';
  endpoint(app, { method: 'GET', url, summary: 'Whether a token is asked for, and whether it was shown.', answer: session }, (_asked, _reply, request) => ({
    required: sessions !== undefined,
    signedIn: sessions === undefined || sessions.holds(request.headers),
  }));

  endpoint(
    app,
    { method: 'POST', url, summary: 'Shows the token; what comes back is a cookie for this browser.', body: sessionBody, answer: session },
    ({ body }, reply, { ip }) => {
      if (!sessions) return { required: false, signedIn: true };
      const wait = failures.wait(ip);
      if (wait > 0) return reply.code(429).header('retry-after', wait).send(tooManyAttempts(wait));
      const cookie = sessions.begin(body.token);
      if (cookie === undefined) {
        failures.add(ip);
        throw new Refusal(401, 'TOKEN_REFUSED', 'this is not the token', { place: 'token', fix: 'It is the value of SLUICE_TOKEN.' });
      }
      reply.header('set-cookie', cookie);
      return { required: true, signedIn: true };
    },
  );

  endpoint(app, { method: 'DELETE', url, summary: 'Forgets that it was shown.', answer: session }, (_asked, reply, request) => {
    if (sessions) reply.header('set-cookie', sessions.end(request.headers));
    return { required: sessions !== undefined, signedIn: sessions === undefined };
  });
}
