import type { Batch } from '../../core/batch.ts';
import { SluiceError } from '../../core/errors.ts';
import { tagIndex } from '../../core/schema.ts';
import type { Range, StoreReader } from '../../core/store.ts';
import { noDistribution, readAgreement, readDistribution, readExtent } from './agreement-reader.ts';
import { ArrivalOrder } from './arrival-order.ts';
import { readBuckets } from './buckets-reader.ts';
import type { InfluxConnection } from './connection.ts';
import { readAnnotations, readDeadLetters, readIncidents, readThresholds } from './events-reader.ts';
import { exportThroughDuck } from './export.ts';
import { FluxSource } from './flux-source.ts';
import { readKnown } from './known.ts';
import { noRows, readRows, rowsPages, type StreamEntry } from './rows-reader.ts';
import { readScores } from './scores-reader.ts';
import { readStatistics } from './statistics.ts';
import { readStreams, summarise } from './streams-reader.ts';
import { readVerdicts } from './verdicts-reader.ts';

/** Values that a scan reads at once, about. */
const scanValues = 2 ** 18;

/**
 * The reading half. Whatever was committed when a call was made is seen; of what is being written meanwhile, parts may be. A row
 * that is on its way may for a moment lack some of its values.
 */
export function influxReader(connection: InfluxConnection): StoreReader {
  const source = new FluxSource(connection);
  const inStream = async <T>(stream: string, absent: T, work: (entry: StreamEntry) => Promise<T>): Promise<T> => {
    const [entry] = await readStreams(source, stream);
    return entry ? await work(entry) : absent;
  };
  const tagsOf = ({ name, schema }: StreamEntry, asked: readonly string[] | undefined): readonly string[] =>
    asked?.map((tag) => schema.tags[tagIndex(schema, tag, name)].name) ?? schema.tags.map((tag) => tag.name);

  async function* scan(query: Range): AsyncGenerator<Batch> {
    const [entry] = await readStreams(source, query.stream);
    if (!entry) return;
    const order = new ArrivalOrder(entry);
    const rows = Math.min(16_384, Math.max(512, Math.round(scanValues / entry.schema.tags.length)));
    for await (const page of rowsPages(source, entry, query, rows)) yield* order.take(page);
    yield* order.end();
  }

  const reader: StoreReader = {
    streams: () => summarise(source),
    extent: (query) => readExtent(source, query),
    rows: (query) => inStream(query.stream, noRows(query.tags ?? []), (entry) => readRows(source, entry, tagsOf(entry, query.tags), query)),
    scan,
    buckets: (query) => inStream(query.stream, [], (entry) => readBuckets(source, entry, tagsOf(entry, query.tags), query)),
    verdicts: (query) => readVerdicts(source, query),
    scores: (query) => readScores(source, query),
    agreement: (query) => readAgreement(source, query),
    distribution: (query) => inStream(query.stream, noDistribution(), (entry) => readDistribution(source, { ...query, tag: tagsOf(entry, [query.tag])[0] })),
    incidents: (query) => readIncidents(source, query),
    statistics: (query) => inStream(query.stream, [], (entry) => readStatistics(source, entry.name, tagsOf(entry, query.tags), query)),
    thresholds: (stream) => readThresholds(source, stream),
    annotations: (query) => readAnnotations(source, query),
    deadLetters: (query) => readDeadLetters(source, query),
    known: (stream, times, seqs) => readKnown(source, stream, times, seqs),
    manifest: async () => undefined,
    manifests: async () => [],
    record: async (hash) => {
      throw new SluiceError('RECORD_CORRUPT', `record ${hash} is missing: InfluxDB keeps none`, { place: source.place });
    },
    export: async (request) => {
      const [entry] = await readStreams(source, request.stream);
      if (!entry) throw new SluiceError('USAGE', `the store has no stream '${request.stream}'`, { place: source.place });
      return await exportThroughDuck(source, entry, request, reader);
    },
  };
  return reader;
}
