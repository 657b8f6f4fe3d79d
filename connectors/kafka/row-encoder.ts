import type { Batch } from '../../core/batch.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Schema } from '../../core/schema.ts';
import { formatTime } from '../../core/time.ts';

/** Names of a row that no tag can have. */
export const timeKey = 'Timestamp';
export const labelKey = 'Normal/Attack';

/**
 * Rows of one schema as JSON: the time, the tags in order without the missing ones, the label where there is one.
 * @throws SOURCE_TAGS for a tag that is called as the time or the label
 * @example
 * const schema = makeSchema([{ name: 'FIT101', kind: 'continuous' }]);
 * new RowEncoder(schema).encode(allocateBatch('swat', schema, 1), 0).toString(); // '{"Timestamp":"1970-01-01T00:00:00Z","FIT101":0}'
 */
export class RowEncoder {
  /** `,"name":` of each tag. */
  readonly #keys: readonly string[];
  readonly #schema: Schema;

  constructor(schema: Schema) {
    const taken = schema.tags.find(({ name }) => name === timeKey || name === labelKey);
    if (taken) {
      throw new SluiceError('SOURCE_TAGS', `a tag is called ${quote(taken.name)}, as the ${taken.name === timeKey ? 'time' : 'label'} of a row is on Kafka`, {
        fix: 'Rename the column, or leave it out with source.ignore.',
      });
    }
    this.#schema = schema;
    this.#keys = schema.tags.map(({ name }) => `,${JSON.stringify(name)}:`);
  }

  /** @throws INTERNAL for an infinite value */
  encode({ values, times, labels }: Batch, row: number): Buffer {
    const keys = this.#keys;
    let json = `{"Timestamp":"${formatTime(times[row])}"`;
    for (let tag = 0, at = row * keys.length; tag < keys.length; tag++, at++) {
      const value = values[at];
      if (value - value === 0) json += value === 0 && 1 / value < 0 ? `${keys[tag]}-0` : keys[tag] + value;
      else if (!Number.isNaN(value)) this.#refuse(tag, value);
    }
    const label = labels ? labels[row] : -1;
    if (label >= 0) json += label === 1 ? ',"Normal/Attack":"Attack"' : ',"Normal/Attack":"Normal"';
    return Buffer.from(`${json}}`);
  }

  #refuse(tag: number, value: number): never {
    throw new SluiceError('INTERNAL', `tag ${quote(this.#schema.tags[tag].name)} is ${value}, which no source gives and JSON cannot say`);
  }
}
