import { createHash } from 'node:crypto';
import { existsSync, lstatSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Batch } from '../../core/batch.ts';
import { type ErrorCode, SluiceError } from '../../core/errors.ts';
import type { Range, StoreReader } from '../../core/store.ts';
import { canonicalPath } from './file.ts';

/**
 * One process owns the file; others read through a Unix socket beside it. Messages are a length (4 bytes, little-endian)
 * and a structured clone, so typed arrays and bigints come over as they are.
 */
type Call = { id: number; call: Exclude<keyof StoreReader, 'scan'> | 'scan'; args: unknown[] } | { id: number; more: true } | { id: number; stop: true };
type Answer = { id: number; value: unknown } | { id: number; piece: Batch } | { id: number; end: true } | { id: number; error: SentError };
interface SentError {
  code: ErrorCode;
  what: string;
  place: string | undefined;
  fix: string | undefined;
}

const calls = ['streams', 'extent', 'rows', 'buckets', 'verdicts', 'scores', 'agreement', 'distribution', 'incidents', 'statistics', 'thresholds', 'annotations', 'deadLetters', 'known', 'manifest', 'manifests', 'record', 'export'] as const; // biome-ignore format: one list

const requestLimit = 64 * 2 ** 20;
const answerLimit = 2 ** 30;
/** Pieces of a scan that may be on their way before the reader asks for more. */
const window = 4;
/** What fits a socket address on Linux and macOS, without its closing NUL. */
const pathLimit = 103;

/** Where the socket of a store file is: beside it, or, where that path is too long for an address, in the system's folder for temporary files. */
export function socketPath(file: string): string {
  const whole = canonicalPath(file);
  const beside = `${whole}.sock`;
  if (Buffer.byteLength(beside) <= pathLimit) return beside;
  return join(tmpdir(), `sluice-${createHash('sha256').update(whole).digest('hex').slice(0, 24)}.sock`);
}

// --- The owner's side --------------------------------------------------------------------------------------------

/** Answers readers of other processes until closed. Only for the process that holds the file: a socket found there is a dead owner's. */
export async function serveReaders(reader: StoreReader, file: string): Promise<{ close(): Promise<void> }> {
  const path = socketPath(file);
  if (existsSync(path)) {
    if (!lstatSync(path).isSocket()) {
      throw new SluiceError('STORE_UNAVAILABLE', 'a file stands where the socket for readers belongs', {
        place: path,
        fix: 'Move it away, or give another store.path.',
      });
    }
    await rm(path, { force: true });
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serveReader(reader, socket);
  });
  await listen(server, path);
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await rm(path, { force: true });
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (error) => {
      fail(new SluiceError('STORE_UNAVAILABLE', `readers cannot be served: ${error.message}`, { place: path, fix: 'Give another store.path.', cause: error }));
    });
    server.listen(path, done);
  });
}

function serveReader(reader: StoreReader, socket: Socket): void {
  const scans = new Map<number, Credit>();
  const send = (answer: Answer): boolean => {
    if (socket.destroyed) return false;
    let frame = encodeFrame(answer);
    if (frame.length > answerLimit && 'value' in answer) {
      const error = new SluiceError('USAGE', `the answer has ${frame.length} bytes`, { fix: 'Ask for a shorter range, fewer tags or --last.' });
      frame = encodeFrame({ id: answer.id, error: packError(error) } satisfies Answer);
    }
    return socket.write(frame);
  };
  const answer = async (id: number, work: () => Promise<Answer>): Promise<void> => {
    try {
      send(await work());
    } catch (error) {
      send({ id, error: packError(error) });
    }
  };
  readFrames<Call>(socket, requestLimit, (message) => {
    const { id } = message;
    if ('more' in message) return scans.get(id)?.add();
    if ('stop' in message) return scans.get(id)?.stop();
    if (message.call === 'scan') {
      const credit = new Credit(window);
      scans.set(id, credit);
      void answer(id, async () => {
        for await (const piece of reader.scan(message.args[0] as Range)) {
          if (!(await credit.take())) break;
          send({ id, piece });
        }
        scans.delete(id);
        return { id, end: true };
      });
      return;
    }
    void answer(id, async () => {
      if (!(calls as readonly string[]).includes(message.call)) throw new SluiceError('INTERNAL', `readers cannot call '${message.call}'`);
      const method = reader[message.call] as (...args: unknown[]) => Promise<unknown>;
      return { id, value: await method(...message.args) };
    });
  });
  socket.on('close', () => {
    for (const credit of scans.values()) credit.stop();
  });
}

/** How many pieces may still be sent; `take` waits for one and says false when nobody wants more. */
class Credit {
  #left: number;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(left: number) {
    this.#left = left;
  }

  add(): void {
    this.#left++;
    this.#wake?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  async take(): Promise<boolean> {
    while (this.#left === 0 && !this.#stopped) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    this.#left--;
    return !this.#stopped;
  }
}

// --- The reader's side -------------------------------------------------------------------------------------------

