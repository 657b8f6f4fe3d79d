import type { Batch } from '../../core/batch.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Schema } from '../../core/schema.ts';
import { formatTime } from '../../core/time.ts';
import { longestNumber, writeNumber } from '../../kernels/number-text.ts';
import type { MessageFormat } from './message-format.ts';

/** Names of a row that no tag can have. */
export const timeKey = 'Timestamp';
export const labelKey = 'Normal/Attack';

const labels = [`,"${labelKey}":"Normal"`, `,"${labelKey}":"Attack"`];
/** No time takes more characters than 30. */
const longestRest = 30 + labels[0].length + 3;

/**
 * Rows of one schema as JSON: the time, the tags in order without the missing ones, the label where there is one. Numbers come
 * back from JSON.parse as they were, -0 included. In a format of its own (`bus.message`) a row names the stream where the format does, and has no label.
 * @throws SOURCE_TAGS for a tag that is called as the time or the label, and for tags that the format does not have
 * @example
 * const schema = makeSchema([{ name: 'FIT101', kind: 'continuous' }]);
 * new RowEncoder(schema).encode(allocateBatch('swat', schema, 1), 0).toString(); // '{"Timestamp":"1970-01-01T00:00:00Z","FIT101":0}'
 */
export class RowEncoder {
  readonly #schema: Schema;
  readonly #opening: Buffer;
  readonly #labelled: boolean;
  /** `,"name":` of each tag, one behind the other: tag i's from keyStart[i] to keyStart[i + 1]. */
  readonly #keys: Buffer;
  readonly #keyStart: Int32Array;
  /** Where a row is put together; holds the longest. */
  readonly #bytes: Buffer;

  constructor(schema: Schema, format?: MessageFormat, stream = '') {
    if (format) requireTags(schema, format);
    const taken = format ? undefined : schema.tags.find(({ name }) => name === timeKey || name === labelKey);
    if (taken) {
      throw new SluiceError('SOURCE_TAGS', `a tag is called ${quote(taken.name)}, as the ${taken.name === timeKey ? 'time' : 'label'} of a row is on Kafka`, {
        fix: 'Rename the column, or leave it out with source.ignore.',
      });
    }
    const source = format?.stream === undefined ? '' : `${JSON.stringify(format.stream)}:${JSON.stringify(stream)},`;
    this.#opening = Buffer.from(`{${source}${JSON.stringify(format?.time ?? timeKey)}:"`);
    this.#labelled = format === undefined;
    this.#schema = schema;
    ({ keys: this.#keys, keyStart: this.#keyStart } = keysOf(schema));
    this.#bytes = Buffer.alloc(this.#keys.length + schema.tags.length * longestNumber + this.#opening.length + longestRest);
  }

  /** @throws INTERNAL for an infinite value */
  encode(batch: Batch, row: number): Buffer {
    const { values, times } = batch;
    const bytes = this.#bytes;
    const keys = this.#keys;
    const keyStart = this.#keyStart;
    const tags = keyStart.length - 1;
    let at = this.#opening.copy(bytes);
    at += bytes.write(`${formatTime(times[row])}"`, at, 'latin1');
    for (let tag = 0, i = row * tags; tag < tags; tag++, i++) {
      const value = values[i];
      if (value - value === 0) {
        for (let k = keyStart[tag]; k < keyStart[tag + 1]; k++) bytes[at++] = keys[k];
        at = writeNumber(bytes, at, value);
      } else if (!Number.isNaN(value)) this.#refuse(tag, value);
    }
    const label = this.#labelled && batch.labels ? batch.labels[row] : -1;
    if (label >= 0) at += bytes.write(labels[label], at, 'latin1');
    bytes[at++] = 0x7d;
    return Buffer.from(bytes.subarray(0, at));
  }

  #refuse(tag: number, value: number): never {
    throw new SluiceError('INTERNAL', `tag ${quote(this.#schema.tags[tag].name)} is ${value}, which no source gives and JSON cannot say`);
  }
}

function requireTags({ tags }: Schema, format: MessageFormat): void {
  const names = tags.map(({ name }) => name);
  if (names.length === format.tags.length && names.every((name) => format.tags.includes(name))) return;
  throw new SluiceError('SOURCE_TAGS', `the rows have the tags ${names.map(quote).join(', ')}, and their messages ${format.tags.map(quote).join(', ')}`, {
    place: 'bus.message.tags',
    fix: 'Name the same in both.',
  });
}

/** What stands before the value of each tag, `,"name":`: tag i's from keyStart[i] to keyStart[i + 1]. */
export function keysOf({ tags }: Schema): { keys: Buffer; keyStart: Int32Array } {
  const keys = tags.map(({ name }) => Buffer.from(`,${JSON.stringify(name)}:`));
  const keyStart = new Int32Array(keys.length + 1);
  for (let tag = 0; tag < keys.length; tag++) keyStart[tag + 1] = keyStart[tag] + keys[tag].length;
  return { keys: Buffer.concat(keys), keyStart };
}
