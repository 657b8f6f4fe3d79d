import { z } from 'zod';
import { duration } from '../../core/config/duration.ts';
import { SluiceError } from '../../core/errors.ts';
import { formatDuration, parseTime } from '../../core/time.ts';
import type { Attack } from './attack.ts';
import { readAttacks } from './attack-list.ts';
import { drawAttacks } from './random-attacks.ts';

/** Options of a recording, those of the source `plant`. */
export const recordingOptions = z.strictObject({
  hours: z.number().positive().max(20_000).default(4).describe('Length of the recording.'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional()
    .describe("Seeds the plant and the attacks; default: the pipeline's."),
  attacks: z.string().min(1).default('random').describe('none, random (6 to 10 of them, from the seed) or a YAML or JSON file that lists them.'),
  normal: duration().optional().describe('Time at the beginning without random attacks; default: half of the hours, 1h at least.'),
  start: z
    .string()
    .refine((text) => parseTime(text) !== undefined, { error: 'expected an ISO 8601 time with zone such as 2015-12-28T10:00:00Z' })
    .default('2015-12-28T10:00:00Z')
    .describe('Time of the first row.'),
  interval: duration()
    .refine((ms) => ms >= 1000 && ms % 1000 === 0, { error: 'expected whole seconds, such as 1s or 10s' })
    .prefault('1s')
    .describe('Time from row to row; the plant itself always moves by the second.'),
});

/** What a recording is made of. */
export interface Recording {
  readonly seed: number;
  readonly rows: number;
  /** Seconds from row to row. */
  readonly interval: number;
  /** UTC nanoseconds of the first row. */
  readonly start: bigint;
  readonly attacks: readonly Attack[];
}

/**
 * The recording that options ask for, its attacks drawn or read.
 * @throws USAGE, SOURCE_NOT_FOUND, CONFIG_INVALID
 */
export async function planRecording(asked: z.output<typeof recordingOptions>, seed = asked.seed ?? 0): Promise<Recording> {
  const interval = asked.interval / 1000;
  const seconds = Math.round(asked.hours * 3600);
  const normal = asked.normal === undefined ? undefined : Math.round(asked.normal / 1000);
  const attacks = asked.attacks === 'none' ? [] : asked.attacks === 'random' ? drawAttacks(seed, seconds, normal) : await readAttacks(asked.attacks);
  const beyond = attacks.find(({ start, length }) => start + length > seconds);
  if (beyond) {
    throw new SluiceError(
      'CONFIG_INVALID',
      `an attack ends after ${formatDuration((beyond.start + beyond.length) * 1000)}, the recording after ${formatDuration(seconds * 1000)}`,
      {
        place: asked.attacks,
        fix: 'Ask for more hours, or shorten the list.',
      },
    );
  }
  const unseen = attacks.find(({ start, length }) => Math.ceil(start / interval) * interval >= start + length);
  if (unseen) {
    throw new SluiceError('CONFIG_INVALID', `the attack after ${formatDuration(unseen.start * 1000)} lies between two rows`, {
      place: asked.attacks,
      fix: `Ask for an interval of ${formatDuration(unseen.length * 1000)} or less.`,
    });
  }
  return { seed, rows: Math.max(1, Math.ceil(seconds / interval)), interval, start: parseTime(asked.start) as bigint, attacks };
}
