import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what was posted is for the test to know
  readonly body: any;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** How the next requests are answered: with 200 unless said otherwise. */
  answer: (request: Received, response: ServerResponse) => void;
  /** Resolves when so many have come. */
  came(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A real HTTP server that keeps what is posted to it; closed when the test is over. */
export async function openReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = [];
  let watchers: (() => void)[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString('utf8');
      const one = { method: request.method, path: request.url, headers: request.headers, text, body: text === '' ? undefined : JSON.parse(text) };
      received.push(one);
      receiver.answer(one, response);
      for (const watch of watchers) watch();
    });
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const address = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${address.port}/hook`,
    port: address.port,
    received,
    answer: (_, response) => response.end('ok'),
    came: (count) =>
      new Promise((done) => {
        const look = (): void => {
          if (received.length < count) return;
          watchers = watchers.filter((watch) => watch !== look);
          done();
        };
        watchers.push(look);
        look();
      }),
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
  onTestFinished(() => receiver.close());
  return receiver;
}
