import { createHash, timingSafeEqual } from 'node:crypto';
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

/** Whether what was shown is the token; takes as long for one as for another. */
export function isToken(shown: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return shown !== undefined && timingSafeEqual(digest(shown), digest(token));
}
