import { SluiceError } from '../../core/errors.ts';
import type { RejectedRow } from '../../core/store.ts';
import { InfluxError } from './failure.ts';
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
  /** Which flush it belongs to. */
  readonly epoch: number;
  readonly done: Promise<void>;
  finish: () => void = () => {};
  bytes: Buffer;
  length = 0;
  lines = 0;

  constructor(bytes: Buffer, epoch: number) {
    this.bytes = bytes;
    this.epoch = epoch;
    this.done = new Promise((finish) => {
      this.finish = finish;
    });
  }

  put(line: string): void {
    // A UTF-16 unit takes three bytes at most.
    const needed = this.length + 3 * line.length + 1;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(needed);
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    this.length += this.bytes.write(line, this.length);
    this.bytes[this.length++] = 10;
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

  readonly put = (line: string): void => this.#put(this.#free, line);

  readonly putInOrder = (line: string): void => this.#put(this.#ordered, line);

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

  #put(lane: Lane, line: string): void {
    const { open } = lane;
    if (open && (open.lines >= this.#options.batchLines || open.length + line.length > this.#bodyBytes)) {
      this.#seal(lane);
      this.pump();
    }
    const body = lane.open ?? this.#open(lane);
    const before = body.length;
    body.put(line);
    this.#pending += body.length - before;
  }

  #open(lane: Lane): Body {
    const body = new Body(this.#spare.pop() ?? Buffer.allocUnsafe(bufferBytes), this.#epoch);
    lane.open = body;
    this.#unfinished.add(body);
    return body;
  }

  #seal(lane: Lane): void {
    if (lane.open) lane.full.push(lane.open);
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
