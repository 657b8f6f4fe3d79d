import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactoryArgs } from 'kafkajs';

/** Between probes of a connection on which nothing is said. */
const keepAliveMs = 60_000;
/** More than any answer to what is asked here; text of another protocol, read as a length, is more. */
const longestResponse = 256 * 1024 * 1024;
const lengthBytes = 4;

/** What is said of one who answers otherwise. */
export const notKafka = 'somebody listens there who does not speak as Kafka does';

/**
 * A connection of kafkajs to a broker that hands it responses only whole. kafkajs keeps the first part of a response over the
 * end of its connection and reads the next one on as the rest of it: where a broker dies in the middle of an answer, nothing
 * that it says later can be understood.
 */
export function socketOfWholeResponses({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
  const socket = ssl ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect) : connect({ host, port }, onConnect);
  socket.setKeepAlive(true, keepAliveMs);
  return handingOutWhole(socket);
}

/** The socket, whose `data` are responses from here on: a length of four bytes, and so many bytes. */
export function handingOutWhole(socket: Socket): Socket {
  const on = socket.on.bind(socket) as (event: string, listener: (...args: never[]) => void) => Socket;
  const hearing = (listener: (response: Buffer) => void): ((piece: Buffer) => void) => {
    let pieces: Buffer[] = [];
    let received = 0;
    let size: number | undefined;
    return (piece) => {
      pieces.push(piece);
      received += piece.length;
      while (received >= (size ?? lengthBytes)) {
        const bytes = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, received);
        pieces = [bytes];
        size ??= lengthBytes + bytes.readInt32BE(0);
        if (size < lengthBytes || size > longestResponse) {
          socket.destroy(new Error(notKafka));
          return;
        }
        if (received < size) return;
        const response = bytes.subarray(0, size);
        pieces = received > size ? [bytes.subarray(size)] : [];
        received -= size;
        size = undefined;
        listener(response);
      }
    };
  };
  socket.on = ((event: string, listener: (...args: never[]) => void) =>
    on(event, event === 'data' ? (hearing(listener as (response: Buffer) => void) as (...args: never[]) => void) : listener)) as typeof socket.on;
  return socket;
}
