/**
 * What rows cost between Kafka and InfluxDB besides detecting, on one thread and by processor time: `node dist/bench/encoding.js [rows]`.
 * Prints JSON:
 *
 * - rows/s decoded from the messages of a topic, beside `JSON.parse`;
 * - rows/s and bytes a row as line protocol, with the verdicts of nine detectors and without, beside the `Point` of InfluxDB's client;
 * - milliseconds a megabyte and size of these lines by level of gzip.
 */
import { cpus, loadavg } from 'node:os';
import { gzipSync } from 'node:zlib';
import { Point } from '@influxdata/influxdb-client';
import { RowLines, VerdictLines } from '../connectors/influxdb/line-protocol.ts';
import { Outage } from '../connectors/influxdb/outage.ts';
import { WriteQueue } from '../connectors/influxdb/write-queue.ts';
import { RowDecoder } from '../connectors/kafka/row-decoder.ts';
import { RowEncoder } from '../connectors/kafka/row-encoder.ts';
import { allocateBatch, type Batch, sliceBatch } from '../core/batch.ts';
import { makeRandom } from '../core/random.ts';
import { makeSchema } from '../core/schema.ts';
import { isFlagged, Status, topContributions, type Verdicts } from '../core/verdict.ts';
import { plantTags } from '../producer/plant/tags.ts';
import { sampleRows } from '../scripts/make-sample.ts';

const rows = Number(process.argv[2] ?? 14_000);
const batchRows = 500;
const rounds = 5;
const detectors = Array.from({ length: 9 }, (_, d) => `detector-${d}`);
/** Of a row in so many a detector says why. */
const flaggedEvery = 10;
const [gzipSample, levels] = [2 ** 23, [1, 3, 6]];

const schema = makeSchema(plantTags.map((name) => ({ name, kind: 'continuous' })));
const batch = allocateBatch('swat', schema, rows);
for (const [row, { values }] of [...sampleRows(2015, rows)].entries()) {
  batch.values.set(values, row * plantTags.length);
  batch.times[row] = (1_451_268_000n + BigInt(row)) * 1_000_000_000n;
  batch.origins[row] = row;
}
const batches = Array.from({ length: Math.ceil(rows / batchRows) }, (_, b) => sliceBatch(batch, b * batchRows, Math.min(rows, (b + 1) * batchRows)));
const verdicts = batches.map(({ rows: count }) => detectors.map((detector) => drawnVerdicts(detector, count)));

const encoder = new RowEncoder(schema);
const messages = Array.from({ length: rows }, (_, row) => encoder.encode(batch, row));
const bodies: Buffer[] = [];
const rowsAlone = await lines(false);
const withVerdicts = await lines(true, (body) => bodies.push(Buffer.from(body)));
const sample = Buffer.concat(bodies).subarray(0, gzipSample);
const result = {
  bench: 'encoding: from Kafka to InfluxDB without detecting, rows/s of processor time',
  ...{ rows, tags: plantTags.length, detectors: detectors.length },
  decode: { rowsPerSecond: best(() => decodeAll()), jsonParseRowsPerSecond: best(() => parseAll()) },
  lines: { rowsPerSecond: rowsAlone.rowsPerSecond, bytesPerRow: rowsAlone.bytesPerRow, pointRowsPerSecond: best(() => pointsOfRows()) },
  linesAndVerdicts: {
    rowsPerSecond: withVerdicts.rowsPerSecond,
    bytesPerRow: withVerdicts.bytesPerRow,
    pointRowsPerSecond: best(() => {
      pointsOfRows();
      pointsOfVerdicts();
    }),
  },
  gzip: levels.map((level) => {
    const begun = process.cpuUsage();
    const { length } = gzipSync(sample, { level, chunkSize: 2 ** 21 });
    return { level, msPerMb: Number((seconds(begun) * 1000 * (2 ** 20 / sample.length)).toFixed(2)), share: Number((length / sample.length).toFixed(4)) };
  }),
  machine: { node: process.version, cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0] },
};
process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);