type Waiting = (answer: Answer) => void;

/** A reader over the owner's socket; undefined when no owner answers. */
export async function connectReader(file: string): Promise<(StoreReader & { close(): Promise<void> }) | undefined> {
  const path = socketPath(file);
  const dialled = await dial(path);
  if (!dialled) return undefined;
  const socket: Socket = dialled;
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let gone: SluiceError | undefined;
  readFrames<Answer>(socket, answerLimit, (answer) => waiting.get(answer.id)?.(answer));
  socket.on('close', () => {
    gone = new SluiceError('STORE_UNAVAILABLE', 'the process that owns the store has gone', { place: file, fix: 'Try again.' });
    for (const [id, answered] of waiting) answered({ id, error: packError(gone) });
  });

  const open = (call: string, args: unknown[], answered: Waiting): number => {
    if (gone) throw gone;
    const id = ++last;
    waiting.set(id, answered);
    socket.write(encodeFrame({ id, call, args } as Call));
    return id;
  };
  const call = (name: string, ...args: unknown[]): Promise<unknown> =>
    new Promise((done, fail) => {
      const id = open(name, args, (answer) => {
        waiting.delete(id);
        if ('error' in answer) fail(unpackError(answer.error));
        else done((answer as { value: unknown }).value);
      });
    });
  async function* scan(query: Range): AsyncGenerator<Batch> {
    const pieces: Answer[] = [];
    let wake: (() => void) | undefined;
    const id = open('scan', [query], (answer) => {
      pieces.push(answer);
      wake?.();
    });
    try {
      for (;;) {
        while (pieces.length === 0) {
          await new Promise<void>((resume) => {
            wake = resume;
          });
        }
        const answer = pieces.shift() as Answer;
        if ('error' in answer) throw unpackError(answer.error);
        if ('end' in answer) return;
        socket.write(encodeFrame({ id, more: true } satisfies Call));
        yield (answer as { piece: Batch }).piece;
      }
    } finally {
      waiting.delete(id);
      if (!gone) socket.write(encodeFrame({ id, stop: true } satisfies Call));
    }
  }
  const methods = Object.fromEntries(calls.map((name) => [name, (...args: unknown[]) => call(name, ...args)])) as unknown as StoreReader;
  return {
    ...methods,
    scan,
    // The owner's working directory is another one.
    export: (request) => methods.export({ ...request, path: resolve(request.path) }),
    close: () =>
      new Promise((done) => {
        if (gone) return done();
        socket.once('close', () => done());
        socket.end();
        socket.destroy();
      }),
  };
}

/** Connects when a live owner listens and the socket is ours: in a shared folder anybody could have put one there. */
function dial(path: string): Promise<Socket | undefined> {
  if (!existsSync(path) || lstatSync(path).uid !== process.getuid?.()) return Promise.resolve(undefined);
  return new Promise((done) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      // Whatever breaks a connection ends in 'close', which tells all who wait.
      socket.on('error', () => socket.destroy());
      done(socket);
    });
    socket.once('error', () => done(undefined));
  });
}

// --- Frames ------------------------------------------------------------------------------------------------------

function encodeFrame(message: Call | Answer): Buffer {
  const body = serialize(message);
  const frame = Buffer.allocUnsafe(4 + body.length);
  frame.writeUInt32LE(body.length, 0);
  body.copy(frame, 4);
  return frame;
}

/** Calls `each` with every message; one over the limit, or one that cannot be read, ends the connection. */
function readFrames<T>(socket: Socket, limit: number, each: (message: T) => void): void {
  let pieces: Buffer[] = [];
  let have = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (data: Buffer) => {
    pieces.push(data);
    have += data.length;
    while (have >= 4) {
      if (pieces[0].length < 4) pieces = [Buffer.concat(pieces)];
      const length = pieces[0].readUInt32LE(0);
      if (length > limit) {
        socket.destroy();
        return;
      }
      if (have < 4 + length) return;
      const whole = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
      const rest = whole.subarray(4 + length);
      pieces = rest.length > 0 ? [rest] : [];
      have = rest.length;
      let message: T;
      try {
        message = deserialize(whole.subarray(4, 4 + length)) as T;
      } catch (error) {
        socket.destroy(error as Error);
        return;
      }
      each(message);
    }
  });
}

function packError(error: unknown): SentError {
  if (!(error instanceof SluiceError))
    return { code: 'INTERNAL', what: error instanceof Error ? error.message : String(error), place: undefined, fix: undefined };
  const { code, place, fix, message } = error;
  // The constructor puts place and fix into the message again.
  const tail = `${place === undefined ? '' : ` (${place})`}.${fix === undefined ? '' : ` ${fix}`}`;
  return { code, what: message.endsWith(tail) ? message.slice(0, -tail.length) : message, place, fix };
}

function unpackError({ code, what, place, fix }: SentError): SluiceError {
  return new SluiceError(code, what, { ...(place === undefined ? {} : { place }), ...(fix === undefined ? {} : { fix }) });
}
