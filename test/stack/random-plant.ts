import { foldBuckets } from '../../connectors/conformance/store/plant.ts';
import { allocateBatch, type Batch, copyRow, sliceBatch } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import type { Incident } from '../../core/incident.ts';
import type { Random } from '../../core/random.ts';
import { makeSchema, type Schema } from '../../core/schema.ts';
import { type Annotation, levelsOfDetail, type StoreWrite } from '../../core/store.ts';
import { Status, type ThresholdLevels, topContributions, type Verdicts } from '../../core/verdict.ts';

const second = 1_000_000_000n;

/** What a store was given of one stream. */
export interface RandomStream {
  readonly name: string;
  readonly schema: Schema;
  /** All rows, in the order in which they came. */
  readonly batch: Batch;
  readonly writes: readonly StoreWrite[];
  readonly letters: readonly DeadLetter[];
  readonly annotations: readonly Annotation[];
}

export const pick = <T>(random: Random, values: readonly T[]): T => values[random.int(values.length)];

/** Rows with gaps, equal times, late ones and any doubles, and what a pipeline would say of them. */
export function randomStream(random: Random, name: string, rows: number, from: bigint): RandomStream {
  const names = ['FIT101', 'time', '_origin', 'P1 "main", pump', 'a', 'A', '温度 %', 'back\\slash'].slice(0, 2 + random.int(7));
  const schema = makeSchema(names.map((tag) => ({ name: tag, kind: 'continuous' as const })));
  const batch = randomRows(random, name, schema, rows, from);
  const writes = inPieces(random, batch).map((part) => judged(random, part, schema));
  return {
    ...{ name, schema, batch },
    writes: [...writes, { ...nothing(batch), buckets: closedBuckets(batch) }, ...incidentWrites(random, batch)],
    letters: Array.from({ length: random.int(30) }, (_, i) => randomLetter(random, name, i)),
    annotations: Array.from({ length: random.int(6) }, (_, i) => randomAnnotation(random, batch, i)),
  };
}

function randomRows(random: Random, name: string, schema: Schema, rows: number, from: bigint): Batch {
  const batch = allocateBatch(name, schema, rows, random.next() < 0.7);
  const seqs = new Map<bigint, number>();
  let newest = from;
  for (let row = 0; row < rows; row++) {
    const kind = random.next();
    let time = newest;
    if (kind < 0.05) time = newest - BigInt(random.int(60_000)) * 1_000_000n;
    else if (kind < 0.07) time += BigInt(random.int(7200)) * second;
    else if (kind < 0.2) time += BigInt(random.int(2 ** 31));
    else if (kind > 0.25) time += second;
    if (time > newest) newest = time;
    batch.times[row] = time;
    batch.seqs[row] = seqs.get(time) ?? 0;
    seqs.set(time, batch.seqs[row] + 1);
    batch.origins[row] = row === 0 ? random.int(5) : batch.origins[row - 1] + 1 + random.int(3);
    if (batch.labels) batch.labels[row] = random.int(3) - 1;
    for (let t = 0; t < schema.tags.length; t++) batch.values[row * schema.tags.length + t] = randomValue(random);
  }
  return batch;
}

function randomValue(random: Random): number {
  const kind = random.next();
  if (kind < 0.2) return Number.NaN;
  if (kind < 0.4) return random.int(3) - 1;
  if (kind < 0.42) return pick(random, [-0, 5e-324, -2.2250738585072014e-308, 1e21, -1e-7, 2 ** 53 + 2, 0.1 + 0.2]);
  return random.normal() * 10 ** (random.int(12) - 4);
}

function inPieces(random: Random, batch: Batch): Batch[] {
  const parts: Batch[] = [];
  for (let from = 0; from < batch.rows; ) {
    const to = Math.min(batch.rows, from + 1 + random.int(400));
    parts.push(sliceBatch(batch, from, to));
    from = to;
  }
  return parts;
}

function nothing(batch: Batch): StoreWrite {
  return { batch: sliceBatch(batch, 0, 0), verdicts: [], incidents: [], thresholds: [], buckets: [] };
}

function judged(random: Random, batch: Batch, schema: Schema): StoreWrite {
  const detectors = ['var', 'k-means', 'Ünder "quoted"', '😀', '\uff01'].filter(() => random.next() < 0.6);
  const verdicts = detectors.map((detector) => randomVerdicts(random, detector, batch, schema));
  return {
    ...nothing(batch),
    batch,
    verdicts,
    thresholds: detectors.filter(() => random.next() < 0.3).map((detector) => randomLevels(random, detector, batch)),
  };
}

