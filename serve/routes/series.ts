import type { FastifyInstance } from 'fastify';
import type { Bucket, Extent, Range } from '../../core/store.ts';
import { formatTime } from '../../core/time.ts';
import type { ThresholdLevels } from '../../core/verdict.ts';
import { type Scores, type Series, scores, scoresQuery, series, seriesQuery } from '../api.ts';
import { askedRange, milliseconds, shownTime } from '../asked-range.ts';
import { detailFor, foldBuckets, keptLevel } from '../detail.ts';
import { endpoint } from '../endpoint.ts';
import { configuredDetectors } from '../pipeline-info.ts';
import { detectorsOf, tagsOf } from '../served-streams.ts';
import type { Api } from './api.ts';
import { streamParams } from './streams.ts';

/** Courses over time: of tags, and of what detectors say of them. Both have the same buckets for the same range and points. */
export function seriesRoutes(app: FastifyInstance, { store, streams, runtime, queries: queue }: Api): void {
  const ofTags = {
    method: 'GET',
    url: '/api/streams/:stream/series',
    summary: 'The course of tags, as rows or folded into buckets.',
    params: streamParams,
    query: seriesQuery,
    answer: series,
    queue,
  } as const;
  endpoint(app, ofTags, async ({ params, query }): Promise<Series> => {
    const stream = await streams.find(params.stream);
    const tags = tagsOf(query.tags, stream);
    const reader = await store();
    const range = await askedRange(reader, stream.stream, query);
    const extent = await reader.extent(range);
    const level = detailFor(extent, query.points);
    const bounds = boundsOf(range, extent);
    if (level === 0) {
      const { times, columns } = await reader.rows({ ...range, tags });
      return { ...bounds, level, times: Array.from(times, milliseconds), tags: tags.map((tag, t) => ({ tag, value: Array.from(columns[t]) })) };
    }
    const kept = keptLevel(level);
    const found = await reader.buckets({ ...range, level: kept, tags });
    return { ...bounds, level, ...columnsOf(kept === level ? found : foldBuckets(found, level), tags) };
  });

  const ofDetectors = {
    method: 'GET',
    url: '/api/streams/:stream/scores',
    summary: 'The course of scores and grades with their levels, as rows or folded into buckets.',
    params: streamParams,
    query: scoresQuery,
    answer: scores,
    queue,
  } as const;
  endpoint(app, ofDetectors, async ({ params, query }): Promise<Scores> => {
    const stream = await streams.find(params.stream);
    const detectors = detectorsOf(query.detectors, stream, stream.stream === runtime.config.stream ? configuredDetectors(runtime.config) : []);
    const reader = await store();
    const range = await askedRange(reader, stream.stream, query);
    const extent = await reader.extent(range);
    const level = detailFor(extent, query.points);
    const [found, thresholds] = await Promise.all([reader.scores({ ...range, detectors, level }), reader.thresholds(stream.stream)]);
    return {
      ...boundsOf(range, extent),
      level,
      detectors: found.map(({ detector, times, score, grade, status }) => ({
        ...{ detector, times: Array.from(times, milliseconds), score: Array.from(score), grade: Array.from(grade), status: Array.from(status) },
      })),
      thresholds: holding(thresholds, detectors, range).map(({ detector, time, warn, error, median, method }) => ({
        ...{ detector, time: formatTime(time), warn, error, median, method },
      })),
    };
  });
}

function boundsOf(range: Range, { first, last }: Extent): { from: string | null; to: string | null } {
  return { from: shownTime(range.from ?? first), to: shownTime(range.to ?? last) };
}

function columnsOf(buckets: readonly Bucket[], tags: readonly string[]): Pick<Series, 'times' | 'tags'> {
  const column = (of: (bucket: Bucket) => number): number[] => buckets.map(of);
  return {
    times: buckets.map(({ time }) => milliseconds(time)),
    tags: tags.map((tag, t) => ({
      tag,
      value: column(({ sum, count }) => sum[t] / count[t]),
      min: column(({ min }) => min[t]),
      max: column(({ max }) => max[t]),
    })),
  };
}

/** Levels set in the range, and before them those that hold at its beginning. */
function holding(levels: readonly ThresholdLevels[], detectors: readonly string[], { from, to }: Range): ThresholdLevels[] {
  const asked = levels.filter(({ detector, time }) => detectors.includes(detector) && (to === undefined || time < to));
  const lastBefore = new Map<string, ThresholdLevels>();
  if (from !== undefined) for (const each of asked) if (each.time <= from) lastBefore.set(each.detector, each);
  return asked.filter((each) => from === undefined || each.time > from || lastBefore.get(each.detector) === each);
}
