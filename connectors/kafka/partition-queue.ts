import { allocateBatch, type Batch, concatBatches, sliceBatch } from '../../core/batch.ts';
import type { Chunk, DeadLetter } from '../../core/chunk.ts';
import type { Schema } from '../../core/schema.ts';

const blockBytes = 512 * 1024;
const blockRows = { least: 16, most: 1024 };

/** Room for rows of one stream, filled from the front; chunks get slices of it. */
export class Block {
  readonly stream: string;
  readonly schema: Schema;
  readonly capacity: number;
  rows = 0;
  labelled: boolean;
  readonly #batch: Batch;

  constructor(stream: string, schema: Schema, labelled: boolean) {
    this.stream = stream;
    this.schema = schema;
    this.capacity = Math.min(blockRows.most, Math.max(blockRows.least, Math.floor(blockBytes / (8 * schema.tags.length))));
    this.labelled = labelled;
    this.#batch = allocateBatch(stream, schema, this.capacity, true);
  }

  get values(): Float64Array {
    return this.#batch.values;
  }

  get rowBytes(): number {
    return 8 * this.schema.tags.length + 21;
  }

  /** Completes the row whose values lie at `rows` x tags. */
  add(time: bigint, seq: number, origin: number, label: number): void {
    const at = this.rows++;
    this.#batch.times[at] = time;
    this.#batch.seqs[at] = seq;
    this.#batch.origins[at] = origin;
    this.#batch.labels![at] = label;
    if (label !== -1) this.labelled = true;
  }

  origin(row: number): number {
    return this.#batch.origins[row];
  }

  slice(from: number, to: number): Batch {
    const { labels, ...rows } = sliceBatch(this.#batch, from, to);
    return this.labelled && labels ? { ...rows, labels } : rows;
  }
}

/** Neighbours in the queue: rows of one block, or one dead letter. */
interface Entry {
  readonly block?: Block;
  readonly letter?: DeadLetter;
  from: number;
  to: number;
  /** The offset to go on from behind it. */
  end: number;
  /** performance.now() of its arrival. */
  readonly arrived: number;
}

/**
 * What was fetched of one partition and not handed out yet, in offset order. Rows are decoded straight into columns; a chunk
 * takes them out without a copy, unless it goes across two blocks.
 */
export class PartitionQueue {
  /** Rows and dead letters that wait. */
  size = 0;
  /** Bytes of the rows that wait. */
  bytes = 0;
  #entries: Entry[] = [];
  #head = 0;
  #end: number;
  #taken: number;
  readonly #blocks = new Map<string, Block>();

  /** @param offset where reading begins */
  constructor(offset: number) {
    this.#end = offset;
    this.#taken = offset;
  }

  /** The offset that is to be fetched next. */
  get end(): number {
    return this.#end;
  }

  /** The offset to go on from behind what was handed out. */
  get taken(): number {
    return this.#taken;
  }

  /** performance.now() of the arrival of what waits longest; undefined when nothing does. */
  get arrived(): number | undefined {
    return this.size > 0 ? this.#entries[this.#head].arrived : undefined;
  }

  /** Where the stream's next row is to be decoded: `block.values` from `block.rows` x tags on. */
  blockFor(stream: string, schema: Schema): Block {
    const known = this.#blocks.get(stream);
    if (known && known.rows < known.capacity && known.schema.hash === schema.hash) return known;
    const block = new Block(stream, schema, known?.labelled === true);
    this.#blocks.set(stream, block);
    return block;
  }

  /** Queues the row that was decoded into the block. */
  addRow(block: Block, time: bigint, seq: number, offset: number, label: number, arrived: number): void {
    block.add(time, seq, offset, label);
    this.size++;
    this.bytes += block.rowBytes;
    this.#end = offset + 1;
    const last = this.#entries.at(-1);
    if (last && last.block === block && last.to === block.rows - 1 && last.arrived === arrived) {
      last.to = block.rows;
      last.end = this.#end;
    } else {
      this.#entries.push({ block, from: block.rows - 1, to: block.rows, end: this.#end, arrived });
    }
  }

  addDead(letter: DeadLetter, offset: number, arrived: number): void {
    this.size++;
    this.#end = offset + 1;
    this.#entries.push({ letter, from: 0, to: 1, end: this.#end, arrived });
  }

  /** Nothing more comes before this offset. */
  passTo(offset: number): void {
    if (offset <= this.#end) return;
    this.#end = offset;
    const last = this.#entries.at(-1);
    if (this.size > 0 && last) last.end = offset;
    else this.#taken = offset;
  }

  /** Takes out up to `max` rows and dead letters. */
  take(partition: number, max: number): Chunk {
    const batches: Batch[] = [];
    const dead: DeadLetter[] = [];
    let neighbours: Slice[] = [];
    for (let room = max; room > 0 && this.size > 0; ) {
      const entry = this.#entries[this.#head];
      const { block, letter } = entry;
      let n = 1;
      if (block) {
        n = Math.min(room, entry.to - entry.from);
        const [before] = neighbours;
        if (before && (before.block.stream !== block.stream || before.block.schema.hash !== block.schema.hash)) {
          batches.push(joined(neighbours));
          neighbours = [];
        }
        append(neighbours, block, entry.from, entry.from + n);
        this.bytes -= n * block.rowBytes;
      } else if (letter) dead.push(letter);
      entry.from += n;
      this.#taken = entry.from === entry.to || !block ? entry.end : block.origin(entry.from - 1) + 1;
      this.size -= n;
      room -= n;
      if (entry.from === entry.to) this.#dropFirst();
    }
    if (neighbours.length > 0) batches.push(joined(neighbours));
    return { partition, nextOffset: this.#taken, batches, dead };
  }

  /** Forgets the first entry now and shortens the array only once in a while: O(1) each. */
  #dropFirst(): void {
    this.#entries[this.#head++] = gone;
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head > 64 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

const gone: Entry = { from: 0, to: 0, end: 0, arrived: 0 };

interface Slice {
  readonly block: Block;
  readonly from: number;
  to: number;
}

function append(slices: Slice[], block: Block, from: number, to: number): void {
  const last = slices.at(-1);
  if (last?.block === block && last.to === from) last.to = to;
  else slices.push({ block, from, to });
}

function joined(slices: readonly Slice[]): Batch {
  return concatBatches(slices.map(({ block, from, to }) => block.slice(from, to)));
}
