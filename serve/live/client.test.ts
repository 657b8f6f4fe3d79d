import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { LiveClient } from './client.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A client on a real connection, and the other end of it. */
async function connected(): Promise<{ client: LiveClient; answer: IncomingMessage; closed: Promise<void> }> {
  let closed: Promise<void> = Promise.resolve();
  const made = new Promise<LiveClient>((done) => {
    const server = createServer((_request, response) => {
      response.writeHead(200);
      response.write('\n');
      closed = new Promise((end) => response.once('close', end));
      done(new LiveClient(response));
    });
    servers.push(server.listen(0, '127.0.0.1'));
  });
  const [server] = servers.slice(-1);
  await new Promise((listening) => server.once('listening', listening));
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, done).on('error', fail);
  });
  return { client: await made, answer, closed };
}

const head = Buffer.from(`event: rows\ndata: {"filling":"${'x'.repeat(400_000)}","skipped":`);
const tail = (skipped: number): string => `${skipped}}\n\n`;

test('a client that does not read gets no more frames, and is told how many rows it missed with the next one', async () => {
  const { client, answer } = await connected();
  answer.pause();
  // Far more than any buffer on the way holds: what is not taken is left out, not kept.
  for (let frame = 0; frame < 400; frame++) client.rows(head, 10, 1, tail);
  let text = '';
  const skipped = (): number[] => Array.from(text.matchAll(/"skipped":(\d+)\}\n\n/g), ([, n]) => Number(n));
  answer.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  answer.resume();
  await expect
    .poll(() => {
      client.rows(head, 10, 1, tail);
      return skipped().some((n) => n > 1);
    })
    .toBe(true);
  const got = skipped();
  // Every row is either in a frame or counted as left out, and most frames never were.
  expect(got.length).toBeLessThan(300);
  expect(got.filter((n) => n > 1)).toHaveLength(1);
  expect(
    got
      .slice(
        0,
        got.findIndex((n) => n > 1),
      )
      .every((n) => n === 1),
  ).toBe(true);
});

test('events that must not be missed wait for a slow client, up to a bound; then it is let go', async () => {
  const { client, answer, closed } = await connected();
  answer.on('error', () => undefined).pause();
  const event = Buffer.from(`event: incident\ndata: "${'x'.repeat(100_000)}"\n\n`);
  for (let n = 0; n < 400; n++) client.event(event);
  await closed;
});
