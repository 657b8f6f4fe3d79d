import { type Batch, sliceBatch } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import { rowPayload } from '../../core/row-payload.ts';
import { requireSameSchema, type Schema } from '../../core/schema.ts';
import type { Annotation, RejectedRow, StoreReader, StoreWrite, StoreWriter } from '../../core/store.ts';
import type { InfluxConnection } from './connection.ts';
import { annotationLine, BucketLines, incidentLine, letterLine, removedLetterLine, streamLine, tagLines, thresholdLine } from './event-lines.ts';
import type { InfluxError } from './failure.ts';
import { FluxSource } from './flux-source.ts';
import { deletePoints, forgetStream } from './forget.ts';
import { firstTime, lastTime, measurement, tagField } from './layout.ts';
import { keyText, RowLines, VerdictLines } from './line-protocol.ts';
import type { Outage } from './outage.ts';
import { rejectedRow } from './rejected-row.ts';
import { readStreams } from './streams-reader.ts';
import { WriteQueue, type WriteQueueOptions } from './write-queue.ts';

/** Rows between two looks at whether there is room for more. */
const slice = 1000;

/** Tags of a stream that go in one request: some 25 kB. */
const tagsAtOnce = 250;

/** What InfluxDB takes as the key of a point: measurement, tags and a field. */
const longestKey = 65_535;

/** How a stream's rows become lines. */
interface Entry {
  readonly schema: Schema;
  readonly rows: RowLines;
  readonly buckets: BucketLines;
  readonly verdicts: Map<string, VerdictLines>;
}

/** Who waits for a person, not for a service, is told what that person has to do. */
const passesByItself = { passes: ({ kind }: InfluxError) => kind === 'away' || kind === 'full' };

/**
 * The writing half: lines leave as soon as they can and are durable when the server has answered. Nothing is undone: what was
 * written before an error is written again, equal, when the rows come again.
 */
