import { z } from 'zod';
import { makeSchema, type Schema } from '../../core/schema.ts';

const field = z.string().min(1);

/** Names in messages of a shape of their own: `bus.message`. */
export const messageOptions = z
  .strictObject({
    time: field.describe('Name of the time: ISO 8601 with a zone, or a number of milliseconds since 1970.'),
    stream: field.optional().describe("Name of what tells the stream. Default: the message's key."),
    tags: z.array(field).min(1).describe('Names of the values: the tags of every stream.'),
    sameTime: z
      .enum(['duplicate', 'row'])
      .default('duplicate')
      .describe('What a further message of the same stream and time is: one that was sent twice (duplicate), or another row.'),
  })
  .refine(({ time, stream, tags }) => new Set([time, stream, ...tags]).size === tags.length + 2, { error: 'a name comes twice: each field has one meaning' });

export type MessageFormat = z.output<typeof messageOptions>;

/**
 * The tags of every stream whose messages have this format.
 * @example
 * schemaOf({ time: 'timestamp', stream: 'source_id', tags: ['value'], sameTime: 'row' }).tags; // [{ name: "value", kind: "continuous" }]
 */
export function schemaOf({ tags }: MessageFormat): Schema {
  return makeSchema(tags.map((name) => ({ name, kind: 'continuous' })));
}
