import { type InfluxConnection, predicate } from './connection.ts';
import { removedLetterLine } from './event-lines.ts';
import { encodeText, firstTime, lastTime, measurement } from './layout.ts';
import { lettersOfStream } from './stored-keys.ts';

/** Letters that go in one request. */
const lettersAtOnce = 5000;

/** Deletes points by measurement and tags, in [first, last]. */
export async function deletePoints(connection: InfluxConnection, tags: Readonly<Record<string, string>>, first = firstTime, last = lastTime): Promise<void> {
  if (first > last) return;
  const stored = Object.fromEntries(Object.entries(tags).map(([tag, value]) => [tag, encodeText(value)]));
  await connection.delete(predicate(stored), first, last);
}

/** Removes all there is of a stream; doing it again after an error goes on with it. */
export async function forgetStream(connection: InfluxConnection, stream: string, manifestKey: string | undefined): Promise<void> {
  const { rows, verdicts, thresholds, buckets, incidents, annotations, streams, deadLetters } = measurement;
  for (const _measurement of [rows, verdicts, thresholds, buckets, incidents, annotations]) await deletePoints(connection, { _measurement, stream });
  const topic = manifestKey === undefined ? undefined : topicOf(manifestKey);
  if (topic) await deletePoints(connection, { _measurement: deadLetters, ...topic });
  let lines: string[] = [];
  const removeLetters = async (): Promise<void> => {
    await connection.write(Buffer.from(lines.join('\n')));
    lines = [];
  };
  for await (const key of lettersOfStream(connection, stream)) {
    lines.push(removedLetterLine(key));
    if (lines.length >= lettersAtOnce) await removeLetters();
  }
  if (lines.length > 0) await removeLetters();
  // The last, so that the stream is listed until all of it is gone.
  await deletePoints(connection, { _measurement: streams, stream });
}

/** What a bus names as the source of dead letters, from the key `[<group>/]<topic>/<partition>` of a manifest. */
function topicOf(manifestKey: string): { source: string; partition: string } | undefined {
  const [partition, source] = manifestKey.split('/').reverse();
  return source === undefined ? undefined : { source, partition };
}
