import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { quote, SluiceError } from '../core/errors.ts';
import { parseTime } from '../core/time.ts';
import { attacksPathOf } from '../producer/plant/attacks-path.ts';

const time = z.string().refine((text) => parseTime(text) !== undefined, { error: 'expected an ISO 8601 time with zone' });

const attack = z.object({
  start: time,
  end: time,
  tags: z.array(z.string()).min(1),
  kind: z.string().min(1),
  size: z.union([z.number(), z.string()]).nullish(),
  stealthy: z.boolean().default(false),
  effect: z.string().nullish(),
});

const list = z.object({
  /** The recording it belongs to, where it says so: files of several formats may share the name of their list. */
  recording: z.string().optional(),
  attacks: z.array(attack),
});

/** What was done to the plant, as the simulator writes it beside its recording. */
export interface Attack {
  readonly start: bigint;
  /** The first moment after it. */
  readonly end: bigint;
  readonly tags: readonly string[];
  readonly description: string;
}

export interface AttackList {
  readonly attacks: readonly Attack[];
  /** Why a list that lies beside the file is not taken. */
  readonly notes: readonly string[];
}

/**
 * The attacks that `NAME.attacks.json` beside `NAME.csv` or `NAME.xlsx` tells of, in its order; none where there is no such file, or
 * where it names another recording.
 * @throws SOURCE_UNREADABLE where it holds something else
 */
export async function readAttacks(file: string): Promise<AttackList> {
  const path = attacksPathOf(file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { attacks: [], notes: [] };
    throw new SluiceError('SOURCE_UNREADABLE', `cannot read it: ${(error as Error).message}`, { place: path, cause: error });
  }
  const { recording, attacks } = parseAttacks(text, path);
  if (recording === undefined || unpacked(recording) === unpacked(file)) return { attacks, notes: [] };
  return {
    attacks: [],
    notes: [
      `${quote(basename(path))} lists the attacks of ${quote(recording)}, not of this file: they are not told; where the rows are the same, name this file as its recording`,
    ],
  };
}

function unpacked(file: string): string {
  return basename(file).replace(/\.gz$/i, '');
}

function parseAttacks(text: string, place: string): { readonly recording: string | undefined; readonly attacks: readonly Attack[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SluiceError('SOURCE_UNREADABLE', `it is no JSON: ${(cause as Error).message}`, { place, fix: 'Write it anew, or take it away.', cause });
  }
  const parsed = list.safeParse(value);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new SluiceError('SOURCE_UNREADABLE', `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`, {
      place,
      fix: 'It lists attacks as {attacks: [{start, end, tags, kind, size, stealthy, effect}]}; write it anew, or take it away.',
    });
  }
  const attacks = parsed.data.attacks.map(({ start, end, tags, kind, size, stealthy, effect }) => ({
    start: parseTime(start) as bigint,
    end: parseTime(end) as bigint,
    tags,
    description: [kind, ...(size === undefined || size === null ? [] : [`size ${size}`]), ...(stealthy ? ['stealthy'] : []), ...(effect ? [effect] : [])].join(
      ', ',
    ),
  }));
  return { recording: parsed.data.recording, attacks };
}

/**
 * The attack that shares most time with an event; undefined where none does.
 * @param start time of the event's first row
 * @param end time of its last row, which an event of one row shares with its start
 */
export function attackOf(start: bigint, end: bigint, attacks: readonly Attack[]): Attack | undefined {
  let best: Attack | undefined;
  let most = -1n;
  for (const one of attacks) {
    if (one.start > end || one.end <= start) continue;
    const shared = (one.end < end ? one.end : end) - (one.start > start ? one.start : start);
    if (shared > most) [best, most] = [one, shared];
  }
  return best;
}
