import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type ApiTagStatistics, statistics, statisticsQuery, streams } from '../api.ts';
import { askedRange, shownTime } from '../asked-range.ts';
import { endpoint } from '../endpoint.ts';
import { tagsOf } from '../served-streams.ts';
import type { Api } from './api.ts';

export const streamParams = z.strictObject({
  stream: z
    .string()
    .describe('Name of the stream.')
    .meta({ examples: ['swat'] }),
});

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Which streams there are, and figures of their tags. */
export function streamRoutes(app: FastifyInstance, { store, streams: served, queries: queue }: Api): void {
  endpoint(app, { method: 'GET', url: '/api/streams', summary: 'All stored streams with their tags.', answer: streams }, async () =>
    (await served.list()).map(({ stream, rows, first, last, detectors, schema }) => ({
      ...{ stream, rows, first: shownTime(first), last: shownTime(last), detectors },
      tags: schema.tags.map(({ name, kind, unit = null, stage = null, description = null }) => ({ name, kind, unit, stage, description })),
    })),
  );

  const figures = {
    method: 'GET',
    url: '/api/streams/:stream/statistics',
    summary: 'Count, extremes, mean and deviation of tags.',
    params: streamParams,
    query: statisticsQuery,
    answer: statistics,
    queue,
  } as const;
  endpoint(app, figures, async ({ params, query }): Promise<ApiTagStatistics[]> => {
    const stream = await served.find(params.stream);
    const tags = query.tags === undefined ? {} : { tags: tagsOf(query.tags, stream) };
    const reader = await store();
    const found = await reader.statistics({ ...(await askedRange(reader, stream.stream, query)), ...tags });
    return found.map(({ tag, count, missing, min, max, mean, deviation }) => ({
      ...{ tag, count, missing, min: finite(min), max: finite(max), mean: finite(mean), deviation: finite(deviation) },
    }));
  });
}
