import { isIP, connect as open, type Socket } from 'node:net';
import { connect as openTls, type TLSSocket } from 'node:tls';
import type { ConnectionOptions } from './client.ts';
import { tlsSettings } from './client.ts';
import { releaseOf } from './release.ts';
import { WireReader } from './wire-reader.ts';

/** A broker that speaks Kafka's protocol at this address. */
export interface Answered {
  /** Milliseconds until it had answered. */
  readonly took: number;
  /** `Kafka 4.3`, as far as it can be told. */
  readonly release: string;
  /** Ways to log in; empty where none is asked for. */
  readonly mechanisms: readonly string[];
}

export type Unanswered =
  | 'address'
  | 'unknown-name'
  | 'refused'
  | 'silent'
  | 'unreachable'
  | 'wants-tls'
  | 'speaks-no-tls'
  | 'untrusted'
  | 'other-name'
  | 'expired'
  | 'wants-certificate'
  | 'tls'
  | 'no-kafka';

export class ProbeError extends Error {
  readonly kind: Unanswered;

  constructor(kind: Unanswered, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

const apiVersions = 18;
const saslHandshake = 17;

/**
 * Connects to a broker as the client would, but step by step, so that it can be told which of them fails: name, connection,
 * encryption, Kafka's protocol, whether it wants a login. Logs in nowhere.
 * @throws ProbeError
 */
export async function probeBroker(address: string, tls: ConnectionOptions['tls'], within: number, signal?: AbortSignal): Promise<Answered> {
  const place = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address);
  const port = Number(place?.[3]);
  if (!place || port > 65_535) throw new ProbeError('address', 'is no host:port');
  const host = place[1] ?? place[2];
  const settings = tlsSettings(tls);
  const began = performance.now();
  const socket = await connected(host, port, settings, within, signal);
  try {
    const conversation = new Conversation(socket, within);
    const release = releaseOf(await conversation.ask(apiVersions, 3, Buffer.from('\x07sluice\x020\0', 'latin1'), { flexible: true }));
    const took = performance.now() - began;
    return { took, release, mechanisms: mechanismsOf(await conversation.ask(saslHandshake, 1, Buffer.from('\0\x04none', 'latin1'))) };
  } catch (error) {
    throw (await misunderstood(error, host, port, settings, within)) ?? error;
  } finally {
    socket.destroy();
  }
}

type Settings = ReturnType<typeof tlsSettings>;

function connected(host: string, port: number, tls: Settings, within: number, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = tls === false ? open({ host, port }) : openTls({ host, port, ...name, ...(tls === true ? {} : tls) });
    let reached = tls === false;
    const fail = (error: ProbeError): void => {
      socket.destroy();
      reject(error);
    };
    const giveUp = (): void => fail(new ProbeError('silent', 'was given up on'));
    signal?.addEventListener('abort', giveUp, { once: true });
    socket.setTimeout(within, () =>
      fail(
        reached && tls !== false
          ? new ProbeError('speaks-no-tls', `does not answer to TLS within ${within / 1000} s`)
          : new ProbeError('silent', `does not answer within ${within / 1000} s`),
      ),
    );
    socket.once('connect', () => {
      reached = true;
    });
    socket.once('error', (error: NodeJS.ErrnoException) => fail(connectionError(error, reached && tls !== false)));
    socket.once(tls === false ? 'connect' : 'secureConnect', () => {
      socket.setTimeout(0);
      signal?.removeEventListener('abort', giveUp);
      resolve(socket);
    });
  });
}

const certificateErrors: Readonly<Record<string, Unanswered>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'other-name',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'expired',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'wants-certificate',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'tls',
};

const networkErrors: Readonly<Record<string, [Unanswered, string]>> = {
  ENOTFOUND: ['unknown-name', 'is a name that nobody knows'],
  EAI_AGAIN: ['unknown-name', 'is a name that cannot be looked up now'],
  ECONNREFUSED: ['refused', 'refuses connections: nothing listens there'],
  ETIMEDOUT: ['silent', 'does not answer'],
  EHOSTUNREACH: ['unreachable', 'cannot be reached from here'],
  ENETUNREACH: ['unreachable', 'cannot be reached from here'],
};

