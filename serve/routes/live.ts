import type { FastifyInstance } from 'fastify';
import { liveQuery } from '../api.ts';
import { endpoint } from '../endpoint.ts';
import type { Wish } from '../live/subscription.ts';
import { configuredDetectors } from '../pipeline-info.ts';
import { detectorsOf, tagsOf } from '../served-streams.ts';
import type { Api } from './api.ts';

/** What passes, while it does, as Server-Sent Events. */
export function liveRoute(app: FastifyInstance, { streams, runtime, hub }: Api): void {
  const declared = {
    method: 'GET',
    url: '/api/live',
    query: liveQuery,
    media: 'text/event-stream',
    summary: 'Rows, verdicts, incidents and status as they come: events hello, rows, incident, status.',
  } as const;
  endpoint(app, declared, async ({ query }, reply, { raw }) => {
    hub.requireRoom();
    const wish = query.stream === undefined ? undefined : await wishOf(query.stream, query);
    hub.requireRoom();
    reply.hijack();
    raw.socket.setNoDelay(true);
    const response = reply.raw;
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      ...{ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' },
    });
    response.write('retry: 2000\n\n');
    const hello = { version: runtime.version, startedAt: runtime.startedAt.toISOString(), stream: query.stream ?? null };
    hub.add(response, hello, query.stream, wish && (wish.tags.length > 0 || wish.detectors.length > 0) ? wish : undefined);
  });

  async function wishOf(name: string, query: { tags?: string | undefined; detectors?: string | undefined; rate: number }): Promise<Wish> {
    const stream = await streams.find(name);
    const configured = name === runtime.config.stream ? configuredDetectors(runtime.config) : [];
    return {
      ...{ stream: name, rate: query.rate, tags: query.tags === undefined ? [] : tagsOf(query.tags, stream) },
      detectors: query.detectors === undefined ? [] : detectorsOf(query.detectors, stream, configured),
    };
  }
}
