import { z } from 'zod';
import { durationPattern, parseDuration } from '../time.ts';

/**
 * An option that is a span of time: text with a unit in the file (`250ms`, `30s`, `10 min`, `1.5h`, `7d`), milliseconds in the code.
 * Give it a default with `.prefault('30s')`.
 * @example
 * duration().parse('30s'); // 30000
 */
export function duration() {
  return z
    .string({ error: (issue) => (typeof issue.input === 'number' ? 'expected a span of time with its unit, such as 30s' : undefined) })
    .regex(durationPattern, { error: 'expected a span of time such as 250ms, 30s, 5m, 1.5h or 7d' })
    .transform((text) => parseDuration(text) as number);
}
