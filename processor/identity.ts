import { allocateBatch, type Batch, copyRow, sliceBatch, uncounted } from '../core/batch.ts';
import type { DeadLetter } from '../core/chunk.ts';
import { rowPayload } from '../core/row-payload.ts';
import { formatTime } from '../core/time.ts';
import type { TimeWindow } from '../core/time-window.ts';

export interface Admission {
  /** Rows to store and score, in arrival order; shares memory with the batch when all were admitted. */
  readonly batch: Batch;
  readonly duplicates: number;
  /** Behind the newest time but inside the window: admitted. */
  readonly late: number;
  readonly dead: readonly DeadLetter[];
}

/** Which of these identities the store already holds. */
export type KnownRows = (times: BigInt64Array, seqs: Int32Array) => Promise<Uint8Array>;

const fresh = 0;
const duplicate = 1;
const older = 2;

/**
 * Decides row by row, before anything is scored, what is new: a (time, seq) already seen inside the window is a
 * duplicate; a new one behind the newest time is late and kept; one older than the window is a duplicate when the
 * store holds it, otherwise a dead letter. Uncounted rows of one time are told apart by their order: none is a duplicate.
 * Row order alone decides, never how rows were batched.
 */
export async function admit(arrived: Batch, window: TimeWindow, known: KnownRows, source: string, partition: number): Promise<Admission> {
  const batch = arrived.seqs.includes(uncounted) ? { ...arrived, seqs: copyOf(arrived.seqs) } : arrived;
  const { rows, times, seqs } = batch;
  const kinds = new Uint8Array(rows);
  let duplicates = 0;
  let late = 0;
  let olderRows = 0;
  for (let i = 0; i < rows; i++) {
    const time = times[i];
    if (seqs[i] === uncounted && !window.isOlder(time)) seqs[i] = window.count(time);
    const seq = seqs[i];
    if (seq < 0 || window.isOlder(time)) {
      kinds[i] = older;
      olderRows++;
    } else if (seq < window.count(time)) {
      kinds[i] = duplicate;
      duplicates++;
    } else {
      const { newest } = window;
      if (newest !== undefined && time < newest) late++;
      window.set(time, seq + 1);
    }
  }
  const dead: DeadLetter[] = [];
  if (olderRows > 0) duplicates += await judgeOlder(batch, kinds, olderRows, known, source, partition, dead);
  return { batch: duplicates + dead.length === 0 ? batch : compact(batch, kinds, rows - duplicates - dead.length), duplicates, late, dead };
}

async function judgeOlder(
  batch: Batch,
  kinds: Uint8Array,
  count: number,
  known: KnownRows,
  source: string,
  partition: number,
  dead: DeadLetter[],
): Promise<number> {
  const rows = new Int32Array(count);
  for (let i = 0, n = 0; i < batch.rows; i++) if (kinds[i] === older) rows[n++] = i;
  const times = BigInt64Array.from(rows, (row) => batch.times[row]);
  const seqs = Int32Array.from(rows, (row) => batch.seqs[row]);
  const stored = await known(times, seqs);
  let duplicates = 0;
  for (let n = 0; n < count; n++) {
    if (stored[n] === 1) {
      duplicates++;
      continue;
    }
    dead.push({
      source,
      partition,
      position: batch.origins[rows[n]],
      stream: batch.stream,
      reason: 'too-late',
      message: `the time ${formatTime(times[n])} is further behind the newest row than \`lateness\` allows; raise it for sources that deliver late`,
      payload: rowPayload(batch, rows[n]),
    });
  }
  return duplicates;
}

function copyOf(seqs: Int32Array): Int32Array {
  const copy = new Int32Array(new SharedArrayBuffer(seqs.byteLength));
  copy.set(seqs);
  return copy;
}

function compact(batch: Batch, kinds: Uint8Array, count: number): Batch {
  if (count === 0) return sliceBatch(batch, 0, 0);
  const out = allocateBatch(batch.stream, batch.schema, count, batch.labels !== undefined);
  for (let i = 0, at = 0; i < batch.rows; i++) if (kinds[i] === fresh) copyRow(batch, i, out, at++);
  return out;
}
