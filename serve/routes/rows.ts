import type { FastifyInstance } from 'fastify';
import type { DetectorScores, RowsResult } from '../../core/store.ts';
import { Status } from '../../core/verdict.ts';
import { type Rows, rows, rowsQuery } from '../api.ts';
import { askedRange, milliseconds } from '../asked-range.ts';
import { endpoint } from '../endpoint.ts';
import { configuredDetectors, leadOf } from '../pipeline-info.ts';
import { detectorsOf, tagsOf } from '../served-streams.ts';
import type { Api } from './api.ts';
import { streamParams } from './streams.ts';

/** The rows themselves, with a verdict beside each. */
export function rowsRoute(app: FastifyInstance, { store, streams, runtime, queries: queue }: Api): void {
  const declared = {
    method: 'GET',
    url: '/api/streams/:stream/rows',
    summary: 'The newest rows of a range in time order, with the verdicts of one detector.',
    params: streamParams,
    query: rowsQuery,
    answer: rows,
    queue,
  } as const;
  endpoint(app, declared, async ({ params, query }): Promise<Rows> => {
    const stream = await streams.find(params.stream);
    const tags = query.tags === undefined ? stream.schema.tags.map(({ name }) => name) : tagsOf(query.tags, stream);
    const lead = leadOf(runtime.config);
    const known = stream.stream === runtime.config.stream ? configuredDetectors(runtime.config) : [];
    const detector =
      query.detector === undefined
        ? [lead, ...stream.detectors].find((name) => stream.detectors.includes(name))
        : detectorsOf(query.detector, stream, known)[0];
    const reader = await store();
    const range = await askedRange(reader, stream.stream, query);
    const found = await reader.rows({ ...range, tags, limit: query.limit + 1, last: true });
    const more = found.times.length > query.limit;
    const kept = more ? withoutFirst(found) : found;
    const { times } = kept;
    const [scores] =
      detector === undefined || times.length === 0
        ? []
        : await reader.scores({ stream: stream.stream, detectors: [detector], level: 0, from: times[0], to: times[times.length - 1] + 1n });
    return {
      ...{ tags, times: Array.from(times, milliseconds), labels: Array.from(kept.labels), columns: kept.columns.map((column) => Array.from(column)) },
      ...{ detector: detector ?? null, ...besideRows(kept, scores), more },
    };
  });
}

function withoutFirst({ tags, times, seqs, labels, columns }: RowsResult): RowsResult {
  return { tags, times: times.slice(1), seqs: seqs.slice(1), labels: labels.slice(1), columns: columns.map((column) => column.slice(1)) };
}

/** Both are in (time, seq) order; a row may lack a verdict. */
function besideRows({ times, seqs }: RowsResult, scores: DetectorScores | undefined): Pick<Rows, 'score' | 'status'> {
  const score: number[] = new Array(times.length).fill(Number.NaN);
  const status: number[] = new Array(times.length).fill(Status.undefined);
  if (!scores) return { score, status };
  for (let row = 0, at = 0; row < times.length; row++) {
    while (at < scores.times.length && (scores.times[at] < times[row] || (scores.times[at] === times[row] && scores.seqs[at] < seqs[row]))) at++;
    if (scores.times[at] !== times[row] || scores.seqs[at] !== seqs[row]) continue;
    score[row] = scores.score[at];
    status[row] = scores.status[at];
  }
  return { score, status };
}