export class InfluxWriter implements StoreWriter {
  readonly #connection: InfluxConnection;
  readonly #reader: Pick<StoreReader, 'known' | 'incidents'>;
  readonly #source: FluxSource;
  readonly #outage: Outage;
  readonly #queue: WriteQueue;
  readonly #streams = new Map<string, Entry>();
  /** Appends one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    connection: InfluxConnection,
    reader: Pick<StoreReader, 'known' | 'incidents'>,
    outage: Outage,
    options: Pick<WriteQueueOptions, 'inFlight' | 'batchLines'>,
  ) {
    this.#connection = connection;
    this.#reader = reader;
    this.#source = new FluxSource(connection);
    this.#outage = outage;
    this.#queue = new WriteQueue({
      ...options,
      outage,
      write: (lines, signal) => connection.write(lines, signal),
      reject: (bad) => bad.map((line) => rejectedRow(line, connection.at.bucket, (stream) => this.#streams.get(stream)?.schema)),
    });
  }

  openStream(stream: string, schema: Schema): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#streams.get(stream)?.schema;
      const stored = known ?? (await this.#outage.through(() => readStreams(this.#source, stream))).at(0)?.schema;
      if (stored) requireSameSchema(stored, schema, `stream '${stream}' in bucket '${this.#connection.at.bucket}'`);
      else {
        requireShortNames(stream, schema);
        await this.#writeNow(streamLine(stream, schema));
      }
      if (known) return;
      const tags = tagLines(stream, schema);
      for (let at = 0; at < tags.length; at += tagsAtOnce) await this.#writeNow(tags.slice(at, at + tagsAtOnce).join('\n'));
      this.#streams.set(stream, { schema, rows: new RowLines(stream, schema), buckets: new BucketLines(stream, schema), verdicts: new Map() });
    });
  }

  append(write: StoreWrite): Promise<void> {
    return this.#inTurn(async () => {
      const { batch } = write;
      const entry = this.#entry(batch);
      for (let from = 0; from < batch.rows; from += slice) {
        await this.#queue.room();
        const part = sliceBatch(batch, from, Math.min(batch.rows, from + slice));
        entry.rows.put(part, this.#queue.lines, (row, message) => this.#queue.refuse(refusedRow(part, row, message)));
        this.#queue.pump();
      }
      await this.#putJudgement(entry, write);
      await this.#queue.room();
      for (const bucket of write.buckets) entry.buckets.put(bucket, this.#queue.linesInOrder);
      this.#queue.pump();
    });
  }

  appendDead(letters: readonly DeadLetter[]): Promise<void> {
    return this.#putLetters(letters, letterLine);
  }

  removeDead(letters: Parameters<StoreWriter['removeDead']>[0]): Promise<void> {
    return this.#putLetters(letters, removedLetterLine);
  }

  async commit(manifest?: Manifest): Promise<readonly RejectedRow[]> {
    if (manifest) throw new SluiceError('INTERNAL', 'a store in InfluxDB keeps no manifests: they belong on the bus');
    await this.#turn;
    return await this.#queue.flush();
  }

  /** Not in one step: until it is done, and after an error, verdicts of the range are missing; doing it again makes it whole. */
  replaceVerdicts(stream: string, from: bigint, to: bigint, writes: AsyncIterable<StoreWrite>): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireNothingWaiting('replaceVerdicts');
      const entry = this.#streams.get(stream);
      if (!entry) throw new SluiceError('INTERNAL', `stream '${stream}' was not opened`);
      const incidents = await this.#outage.through(() => this.#reader.incidents({ stream, from, to }), passesByItself);
      const starting = incidents.filter(({ start }) => start >= from && start < to);
      const [first, last] = [from < firstTime ? firstTime : from, to > lastTime ? lastTime : to - 1n];
      const remove = (tags: Readonly<Record<string, string>>, ...range: [bigint, bigint] | []): Promise<void> =>
        this.#outage.through(() => deletePoints(this.#connection, tags, ...range), passesByItself);
      if (first <= last) for (const _measurement of [measurement.verdicts, measurement.thresholds]) await remove({ _measurement, stream }, first, last);
      for (const { id } of starting) await remove({ _measurement: measurement.incidents, stream, id });
      for await (const write of writes) await this.#putJudgement(entry, write);
      await this.#queue.flush();
    });
  }

  /** Durable at once, whatever is staged: it comes from people, not from the stream. */
  async annotate(annotation: Annotation): Promise<void> {
    await this.#outage.through((signal) => this.#connection.write(Buffer.from(annotationLine(annotation, Date.now())), signal), passesByItself);
    // It may have stood at another time before.
    const tags = { _measurement: measurement.annotations, id: annotation.id };
    for (const [first, last] of [[firstTime, annotation.from - 1n], [annotation.from + 1n, lastTime]]) await this.#outage.through(() => deletePoints(this.#connection, tags, first, last), passesByItself); // biome-ignore format: one line
  }

  forget(stream: string, manifestKey?: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#requireNothingWaiting('forget');
      await this.#outage.through(() => forgetStream(this.#connection, this.#source, stream, manifestKey), passesByItself);
      this.#streams.delete(stream);
    });
  }

  /** For each (time, seq), 1 when that row is stored or staged. */
  known(stream: string, times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      await this.#queue.settle();
      return await this.#outage.through(() => this.#reader.known(stream, times, seqs));
    });
  }

  /** What is not taken yet is dropped, as after a crash. */
  close(): void {
    this.#queue.close();
    this.#outage.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  #entry(batch: Batch): Entry {
    const entry = this.#streams.get(batch.stream);
    if (!entry) throw new SluiceError('INTERNAL', `stream '${batch.stream}' was not opened`);
    requireSameSchema(entry.schema, batch.schema, `stream '${batch.stream}' in bucket '${this.#connection.at.bucket}'`);
    return entry;
  }

  /** What detectors say of rows. */
  async #putJudgement(entry: Entry, { batch, verdicts, incidents, thresholds }: StoreWrite): Promise<void> {
    for (const each of verdicts) {
      await this.#queue.room();
      let lines = entry.verdicts.get(each.detector);
      if (!lines) {
        lines = new VerdictLines(batch.stream, entry.schema, each.detector);
        entry.verdicts.set(each.detector, lines);
      }
      lines.put(batch, each, this.#queue.lines);
      this.#queue.pump();
    }
    for (const incident of incidents) this.#queue.put(incidentLine(incident, entry.schema));
    for (const levels of thresholds) this.#queue.putInOrder(thresholdLine(levels));
    this.#queue.pump();
  }

  #putLetters<T>(letters: readonly T[], line: (letter: T) => string): Promise<void> {
    return this.#inTurn(async () => {
      for (const letter of letters) {
        await this.#queue.room();
        this.#queue.putInOrder(line(letter));
      }
      this.#queue.pump();
    });
  }

  async #writeNow(line: string): Promise<void> {
    await this.#outage.through((signal) => this.#connection.write(Buffer.from(line), signal));
  }

  #requireNothingWaiting(what: string): void {
    if (!this.#queue.isEmpty) throw new SluiceError('INTERNAL', `${what} needs what was appended to be committed first`);
  }
}

function refusedRow(batch: Batch, row: number, message: string): RejectedRow {
  return { stream: batch.stream, origin: batch.origins[row], time: batch.times[row], message, payload: rowPayload(batch, row) };
}

/** @throws SOURCE_TAGS for names that no point can carry */
function requireShortNames(stream: string, { tags }: Schema): void {
  const head = Buffer.byteLength(keyText(stream)) + 1000;
  const long = tags.find(({ name }) => head + Buffer.byteLength(tagField(name)) > longestKey);
  if (!long) return;
  throw new SluiceError('SOURCE_TAGS', `the names of stream '${stream.slice(0, 80)}' and tag '${long.name.slice(0, 80)}' are too long for InfluxDB`, {
    fix: 'Shorten them to 60,000 bytes together.',
  });
}
