import type { Broker } from 'kafkajs';
import { SluiceError } from '../../core/errors.ts';

/** A request as kafkajs sends it, and how the answer to it is read. */
export interface Exchange {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    /** What goes behind the header of the request. */
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
  };
  readonly response: {
    decode(answer: Buffer): Promise<unknown>;
    /** @throws what the answer says went wrong */
    parse(decoded: unknown): Promise<unknown>;
  };
}

export interface Connections {
  send(exchange: Exchange): Promise<unknown>;
}

/** The connections of a broker, for what kafkajs does not offer: its version is fixed, and has them in this property. */
export function connectionsOf(broker: Broker): Connections {
  const { connectionPool } = broker as unknown as { connectionPool?: Connections };
  if (typeof connectionPool?.send !== 'function') throw new SluiceError('INTERNAL', 'this version of kafkajs does not show its connections');
  return connectionPool;
}
