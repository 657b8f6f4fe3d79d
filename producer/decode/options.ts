import { z } from 'zod';
import { duration } from '../../core/config/duration.ts';
import { parseTime } from '../../core/time.ts';
import { isTimezone } from './zone.ts';

/** Options that every file source shares, for spreading into its own `z.strictObject`. */
export const decodeOptions = {
  timezone: z
    .string()
    .refine(isTimezone, { error: 'expected an IANA time zone such as Asia/Singapore or UTC' })
    .optional()
    .describe('IANA zone of the clock that wrote the times, e.g. Asia/Singapore. Required when they carry no zone.'),
  time: z.string().default('auto').describe('Name of the time column; auto: found by name, then by content; none: there is none (needs `period`).'),
  dateOrder: z.enum(['auto', 'dmy', 'mdy']).default('auto').describe('Order in dates such as 1/2/2017; auto: what the first rows prove, else day first.'),
  period: duration().optional().describe('Time from row to row, for files without a time column.'),
  start: z
    .string()
    .refine((text) => parseTime(text) !== undefined, { error: 'expected an ISO 8601 time with zone such as 2020-01-01T00:00:00Z' })
    .default('1970-01-01T00:00:00Z')
    .describe('Time of the first row, for files without a time column.'),
  label: z.string().default('auto').describe('Name of the label column (normal or attack); auto: found by name and content; none: there is none.'),
  ignore: z.array(z.string()).default([]).describe('Columns to leave out, by name.'),
  discrete: z.array(z.string()).default([]).describe('Tags with a few states (valves, pumps), by name. SWaT tags are known.'),
  tags: z.array(z.string()).optional().describe('The tags that must be there, no more and no fewer; default: whatever the file has.'),
  streamColumn: z.string().optional().describe('Column that names the stream of each row; default: all rows belong to the one stream.'),
};

/** What `decodeOptions` parse to. */
export type DecodeOptions = z.output<z.ZodObject<typeof decodeOptions>>;

/**
 * The clock of a file without a time column: the first row's time and the step from row to row, nanoseconds.
 * @example
 * rowClock({ start: '1970-01-01T00:00:01Z', period: 500 }).period; // 500000000n
 */
export function rowClock({ start, period = 0 }: Pick<DecodeOptions, 'start' | 'period'>): { start: bigint; period: bigint } {
  return { start: parseTime(start) as bigint, period: BigInt(Math.round(period * 1e6)) };
}
