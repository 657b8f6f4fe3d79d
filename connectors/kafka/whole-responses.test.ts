import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { handingOutWhole, socketOfWholeResponses } from './whole-responses.ts';

const framed = (body: Uint8Array): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
};

it('hands out each response once and whole, wherever the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (bodies, cuts) => {
      const socket = handingOutWhole(new Socket());
      const heard: Buffer[] = [];
      socket.on('data', (response) => heard.push(response as Buffer));
      const bytes = Buffer.concat(bodies.map(framed));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = at + cuts[i % cuts.length];
        socket.emit('data', bytes.subarray(at, end));
        at = end;
      }
      expect(heard).toEqual(bodies.map(framed));
    }),
  );
});

it('says of whoever answers otherwise that it is no Kafka, and hangs up', async () => {
  const server = createServer((socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')).on('error', () => {}));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const socket = socketOfWholeResponses({ host: '127.0.0.1', port, ssl: undefined as never, onConnect: () => socket.write('?') });
  const heard: unknown[] = [];
  socket.on('data', (response) => heard.push(response));
  const [error] = await once(socket, 'error');
  expect(error).toMatchObject({ message: 'somebody listens there who does not speak as Kafka does' });
  expect(heard).toEqual([]);
  expect(socket.destroyed).toBe(true);
});