function randomVerdicts(random: Random, detector: string, { rows }: Batch, { tags }: Schema): Verdicts {
  const verdicts: Verdicts = {
    detector,
    score: Float64Array.from({ length: rows }, () => pick(random, [random.next() * 9, random.next(), Number.NaN, Number.POSITIVE_INFINITY, 0])),
    grade: Float64Array.from({ length: rows }, () => pick(random, [random.next(), 1, Number.NaN])),
    status: Int8Array.from({ length: rows }, () => pick(random, [Status.ok, Status.ok, Status.ok, Status.undefined, Status.warning, Status.error])),
    contributions: { rows: [], tags: [], shares: [], rest: [] },
  };
  const { contributions } = verdicts;
  for (let row = 0; row < rows; row++) {
    if (verdicts.status[row] > 0) continue;
    const order = tags.map((_, i) => i).sort(() => random.next() - 0.5);
    contributions.rows.push(row);
    contributions.rest.push(random.next());
    for (let rank = 0; rank < topContributions; rank++) {
      contributions.tags.push(order[rank] ?? -1);
      contributions.shares.push(rank < order.length ? random.next() - 0.5 : 0);
    }
  }
  return verdicts;
}

function randomLevels(random: Random, detector: string, { stream, times }: Batch): ThresholdLevels {
  return {
    ...{ stream, detector, time: times[0], warn: random.next(), error: pick(random, [random.next() + 1, Number.POSITIVE_INFINITY]), median: random.next() / 9 },
    ...{ method: pick(random, ['quantile 0.99 of 1080 rows', '', 'a "b", c\n']), model: pick(random, ['c0ffee', '']) },
  };
}

/** Those that a pipeline would have closed by then: all but what the last minutes may still change. */
function closedBuckets(batch: Batch): StoreWrite['buckets'] {
  const order = Array.from({ length: batch.rows }, (_, i) => i).sort((a, b) => Number(batch.times[a] - batch.times[b]) || batch.seqs[a] - batch.seqs[b]);
  const sorted = allocateBatch(batch.stream, batch.schema, batch.rows);
  for (const [at, row] of order.entries()) copyRow(batch, row, sorted, at);
  const bound = sorted.times[Math.floor(batch.rows * 0.9)];
  return levelsOfDetail.flatMap((level) => foldBuckets(sorted, level)).filter(({ level, time }) => time + BigInt(level) * 1_000_000n <= bound);
}

/** Every incident in some states of its growth, some of them left open. */
function incidentWrites(random: Random, batch: Batch): StoreWrite[] {
  const writes: StoreWrite[] = [];
  for (let n = 0; n < 12; n++) {
    const first = random.int(batch.rows);
    const rows = 1 + random.int(Math.min(50, batch.rows - first));
    const detector = pick(random, ['var', 'k-means', '😀', '\uff01']);
    const state = (length: number, open: boolean): Incident => ({
      ...{ id: `${batch.stream}/${n}`, stream: batch.stream, detector, start: batch.times[first], end: batch.times[first] + BigInt(length) * second, open },
      ...{ rows: length, peakTime: batch.times[first], peakScore: pick(random, [random.next(), Number.POSITIVE_INFINITY]), peakGrade: 1 },
      ...{ causes: ['var', 'a, "b"'].slice(random.int(2)), contributions: Float64Array.from(batch.schema.tags, () => random.next() - 0.5) },
    });
    const states = Array.from({ length: rows }, (_, i) => state(i + 1, true)).filter((_, i) => i % 7 === 0 || i === rows - 1);
    if (random.next() < 0.8) states.push(state(rows, false));
    for (const incident of states) writes.push({ ...nothing(batch), incidents: [incident] });
  }
  return writes;
}

function randomLetter(random: Random, stream: string, i: number): DeadLetter {
  return {
    ...{
      source: pick(random, ['plant.csv', 'SWAT', 'b "c", d']),
      partition: random.int(12),
      position: 1000 * stream.length + i + random.int(3) * 70_000_000_000,
    },
    ...(random.next() < 0.8 ? { stream } : {}),
    ...{
      reason: pick(random, ['number', 'time', 'syntax'] as const),
      message: `cannot read '${i}\n\t"'`,
      payload: pick(random, ['', '2015;\u0001,"😀"', '{"a":1}']),
    },
  };
}

function randomAnnotation(random: Random, { stream, times, rows }: Batch, i: number): Annotation {
  const from = times[random.int(rows)];
  return {
    ...{ id: `${stream} ${i % 4}`, stream, from, to: from + BigInt(random.int(100)) * second, text: pick(random, ['drill', 'valve, "stuck"\n', '']) },
    ...(random.next() < 0.5 ? { incident: `${stream}/1`, alarm: pick(random, ['true', 'false'] as const) } : {}),
  };
}