/** @param inTls the connection was open, and TLS failed over it */
function connectionError(error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }, inTls: boolean): ProbeError {
  // A name with several addresses: the last one will do.
  const code = error.code ?? error.errors?.at(-1)?.code ?? '';
  if (certificateErrors[code]) return new ProbeError(certificateErrors[code], error.message, error);
  if (inTls && (code === 'ECONNRESET' || /wrong version number|packet length too long|before secure TLS connection/i.test(error.message))) {
    return new ProbeError('speaks-no-tls', 'does not speak TLS', error);
  }
  const [kind, what] = networkErrors[code] ?? [inTls ? 'tls' : 'unreachable', error.message || code];
  return new ProbeError(kind, what, error);
}

/** What a broken conversation in the clear means: does the other side speak TLS? */
async function misunderstood(error: unknown, host: string, port: number, tls: Settings, within: number): Promise<ProbeError | undefined> {
  if (tls !== false) return undefined;
  try {
    const socket = await connected(host, port, { rejectUnauthorized: false }, within);
    socket.destroy();
    return new ProbeError('wants-tls', 'speaks TLS', error);
  } catch (other) {
    return other instanceof ProbeError && other.kind === 'wants-certificate' ? new ProbeError('wants-tls', 'speaks TLS', error) : undefined;
  }
}

/** Requests and answers over one connection, one after the other. */
class Conversation {
  readonly #socket: Socket | TLSSocket;
  readonly #within: number;
  #number = 0;

  constructor(socket: Socket | TLSSocket, within: number) {
    this.#socket = socket;
    this.#within = within;
  }

  /** @throws ProbeError when no answer comes that is one of Kafka's */
  ask(api: number, version: number, body: Buffer, { flexible = false } = {}): Promise<WireReader> {
    const client = Buffer.from('sluice');
    const head = Buffer.alloc(14);
    head.writeInt32BE(10 + client.length + (flexible ? 1 : 0) + body.length, 0);
    head.writeInt16BE(api, 4);
    head.writeInt16BE(version, 6);
    head.writeInt32BE(++this.#number, 8);
    head.writeInt16BE(client.length, 12);
    const expected = this.#number;
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      const end = (error: ProbeError): void => {
        this.#socket.removeAllListeners();
        // Whatever still comes of it has been told.
        this.#socket.on('error', () => {});
        reject(error);
      };
      this.#socket.setTimeout(this.#within, () => end(new ProbeError('silent', `takes connections, but does not answer within ${this.#within / 1000} s`)));
      this.#socket.once('error', (error: NodeJS.ErrnoException) =>
        end(certificateErrors[error.code ?? ''] ? connectionError(error, true) : new ProbeError('no-kafka', `breaks off: ${error.message}`, error)),
      );
      this.#socket.once('close', () => end(new ProbeError('no-kafka', 'takes connections, but closes them at the first request')));
      this.#socket.on('data', (piece) => {
        received = Buffer.concat([received, piece as Buffer]);
        if (received.length < 8) return;
        const size = received.readInt32BE(0);
        if (size < 4 || size > 1 << 20 || received.readInt32BE(4) !== expected) return end(new ProbeError('no-kafka', 'answers, but not as Kafka does'));
        if (received.length < size + 4) return;
        this.#socket.removeAllListeners();
        this.#socket.setTimeout(0);
        resolve(new WireReader(received.subarray(8, size + 4)));
      });
      this.#socket.write(Buffer.concat([head, client, ...(flexible ? [Buffer.of(0)] : []), body]));
    });
  }
}

/** The answer to asking for a way to log in that there is not: where none is asked for at all, there are no ways. */
function mechanismsOf(reader: WireReader): string[] {
  reader.int16();
  return reader.array(() => reader.string());
}
