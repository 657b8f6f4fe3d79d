import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import { z } from 'zod';
import { problem } from './api.ts';

type JsonSchema = Record<string, unknown>;

/** What an endpoint declares, as `endpoint` hands it to Fastify. */
interface Declared extends FastifySchema {
  readonly summary?: string;
  readonly answer?: { readonly code: number; readonly text: string; readonly schema?: z.ZodType; readonly media?: string };
}

/** Reads every endpoint's declaration for /api/openapi.json; before the first of them. */
export function describeEndpoints(app: FastifyInstance, version: string): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sluice',
        version,
        description:
          'Rows, verdicts and incidents of a running pipeline. Times are ISO 8601 in UTC where they stand alone, and milliseconds since 1970 in columns called `times`. Numbers that are not there are null. A range is [from, to); what counts as "the last" counts from the stream\'s newest row.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'The value of SLUICE_TOKEN; asked for where other machines can reach the server.' },
          session: { type: 'apiKey', in: 'cookie', name: 'sluice_session', description: 'What POST /api/session sets.' },
        },
      },
      security: [{}, { token: [] }, { session: [] }],
    },
    transform: ({ schema, url }) => ({ schema: schema?.summary === undefined ? { hide: true } : described(schema as Declared), url }),
  });
}

function described({ summary = '', params, querystring, body, answer }: Declared): FastifySchema {
  const { code = 200, text = 'Done.', schema: answered, media } = answer ?? {};
  const content = answered ? jsonSchema(answered, 'output') : media === undefined ? undefined : { content: { [media]: { schema: { type: 'string' } } } };
  return {
    summary,
    ...(params ? { params: parameters(params as z.ZodType) } : {}),
    ...(querystring ? { querystring: parameters(querystring as z.ZodType) } : {}),
    ...(body ? { body: jsonSchema(body as z.ZodType, 'input') } : {}),
    response: {
      [code]: { description: text, ...(content ?? { type: 'null' }) },
      default: { description: 'What is wrong, where and what to do.', ...jsonSchema(problem, 'output') },
    },
  } as FastifySchema;
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    ...{ io, unrepresentable: 'any' },
    // The format says as much, in fewer words.
    override({ jsonSchema: made }) {
      if (made.format === 'date-time') delete made.pattern;
    },
  });
  return rest;
}

/** As they are written, which is as text: what has a default may be left out. */
function parameters(schema: z.ZodType): JsonSchema {
  const { properties = {}, required = [], ...rest } = jsonSchema(schema, 'output') as { properties?: Record<string, object>; required?: string[] };
  return { ...rest, properties, required: required.filter((name) => !('default' in properties[name])) };
}