function drawnVerdicts(detector: string, count: number): Verdicts {
  const random = makeRandom(1, detector);
  const score = Float64Array.from({ length: count }, () => 5 * random.next());
  const status = Int8Array.from({ length: count }, () => (random.next() * flaggedEvery < 1 ? Status.error : Status.ok));
  const flagged = [...status.keys()].filter((row) => isFlagged(status[row]));
  const each = (): number[] => Array.from({ length: flagged.length * topContributions }, () => random.next() / topContributions);
  return {
    ...{ detector, score, grade: score.map((value) => Math.max(0, value / 5 - 0.5)), status },
    contributions: { rows: flagged, tags: each().map((share) => Math.floor(share * 100)), shares: each(), rest: flagged.map(() => random.next()) },
  };
}

/** The best of a few rounds, rows a second of processor time. */
function best(round: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const begun = process.cpuUsage();
    round();
    least = Math.min(least, seconds(begun));
  }
  return Math.round(rows / least);
}

function seconds(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1e6;
}

function decodeAll(): void {
  const decoder = new RowDecoder(schema);
  const values = new Float64Array(schema.tags.length * batchRows);
  for (const [row, message] of messages.entries()) {
    const fault = decoder.decode(message, values, (row % batchRows) * schema.tags.length);
    if (fault) throw new Error(fault.message);
  }
}

function parseAll(): void {
  const values = new Float64Array(schema.tags.length * batchRows);
  const names = schema.tags.map(({ name }) => name);
  for (const [row, message] of messages.entries()) {
    const content = JSON.parse(message.toString()) as Record<string, number>;
    for (const [tag, name] of names.entries()) values[(row % batchRows) * names.length + tag] = content[name];
  }
}

/** As the store does: into the bodies of requests. */
async function lines(judged: boolean, keep?: (body: Uint8Array) => void): Promise<{ rowsPerSecond: number; bytesPerRow: number }> {
  let bytes = 0;
  const queue = new WriteQueue({
    ...{ outage: new Outage(undefined), inFlight: 3, batchLines: 5000 },
    write: async (body) => {
      bytes += body.length;
      keep?.(body);
    },
    reject: () => [],
  });
  const own = new RowLines('swat', schema);
  const tellers = detectors.map((detector) => new VerdictLines('swat', schema, detector));
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    bytes = 0;
    const begun = process.cpuUsage();
    for (const [b, part] of batches.entries()) {
      await queue.room();
      own.put(part, queue.lines, (_, why) => {
        throw new Error(why);
      });
      if (judged) for (const [d, teller] of tellers.entries()) teller.put(part, verdicts[b][d], queue.lines);
      queue.pump();
    }
    await queue.flush();
    if (i > 0) least = Math.min(least, seconds(begun));
  }
  return { rowsPerSecond: Math.round(rows / least), bytesPerRow: Math.round(bytes / rows) };
}

function pointsOfRows(): void {
  for (const part of batches) writeLines(part, (row) => [rowPoint(part, row)]);
}

function pointsOfVerdicts(): void {
  for (const [b, part] of batches.entries()) writeLines(part, (row) => verdicts[b].map((each) => verdictPoint(part, each, row)));
}

function writeLines(part: Batch, points: (row: number) => Point[]): void {
  const text: string[] = [];
  for (let row = 0; row < part.rows; row++) for (const point of points(row)) text.push(point.toLineProtocol() ?? '');
  Buffer.from(text.join('\n'));
}

function rowPoint({ values, times, origins }: Batch, row: number): Point {
  const point = new Point('sensors').tag('stream', 'swat').floatField('_origin', origins[row]);
  for (const [t, { name }] of schema.tags.entries()) point.floatField(name, values[row * schema.tags.length + t]);
  return point.timestamp(String(times[row]));
}

function verdictPoint({ times }: Batch, { detector, status, score, grade, contributions }: Verdicts, row: number): Point {
  const point = new Point('verdicts').tag('stream', 'swat').tag('detector', detector);
  point.intField('status', status[row]).floatField('score', score[row]).floatField('grade', grade[row]);
  const at = isFlagged(status[row]) ? contributions.rows.indexOf(row) : -1;
  if (at >= 0) {
    point.floatField('rest', contributions.rest[at]);
    for (let rank = 0; rank < topContributions; rank++) {
      const of = at * topContributions + rank;
      point.stringField(`tag${rank + 1}`, plantTags[contributions.tags[of]]).floatField(`share${rank + 1}`, contributions.shares[of]);
    }
  }
  return point.timestamp(String(times[row]));
}
