import { allocateBatch } from '../../core/batch.ts';
import { SluiceError } from '../../core/errors.ts';
import { rowPayload } from '../../core/row-payload.ts';
import type { Schema } from '../../core/schema.ts';
import type { RejectedRow } from '../../core/store.ts';
import type { InfluxError } from './failure.ts';
import { decodeText, labelField, measurement, originField, tagOfField } from './layout.ts';
import { type BadLine, fieldConflict } from './partial-write.ts';

/**
 * The row of a line that InfluxDB refuses.
 * @throws STORE_UNAVAILABLE when the line is no row: nothing but a row can be put aside
 */
export function rejectedRow({ line, error }: BadLine, bucket: string, schemaOf: (stream: string) => Schema | undefined): RejectedRow {
  const row = parseRow(line, schemaOf);
  if (!row || /retention policy/i.test(error.said)) throw refusal(line, error, bucket);
  return { ...row, message: reasonOf(error, bucket) };
}

/** A backslash before a separator is one of line protocol's: `encodeText` leaves no other there. */
const [unescapedSpace, unescapedComma, unescapedEquals] = [/(?<!\\) /, /(?<!\\),/, /(?<!\\)=/];

function parseRow(line: string, schemaOf: (stream: string) => Schema | undefined): Omit<RejectedRow, 'message'> | undefined {
  const [key, fields = '', time = ''] = line.split(unescapedSpace);
  const [name, ...tags] = key.split(unescapedComma);
  const tag = (prefix: string): string | undefined => tags.find((each) => each.startsWith(prefix))?.slice(prefix.length);
  const stream = decodeText(unescaped(tag('stream=') ?? ''));
  const schema = name === measurement.rows ? schemaOf(stream) : undefined;
  if (!schema) return undefined;
  const columns = new Map(schema.tags.map((each, t) => [each.name, t]));
  const batch = allocateBatch(stream, schema, 1, true);
  batch.values.fill(Number.NaN);
  batch.times[0] = BigInt(time);
  batch.seqs[0] = Number(tag('seq=') ?? 0);
  batch.labels?.fill(-1);
  for (const field of fields.split(unescapedComma)) {
    const [key, value] = field.split(unescapedEquals);
    const column = columns.get(tagOfField(unescaped(key)) ?? '');
    if (key === originField) batch.origins[0] = Number(value);
    else if (key === labelField) batch.labels?.fill(Number.parseInt(value, 10));
    else if (column !== undefined) batch.values[column] = Number(value);
  }
  return { stream, origin: batch.origins[0], time: batch.times[0], payload: rowPayload(batch, 0) };
}

const unescaped = (text: string): string => text.replace(/\\([,= ])/g, '$1');

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'whole numbers',
  unsigned: 'whole numbers',
  float: 'numbers',
};

function reasonOf(error: InfluxError, bucket: string): string {
  const conflict = fieldConflict(error.said);
  if (!conflict) return `InfluxDB refuses the row: ${error.kind === 'too-large' ? error.what : error.said.slice(0, 500)}`;
  const field = tagOfField(conflict.field) ?? conflict.field;
  return `field '${field}' is stored as ${typeNames[conflict.stored] ?? conflict.stored} in bucket '${bucket}', and a number came`;
}

function refusal(line: string, error: InfluxError, bucket: string): SluiceError {
  const more = { ...(error.place === undefined ? {} : { place: error.place }), cause: error };
  if (/retention policy/i.test(error.said)) {
    return new SluiceError('STORE_UNAVAILABLE', `bucket '${bucket}' drops points that are older than it keeps`, { ...more, fix: keepForGood });
  }
  const conflict = fieldConflict(error.said);
  const what = conflict
    ? `field '${conflict.field}' of measurement '${conflict.measurement}' is stored as ${typeNames[conflict.stored] ?? conflict.stored}, and ${typeNames[conflict.came] ?? conflict.came} came`
    : `InfluxDB refuses a point of '${line.slice(0, line.indexOf(','))}': ${error.said.slice(0, 500)}`;
  return new SluiceError('STORE_UNAVAILABLE', what, {
    ...more,
    fix: 'Another program writes into this bucket: name one that is only for Sluice in store.bucket.',
  });
}

export const keepForGood = 'Make it keep everything: `sluice init influxdb --fix-retention`; or name another in store.bucket.';
