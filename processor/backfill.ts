import { allocateBatch, type Batch, copyRow, sliceBatch } from '../core/batch.ts';
import type { Store, StoreWrite } from '../core/store.ts';
import type { Contributions, ThresholdLevels, Verdicts } from '../core/verdict.ts';
import { type StreamPipeline, undefinedVerdicts } from './stream.ts';

export interface BackfillRange {
  readonly from?: bigint;
  readonly to?: bigint;
  /** Rows of so many nanoseconds before `from` are scored first and not written, so that memory is warm. */
  readonly lead: bigint;
}

/**
 * Scores the stored rows of a range again, in the order in which they came, and replaces their verdicts, the incidents
 * that begin in it and the levels in one step. Rows behind the range are read, and not written, until what began in it is
 * over. Rows that were put in afterwards, too late to be scored, stay unscored. The stream must be new and have a model.
 */
export async function backfill(
  store: Store,
  stream: StreamPipeline,
  range: BackfillRange,
  onRows: (rows: number) => void,
): Promise<{ rows: number; incidents: number }> {
  const { from = -(2n ** 63n), to = 2n ** 63n - 1n, lead } = range;
  let rows = 0;
  /** Rows of the range, of those that came so far. */
  let seen = 0;
  const incidents = new Set<string>();
  const levels = new LevelsOfRange(await store.thresholds(stream.stream), from);
  const nothingKnown = async (times: BigInt64Array): Promise<Uint8Array> => new Uint8Array(times.length);
  async function* writes(): AsyncGenerator<StoreWrite> {
    let newest = from;
    for await (const batch of store.scan({ stream: stream.stream, ...(range.from === undefined ? {} : { from: from - lead }) })) {
      const result = await stream.take(batch, nothingKnown, 'backfill', 0);
      for (const write of result.writes) {
        const wanted = { ...partInside(write, from, to), thresholds: levels.begin(write.thresholds) };
        for (const { id } of wanted.incidents) incidents.add(id);
        rows += wanted.batch.rows;
        yield wanted;
      }
      const passed = passedOver(batch, result.writes);
      if (passed.rows > 0) yield partInside(unscored(stream, passed), from, to);
      onRows(rows);
      for (const time of batch.times) {
        if (time > newest) newest = time;
        if (time >= from && time < to) seen++;
      }
      if (newest >= to && stream.settled(to, newest)) {
        for await (const later of rowsBehind(store, stream.stream, range, seen)) yield unscored(stream, later);
        break;
      }
    }
    const empty = allocateBatch(stream.stream, stream.schema, 0);
    yield { batch: empty, verdicts: [], incidents: [], buckets: [], thresholds: levels.end(range.to ?? newest + 1n) };
  }
  await store.replaceVerdicts(stream.stream, from, to, writes());
  return { rows, incidents: incidents.size };
}

/** Rows of a batch that the stream did not take: it takes the others, in their order. */
function passedOver(batch: Batch, writes: readonly StoreWrite[]): Batch {
  const taken = writes.reduce((n, write) => n + write.batch.rows, 0);
  if (taken === batch.rows) return sliceBatch(batch, 0, 0);
  const keep: number[] = [];
  let row = 0;
  for (const { batch: part } of writes) {
    for (let i = 0; i < part.rows; i++, row++) for (; batch.times[row] !== part.times[i] || batch.seqs[row] !== part.seqs[i]; row++) keep.push(row);
  }
  for (; row < batch.rows; row++) keep.push(row);
  return pickRows(batch, keep);
}

/** Rows of the range that were stored behind the first so many of it. */
async function* rowsBehind(store: Store, stream: string, { from, to }: Omit<BackfillRange, 'lead'>, skip: number): AsyncGenerator<Batch> {
  let left = skip;
  for await (const batch of store.scan({ stream, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) })) {
    if (left < batch.rows) yield sliceBatch(batch, left, batch.rows);
    left = Math.max(0, left - batch.rows);
  }
}

function unscored(stream: StreamPipeline, batch: Batch): StoreWrite {
  return { batch, verdicts: stream.names.map((name) => undefinedVerdicts(name, batch.rows)), incidents: [], thresholds: [], buckets: [] };
}

/** The levels that the range's rows are held to, and after it those of before again; stored where they change. */
class LevelsOfRange {
  readonly #stored: readonly ThresholdLevels[];
  readonly #from: bigint;
  #begun: readonly ThresholdLevels[] = [];

  constructor(stored: readonly ThresholdLevels[], from: bigint) {
    this.#stored = stored;
    this.#from = from;
  }

  /** @param told what the stream tells at the first row it scores, which may lie before the range */
  begin(told: readonly ThresholdLevels[]): ThresholdLevels[] {
    if (told.length > 0) this.#begun = told.map((levels) => ({ ...levels, ...(levels.time < this.#from ? { time: this.#from } : {}) }));
    return told.length === 0 ? [] : this.#begun.filter((levels) => !sameLevels(levels, this.#inForce(levels.detector, this.#from)));
  }

  end(time: bigint): ThresholdLevels[] {
    return this.#begun.flatMap((levels) => {
      const former = this.#inForce(levels.detector, time);
      return former === undefined || sameLevels(levels, former) ? [] : [{ ...former, time }];
    });
  }

  /** Stored for rows before `time`. */
  #inForce(detector: string, time: bigint): ThresholdLevels | undefined {
    return this.#stored.findLast((levels) => levels.detector === detector && levels.time < time);
  }
}

function sameLevels(a: ThresholdLevels, b: ThresholdLevels | undefined): boolean {
  return b !== undefined && a.model === b.model && a.warn === b.warn && a.error === b.error && a.median === b.median;
}

/** The part of a write that belongs to rows, and incidents that begin, in [from, to). */
function partInside(write: StoreWrite, from: bigint, to: bigint): StoreWrite {
  const inside = (time: bigint): boolean => time >= from && time < to;
  const keep: number[] = [];
  for (let row = 0; row < write.batch.rows; row++) if (inside(write.batch.times[row])) keep.push(row);
  const incidents = write.incidents.filter(({ start }) => inside(start));
  if (keep.length === write.batch.rows) return { ...write, incidents };
  return { ...write, batch: pickRows(write.batch, keep), verdicts: write.verdicts.map((verdicts) => pickVerdicts(verdicts, keep)), incidents };
}

function pickRows(batch: Batch, keep: readonly number[]): Batch {
  const out = allocateBatch(batch.stream, batch.schema, keep.length, batch.labels !== undefined);
  for (const [at, row] of keep.entries()) copyRow(batch, row, out, at);
  return out;
}

function pickVerdicts(verdicts: Verdicts, keep: readonly number[]): Verdicts {
  const at = new Map(keep.map((row, n) => [row, n]));
  const { rows, tags, shares, rest } = verdicts.contributions;
  const width = rows.length === 0 ? 0 : tags.length / rows.length;
  const out: Contributions = { rows: [], tags: [], shares: [], rest: [] };
  for (const [n, row] of rows.entries()) {
    const to = at.get(row);
    if (to === undefined) continue;
    out.rows.push(to);
    out.tags.push(...tags.slice(n * width, (n + 1) * width));
    out.shares.push(...shares.slice(n * width, (n + 1) * width));
    out.rest.push(rest[n]);
  }
  return {
    detector: verdicts.detector,
    score: Float64Array.from(keep, (row) => verdicts.score[row]),
    grade: Float64Array.from(keep, (row) => verdicts.grade[row]),
    status: Int8Array.from(keep, (row) => verdicts.status[row]),
    contributions: out,
  };
}
