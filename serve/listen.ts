import { type AddressInfo, isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { SluiceError } from '../core/errors.ts';

export interface Server {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, lets those at work end (two seconds at most) and frees the port. */
  close(): Promise<void>;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** The port was asked for: take it or fail. Otherwise the next free one is taken when it is busy. */
  readonly exact: boolean;
  /** What the options are called where the user sets them, such as `serve.host`, and how a port is set, such as `--set serve.port=`. */
  readonly names: { readonly host: string; readonly port: string; readonly setPort: string };
}

/** Ports tried after the first one. */
const furtherPorts = 100;
/** Time that requests at work have to end when the server closes, ms. */
const grace = 2_000;

/**
 * Listens with a new app on the port, or on the next free one.
 * @throws PORT_IN_USE when the port was asked for and is taken, or no port after it is free; CONFIG_INVALID when the host
 * or port cannot be listened on at all
 */
export async function listen(make: () => FastifyInstance, { host, port, exact, names }: Address): Promise<Server> {
  const last = exact || port === 0 ? port : Math.min(port + furtherPorts, 65_535);
  for (let candidate = port; candidate <= last; candidate++) {
    const app = make();
    try {
      await app.listen({ host, port: candidate });
    } catch (error) {
      await app.close();
      if (isBusy(error)) continue;
      throw cannotListen(error, host, candidate, names);
    }
    const { port: taken } = app.server.address() as AddressInfo;
    const shown = isIP(host) === 6 ? `[${host}]` : host;
    return { url: `http://${shown}:${taken}`, port: taken, close: () => closeGracefully(app) };
  }
  throw new SluiceError('PORT_IN_USE', exact ? `port ${port} is in use` : `ports ${port} to ${last} are in use`, {
    place: names.port,
    fix: exact
      ? `Stop what listens there, or name another one, e.g. ${names.setPort}${port === 65_535 ? 8080 : port + 1}.`
      : `Name another one with ${names.setPort}...`,
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

function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

function cannotListen(error: unknown, host: string, port: number, names: Address['names']): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES') {
    return new SluiceError('CONFIG_INVALID', `port ${port} needs rights that this process does not have`, {
      place: names.port,
      fix: 'Use one above 1023.',
      cause: error,
    });
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new SluiceError('CONFIG_INVALID', `'${host}' is no address of this machine`, {
      place: names.host,
      fix: 'Use 127.0.0.1, or 0.0.0.0 for every address.',
      cause: error,
    });
  }
  return error;
}
