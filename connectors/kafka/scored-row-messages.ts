import { z } from 'zod';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Schema } from '../../core/schema.ts';
import type { StoreWrite } from '../../core/store.ts';
import { formatTime } from '../../core/time.ts';

const field = z.string().min(1);

/** A message for each row that was scored: how it is made. */
export const scoredRowOptions = z.strictObject({
  topic: field.optional().describe('Topic to send to. Default: `<topic>.scores`.'),
  stream: field.default('stream').describe('Name of the stream in the message, and its key.'),
  time: field.default('time').describe('Name of the time, ISO 8601 in UTC.'),
  score: field.default('score').describe('Name of the score.'),
  detector: field.optional().describe('The detector or combination whose score it is. Default: the first.'),
  unscored: z.boolean().default(false).describe('Also rows without a score, which is then null: those of the warm-up, and those that could not be judged.'),
});

export type ScoredRowOptions = z.output<typeof scoredRowOptions>;

/**
 * A message for each row with a score, or for each row, row after row: a JSON object of the stream, the time, the tags under their own names (null = missing) and the score,
 * and `seq` where it is a further row of its time. The key is the stream.
 * @throws CONFIG_INVALID for a detector that there is not, and where a tag has the name of something else
 */
export function scoredRowMessages(write: StoreWrite, options: ScoredRowOptions, add: (key: string, value: string) => void): void {
  const { batch, verdicts } = write;
  const verdict = options.detector === undefined ? verdicts.at(0) : verdicts.find(({ detector }) => detector === options.detector);
  if (!verdict) throw noDetector(write, options.detector);
  requireNames(batch.schema, options);
  const tags = batch.schema.tags.map(({ name }) => `,${JSON.stringify(name)}:`);
  const head = `{${JSON.stringify(options.stream)}:${JSON.stringify(batch.stream)},${JSON.stringify(options.time)}:"`;
  const tail = `,${JSON.stringify(options.score)}:`;
  for (let row = 0; row < batch.rows; row++) {
    const score = verdict.score[row];
    if (!Number.isFinite(score) && !options.unscored) continue;
    let text = `${head}${formatTime(batch.times[row])}"`;
    for (let t = 0, i = row * tags.length; t < tags.length; t++, i++) text += tags[t] + json(batch.values[i]);
    const seq = batch.seqs[row] > 0 ? `,"seq":${batch.seqs[row]}` : '';
    add(batch.stream, `${text}${tail}${json(score)}${seq}}`);
  }
}

const json = (value: number): string => (Number.isFinite(value) ? (Object.is(value, -0) ? '-0' : String(value)) : 'null');

function requireNames({ tags }: Schema, { stream, time, score }: ScoredRowOptions): void {
  const names = [stream, time, score, 'seq', ...tags.map(({ name }) => name)];
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  throw new SluiceError('CONFIG_INVALID', `two things in the message of a row are called ${quote(twice)}`, {
    place: 'outputs.kafka.rows',
    fix: 'Give the stream, the time and the score names that no tag has, and not `seq`.',
  });
}

function noDetector({ verdicts }: StoreWrite, detector: string | undefined): SluiceError {
  return new SluiceError('CONFIG_INVALID', `there is no detector ${quote(detector)}`, {
    place: 'outputs.kafka.rows.detector',
    fix: `There are: ${verdicts.map((each) => each.detector).join(', ')}.`,
  });
}
