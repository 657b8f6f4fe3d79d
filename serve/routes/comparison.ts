import type { FastifyInstance } from 'fastify';
import type { Extent, Range } from '../../core/store.ts';
import { type Agreement, agreement, agreementQuery, type Distribution, distribution, distributionQuery } from '../api.ts';
import { askedRange, milliseconds } from '../asked-range.ts';
import { detailFor } from '../detail.ts';
import { endpoint } from '../endpoint.ts';
import { configuredDetectors, leadOf } from '../pipeline-info.ts';
import type { ServedStore } from '../ports.ts';
import { detectorsOf, tagsOf } from '../served-streams.ts';
import type { Api } from './api.ts';
import { streamParams } from './streams.ts';

/** Rows that are counted one by one, at most. */
const mostRows = 500_000;
/** Buckets that the share of flagged rows is told of, at most. */
const mostBuckets = 240;

/** Verdicts over many rows: by the value of a tag, and of detectors side by side. */
export function comparisonRoutes(app: FastifyInstance, { store, streams, runtime, queries: queue }: Api): void {
  const known = (stream: string): string[] => (stream === runtime.config.stream ? configuredDetectors(runtime.config) : []);

  const byValue = {
    method: 'GET',
    url: '/api/streams/:stream/distribution',
    summary: 'Rows by the value of a tag and by verdict.',
    params: streamParams,
    query: distributionQuery,
    answer: distribution,
    queue,
  } as const;
  endpoint(app, byValue, async ({ params, query }): Promise<Distribution> => {
    const stream = await streams.find(params.stream);
    const [tag] = tagsOf(query.tag, stream);
    const detector = query.detector === undefined ? leadOf(runtime.config) : detectorsOf(query.detector, stream, known(stream.stream))[0];
    const reader = await store();
    const asked = await askedRange(reader, stream.stream, query);
    const { range, newest } = await newestOf(reader, asked);
    const counts = await reader.distribution({ ...range, tag, detector, bins: query.bins });
    const columns = { normal: Array.from(counts.normal), anomalous: Array.from(counts.anomalous), undefined: Array.from(counts.undefined) };
    const rows = Object.values(columns).flat().reduce((sum, count) => sum + count, 0); // biome-ignore format: one line
    return { tag, detector, edges: Array.from(counts.edges), ...columns, rows, newest };
  });

  const sideBySide = {
    method: 'GET',
    url: '/api/streams/:stream/agreement',
    summary: 'How far detectors flag the same rows.',
    params: streamParams,
    query: agreementQuery,
    answer: agreement,
    queue,
  } as const;
  endpoint(app, sideBySide, async ({ params, query }): Promise<Agreement> => {
    const stream = await streams.find(params.stream);
    const detectors = detectorsOf(query.detectors, stream, known(stream.stream));
    const reader = await store();
    const range = await askedRange(reader, stream.stream, query);
    const extent = await reader.extent(range);
    // Of single rows a share is all or nothing: there is a bucket, be it a short one.
    const level = detailFor(extent, mostBuckets) || 10_000;
    const [{ detectors: own, both }, scores] = await Promise.all([
      reader.agreement({ ...range, detectors }),
      reader.scores({ ...range, detectors, level, counts: true }),
    ]);
    const starts = [...new Set(scores.flatMap(({ times }) => Array.from(times)))].sort((a, b) => (a < b ? -1 : 1));
    const places = new Map(starts.map((time, i) => [time, i]));
    return {
      detectors,
      rows: extent.rows,
      flagged: own.map(({ flagged }) => flagged),
      jaccard: detectors.map((_, a) =>
        detectors.map((_, b) => {
          const together = both[a * detectors.length + b];
          const either = own[a].flagged + own[b].flagged - together;
          return either === 0 ? null : together / either;
        }),
      ),
      level,
      times: starts.map(milliseconds),
      share: scores.map(({ times, judged, flagged }) => {
        const column: (number | null)[] = new Array(starts.length).fill(null);
        for (const [i, time] of times.entries()) if (judged[i] > 0) column[places.get(time) as number] = flagged[i] / judged[i];
        return column;
      }),
    };
  });
}

/** The range, or where it holds more rows than are counted one by one, its end. */
async function newestOf(reader: ServedStore, range: Range): Promise<{ range: Range; newest: boolean }> {
  let extent = await reader.extent(range);
  if (extent.rows <= mostRows) return { range, newest: false };
  let part = range;
  while (extent.rows > mostRows) {
    part = { ...range, from: shortened(extent) };
    extent = await reader.extent(part);
  }
  return { range: part, newest: true };
}

/** Where a range has to begin to hold as many rows as wanted, if they were spread evenly; never the whole of it. */
function shortened({ rows, first = 0n, last = 0n }: Extent): bigint {
  const share = BigInt(Math.floor(((0.98 * mostRows) / rows) * 1_000_000));
  const from = last - ((last - first) * share) / 1_000_000n;
  return from > first ? from : first + 1n;
}
