import { SluiceError } from '../../core/errors.ts';
import type { RejectedRow } from '../../core/store.ts';
import { InfluxError } from './failure.ts';
import type { LineSink } from './line-protocol.ts';
import type { Outage } from './outage.ts';
import { type BadLine, findBadLines } from './partial-write.ts';

export interface WriteQueueOptions {
  /** One attempt; what resolves is durable. */
  readonly write: (lines: Uint8Array, signal: AbortSignal) => Promise<void>;
  readonly outage: Outage;
  /** Rows of lines that will never be taken. @throws for lines that are no rows: then all fails */
  readonly reject: (bad: readonly BadLine[]) => RejectedRow[];
  /** Requests at once. */
  readonly inFlight: number;
  /** Lines of one request at most. */
  readonly batchLines: number;
}

/** Bytes of one request, about. */
const bodyBytes = 2 ** 20;
const bufferBytes = bodyBytes + bodyBytes / 8;
/** Bytes that wait or are under way before `room` waits. */
const pendingBytes = 8 * bodyBytes;
/** A request is not made smaller than this because a proxy finds it too large. */
const smallestBody = 2 ** 14;

/** Lines of one request. */
class Body {
  /** Which flush it belongs to, once it has lines. */
  epoch = 0;
  readonly done: Promise<void>;
  finish: () => void = () => {};
  bytes: Buffer;
  length = 0;
  lines = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.done = new Promise((finish) => {
      this.finish = finish;
    });
  }

  /** Room for so many bytes behind what is there. */
  room(bytes: number): Buffer {
    const needed = this.length + bytes;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(needed);
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** What stands behind `length` as far as `to` is a line. */
  take(to: number): void {
    this.bytes[to] = 10;
    this.length = to + 1;
    this.lines++;
  }
}

/** Requests of which so many may be under way at once, and the one that is being filled. */
class Lane {
  readonly width: number;
  readonly full: Body[] = [];
  open: Body | undefined;
  underWay = 0;

  constructor(width: number) {
    this.width = width;
  }
}

/**
 * Cuts lines into requests and has a few of them under way at once: at once when none is, else when one is full. Lines given to
 * `putInOrder` are taken in their order, the others in any.
 */
