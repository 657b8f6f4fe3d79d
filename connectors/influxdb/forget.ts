import type { DeadLetter } from '../../core/chunk.ts';
import { type InfluxConnection, predicate } from './connection.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { removedLetterLine } from './event-lines.ts';
import { allTime, points } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { decodeText, encodeText, firstTime, lastTime, measurement } from './layout.ts';

/** Letters that go in one request. */
const lettersAtOnce = 5000;

/** Deletes points by measurement and tags, in [first, last]. */
export async function deletePoints(connection: InfluxConnection, tags: Readonly<Record<string, string>>, first = firstTime, last = lastTime): Promise<void> {
  if (first > last) return;
  const stored = Object.fromEntries(Object.entries(tags).map(([tag, value]) => [tag, encodeText(value)]));
  await connection.delete(predicate(stored), first, last);
}

/** Removes all there is of a stream; doing it again after an error goes on with it. */
export async function forgetStream(connection: InfluxConnection, source: FluxSource, stream: string, manifestKey: string | undefined): Promise<void> {
  const { rows, verdicts, thresholds, buckets, incidents, annotations, streams, tags, deadLetters } = measurement;
  for (const _measurement of [rows, verdicts, thresholds, buckets, incidents, annotations, tags]) await deletePoints(connection, { _measurement, stream });
  const topic = manifestKey === undefined ? undefined : topicOf(manifestKey);
  if (topic) await deletePoints(connection, { _measurement: deadLetters, ...topic });
  const selection = { bucket: source.bucket, measurement: deadLetters, fields: ['stream'], ...allTime };
  const { letters } = await source.ask(points(selection), () => new LettersOfStream(stream));
  for (let from = 0; from < letters.length; from += lettersAtOnce) {
    const lines = letters.slice(from, from + lettersAtOnce).map(removedLetterLine);
    await connection.write(Buffer.from(lines.join('\n')));
  }
  // The last, so that the stream is listed until all of it is gone.
  await deletePoints(connection, { _measurement: streams, stream });
}

/** The keys of the letters of a stream. */
class LettersOfStream implements PointSink {
  readonly letters: Pick<DeadLetter, 'source' | 'partition' | 'position'>[] = [];
  readonly #stream: string;
  #key = { source: '', partition: 0 };

  constructor(stream: string) {
    this.#stream = stream;
  }

  series({ source = '', partition }: SeriesKey): void {
    this.#key = { source: decodeText(source), partition: Number(partition) };
  }

  point(response: CsvResponse): void {
    if (decodeText(response.text()) === this.#stream) this.letters.push({ ...this.#key, position: Number(response.time()) });
  }
}

/** What a bus names as the source of dead letters, from the key `[<group>/]<topic>/<partition>` of a manifest. */
function topicOf(manifestKey: string): { source: string; partition: string } | undefined {
  const [partition, source] = manifestKey.split('/').reverse();
  return source === undefined ? undefined : { source, partition };
}
