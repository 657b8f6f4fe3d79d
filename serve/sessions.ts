import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isToken } from './token.ts';

/** Milliseconds that a browser stays signed in. */
const lifetime = 7 * 86_400_000;
/** At the same time; the oldest goes first. */
const mostSessions = 1000;
const cookieName = 'sluice_session';

/** Browsers that have shown the token: each holds a cookie that says nothing and ends with the process. */
export class Sessions {
  readonly #token: string;
  /** By id, when it ends; in the order of their beginnings. */
  readonly #ends = new Map<string, number>();

  constructor(token: string) {
    this.#token = token;
  }

  /** @returns the cookie to set; undefined where this is not the token */
  begin(shown: string): string | undefined {
    if (!isToken(shown, this.#token)) return undefined;
    const id = randomBytes(24).toString('base64url');
    this.#ends.set(id, Date.now() + lifetime);
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= mostSessions) break;
      this.#ends.delete(oldest);
    }
    return cookie(id, lifetime / 1000);
  }

  holds(headers: IncomingHttpHeaders): boolean {
    const end = this.#ends.get(idOf(headers));
    return end !== undefined && end > Date.now();
  }

  /** @returns the cookie that takes the place of the session's */
  end(headers: IncomingHttpHeaders): string {
    this.#ends.delete(idOf(headers));
    return cookie('', 0);
  }
}

function cookie(value: string, seconds: number): string {
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}`;
}

function idOf({ cookie: cookies = '' }: IncomingHttpHeaders): string {
  const own = cookies.split(';').find((each) => each.trim().startsWith(`${cookieName}=`));
  return own?.trim().slice(cookieName.length + 1) ?? '';
}