export class WriteQueue {
  readonly #options: WriteQueueOptions;
  readonly #ordered = new Lane(1);
  readonly #free = new Lane(Number.POSITIVE_INFINITY);
  readonly #unfinished = new Set<Body>();
  readonly #spare: Buffer[] = [];
  #rejected: { epoch: number; row: RejectedRow }[] = [];
  #bodyBytes = bodyBytes;
  #pending = 0;
  #underWay = 0;
  #epoch = 0;
  #failure: unknown;
  #wake: (() => void)[] = [];

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** Resolves when there is room for more. @throws what made the queue fail */
  async room(): Promise<void> {
    while (this.#failure === undefined && this.#pending >= pendingBytes) await new Promise<void>((wake) => this.#wake.push(wake));
    this.#requireWhole();
  }

  /** Lines that are taken in any order. */
  readonly lines: LineSink = this.#sink(this.#free);

  /** Lines that are taken in their order. */
  readonly linesInOrder: LineSink = this.#sink(this.#ordered);

  put(line: string): void {
    putText(this.lines, line);
  }

  putInOrder(line: string): void {
    putText(this.linesInOrder, line);
  }

  /** A row that is not even to be sent. */
  refuse(row: RejectedRow): void {
    this.#rejected.push({ epoch: this.#epoch, row });
  }

  /** Sends what can be sent now. */
  pump(): void {
    for (const lane of [this.#ordered, this.#free]) {
      while (this.#failure === undefined && this.#underWay < this.#options.inFlight && lane.underWay < lane.width) {
        if (lane.full.length === 0 && lane.underWay === 0) this.#seal(lane);
        const body = lane.full.shift();
        if (!body) break;
        void this.#send(lane, body);
      }
    }
  }

  /**
   * Everything put before is taken when this resolves.
   * @returns rows that will never be taken, each once
   */
  async flush(): Promise<RejectedRow[]> {
    const epoch = await this.settle();
    const rejected = this.#rejected.filter((each) => each.epoch <= epoch);
    this.#rejected = this.#rejected.filter((each) => each.epoch > epoch);
    return rejected.map(({ row }) => row);
  }

  /** As `flush`, without asking what was refused: that is left to the next flush. */
  async settle(): Promise<number> {
    this.#requireWhole();
    this.#seal(this.#ordered);
    this.#seal(this.#free);
    const epoch = this.#epoch++;
    this.pump();
    await Promise.all(Array.from(this.#unfinished, ({ done }) => done));
    this.#requireWhole();
    return epoch;
  }

  /** Whether a flush would have nothing to do. */
  get isEmpty(): boolean {
    return this.#unfinished.size === 0 && this.#rejected.length === 0;
  }

  /** What is not taken yet is dropped. */
  close(): void {
    this.#fail(new SluiceError('STORE_UNAVAILABLE', 'the store is closed'));
  }

  #sink(lane: Lane): LineSink {
    const queue = this;
    return {
      get at() {
        return lane.open?.length ?? 0;
      },
      begin(longest) {
        if (lane.open && lane.open.lines >= queue.#options.batchLines) queue.#pass(lane);
        // A byte for its end.
        return (lane.open ?? queue.#open(lane)).room(longest + 1);
      },
      end(to) {
        let body = lane.open as Body;
        const { bytes, length } = body;
        if (body.lines > 0 && to > queue.#bodyBytes) {
          // One line too many: it is the first of the next request.
          queue.#pass(lane);
          body = queue.#open(lane);
          bytes.copy(body.room(to - length + 1), 0, length, to);
        }
        const before = body.length;
        if (body.lines === 0) {
          body.epoch = queue.#epoch;
          queue.#unfinished.add(body);
        }
        body.take(before + to - length);
        queue.#pending += body.length - before;
      },
    };
  }

  /** What is open is full. */
  #pass(lane: Lane): void {
    this.#seal(lane);
    this.pump();
  }

  #open(lane: Lane): Body {
    const body = new Body(this.#spare.pop() ?? Buffer.allocUnsafe(bufferBytes));
    lane.open = body;
    return body;
  }

  #seal(lane: Lane): void {
    // A line that was begun and dropped leaves one without any.
    if (!lane.open || lane.open.lines === 0) return;
    lane.full.push(lane.open);
    lane.open = undefined;
  }

  async #send(lane: Lane, body: Body): Promise<void> {
    lane.underWay++;
    this.#underWay++;
    try {
      await this.#deliver(body);
    } catch (error) {
      this.#fail(error);
    }
    lane.underWay--;
    this.#underWay--;
    this.#pending -= body.length;
    if (body.bytes.length === bufferBytes) this.#spare.push(body.bytes);
    this.#unfinished.delete(body);
    body.finish();
    if (this.#pending < pendingBytes) this.#wakeAll();
    this.pump();
  }

  async #deliver(body: Body): Promise<void> {
    const bytes = body.bytes.subarray(0, body.length);
    const error = await this.#attempt(bytes);
    if (!error) return;
    if (error.kind === 'too-large') this.#bodyBytes = Math.max(smallestBody, Math.min(this.#bodyBytes, body.length) >> 1);
    const lines = bytes.toString().split('\n').slice(0, -1);
    const bad = await findBadLines(lines, error, (some) => this.#attempt(Buffer.from(`${some.join('\n')}\n`)));
    for (const row of this.#options.reject(bad)) this.#rejected.push({ epoch: body.epoch, row });
  }

  /** What the server has against the lines themselves; undefined when it took them all. */
  async #attempt(bytes: Uint8Array): Promise<InfluxError | undefined> {
    try {
      await this.#options.outage.through((signal) => this.#options.write(bytes, signal));
      return undefined;
    } catch (error) {
      if (error instanceof InfluxError && !error.passes) return error;
      throw error;
    }
  }

  /** Nothing more is sent, and whoever waits is told. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const lane of [this.#ordered, this.#free]) {
      lane.open = undefined;
      lane.full.length = 0;
    }
    for (const { finish } of this.#unfinished) finish();
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #requireWhole(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function putText(lines: LineSink, text: string): void {
  // A UTF-16 unit takes three bytes at most.
  const bytes = lines.begin(3 * text.length) as Buffer;
  lines.end(lines.at + bytes.write(text, lines.at));
}
