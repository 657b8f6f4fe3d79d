import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { z } from 'zod';
import { didYouMean, quote } from '../core/errors.ts';
import { Refusal } from './problem.ts';
import type { QueryQueue } from './query-queue.ts';

/** One path and method of the interface: what it takes and what it gives. */
export interface Endpoint<Params, Query, Body> {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** As Fastify writes paths: `/api/streams/:stream`. */
  readonly url: string;
  /** One sentence. */
  readonly summary: string;
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** Bodies are checked by what takes them, which has better words for what is wrong. */
  readonly unchecked?: true;
  /** What it answers with; undefined where that is no JSON. */
  readonly answer?: z.ZodType;
  /** Of what it answers with where that is no JSON. */
  readonly media?: string;
  /** The status of an answer; default: 200, or 204 where there is nothing to say. */
  readonly code?: number;
  /** Where requests that read much wait for their turn. */
  readonly queue?: QueryQueue;
}

export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

/** Declares an endpoint: requests are checked before `handle` sees them, and its declaration is what the OpenAPI document says. */
export function endpoint<Params = Record<never, never>, Query = Record<never, never>, Body = undefined>(
  app: FastifyInstance,
  declared: Endpoint<Params, Query, Body>,
  handle: (asked: Asked<Params, Query, Body>, reply: FastifyReply, request: FastifyRequest) => unknown,
): void {
  const { method, url, summary, params, query, body, unchecked, answer, media, queue } = declared;
  const code = declared.code ?? (answer || media !== undefined ? 200 : 204);
  app.route({
    ...{ method, url },
    // What never ends has no length to ask for.
    exposeHeadRoute: method === 'GET' && media !== 'text/event-stream',
    schema: {
      summary,
      ...(params ? { params } : {}),
      ...(query ? { querystring: query } : {}),
      ...(body ? { body } : {}),
      // For the document alone: see `described`.
      answer: { code, text: summary, ...(answer ? { schema: answer } : {}), ...(media === undefined ? {} : { media }) },
    } as FastifySchema,
    validatorCompiler: ({ schema, httpPart }) =>
      unchecked && httpPart === 'body' ? (value: unknown) => ({ value }) : checking(schema as unknown as z.ZodType, httpPart ?? ''),
    serializerCompiler: () => (value) => JSON.stringify(value),
    handler: async (request, reply) => {
      const asked = { params: request.params as Params, query: request.query as Query, body: request.body as Body };
      const work = () => handle(asked, reply.code(code), request);
      const answered = await (queue ? queue.run(request, reply, work) : work());
      return answered === undefined && !reply.sent ? reply.send() : (answered ?? reply);
    },
  });
}

const places: Readonly<Record<string, string>> = { querystring: 'query parameter', params: 'path', body: 'body' };

function checking(schema: z.ZodType, part: string): (data: unknown) => { value: unknown } | { error: Error } {
  const place = places[part] ?? part;
  // Not before somebody is refused: for all that the interface takes it would be a good part of a start.
  const described = () => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties ?? {};
  return (data) => {
    const result = schema.safeParse(data ?? {});
    return result.success ? { value: result.data } : { error: refusalOf(result.error.issues[0], data, place, described()) };
  };
}

function refusalOf(issue: z.core.$ZodIssue, data: unknown, place: string, described: Record<string, unknown>): Refusal {
  const known = Object.keys(described);
  if (issue.code === 'unrecognized_keys') {
    const [name] = issue.keys;
    const near = didYouMean(name, known);
    return new Refusal(400, 'BAD_REQUEST', `there is no ${place} ${quote(name)}`, {
      place: [...issue.path.map(String), name].join('.'),
      fix: near ? `Did you mean '${near}'?` : `There are: ${known.join(', ') || 'none'}.`,
    });
  }
  const value = issue.path.reduce<unknown>((of, key) => (of as Record<PropertyKey, unknown> | undefined)?.[key], data);
  const name = issue.path.map(String).join('.');
  const description = (described[String(issue.path[0])] as { description?: string } | undefined)?.description;
  const what = value === undefined ? 'is missing' : `is ${quote(value)}: ${lowerFirst(issue.message)}`;
  return new Refusal(400, 'BAD_REQUEST', `${place}${name === '' ? '' : ` '${name}'`} ${what}`, {
    ...(name === '' ? {} : { place: name }),
    ...(description === undefined ? {} : { fix: description }),
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
