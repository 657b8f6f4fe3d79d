import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { type Delivery, loginPause } from '../../core/notice.ts';
import { printable } from '../../core/shown.ts';
import type { Mail } from './mail.ts';

/** Characters of the server's words that are shown. */
const wordsShown = 200;
/** The server takes mail only after a login (RFC 4954, section 6). */
const loginWanted = 530;
/** A server may take its time for each answer, but no more than so many times that for all. */
const answers = 5;
/** The longest that a timer takes, ms. */
const longestTimer = 2 ** 31 - 1;

interface Settings {
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'direct' | 'off';
  readonly ca?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly timeout: number;
}

type SmtpError = Error & { readonly code?: string; readonly responseCode?: number; readonly response?: string };

/** Sends mails, a connection each. */
export class SmtpSender {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** One attempt. */
  async send(mail: Mail, signal: AbortSignal): Promise<Delivery> {
    const { host, port, tls, ca, user, password, timeout } = this.#settings;
    const { createTransport } = await import('nodemailer');
    let authority: Buffer | undefined;
    try {
      if (ca !== undefined) authority = await readFile(ca);
    } catch (error) {
      return { outcome: 'again', why: `cannot read ca '${ca}': ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}` };
    }
    let socket: Socket | undefined;
    const transport = createTransport({
      host,
      port,
      secure: tls === 'direct',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'off',
      ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
      tls: { minVersion: 'TLSv1.2', ...(authority ? { ca: authority } : {}) },
      greetingTimeout: timeout,
      socketTimeout: timeout,
      disableFileAccess: true,
      disableUrlAccess: true,
      // Of its own, so that it can be cut off.
      getSocket: (_, made) => {
        socket = connect({ host, port, signal, timeout });
        const fail = (error: Error): void => made(error, undefined);
        const late = (): void => void socket?.destroy(new Error(`no connection within ${timeout} ms`));
        socket.once('error', fail).once('timeout', late);
        socket.once('connect', () => {
          socket?.off('timeout', late).setTimeout(0);
          made(null, { connection: socket });
        });
      },
    });
    const late = new Error(`the mail has not gone within ${answers} times ${timeout} ms`);
    const timer = setTimeout(() => socket?.destroy(late), Math.min(answers * timeout, longestTimer));
    try {
      const { rejected } = await transport.sendMail({ ...mail, to: [...mail.to] });
      return rejected.length === 0 ? { outcome: 'sent' } : { outcome: 'sent', but: `${host}:${port} refuses ${printable(rejected.join(', '))}` };
    } catch (error) {
      return this.#outcome(error as SmtpError);
    } finally {
      clearTimeout(timer);
      socket?.destroy();
    }
  }

  #outcome({ code, responseCode, response, message }: SmtpError): Delivery {
    const { host, port } = this.#settings;
    const words = printable((response ?? message).replace(/\s+/g, ' '));
    const why = `${host}:${port} ${responseCode === undefined ? 'cannot be reached' : 'answers'}: ${words.slice(0, wordsShown)}`;
    // What is wrong with the login is wrong with no mail: it is put right, and all that waits can go.
    if (code === 'EAUTH' || responseCode === loginWanted)
      return { outcome: 'again', why, ...(responseCode !== undefined && responseCode >= 500 ? { after: loginPause } : {}) };
    return responseCode !== undefined && responseCode >= 500 && code !== 'ETLS' ? { outcome: 'failed', why } : { outcome: 'again', why };
  }
}
