import type { DeadLetter } from '../../core/chunk.ts';
import { type Incident, topTags } from '../../core/incident.ts';
import type { Schema } from '../../core/schema.ts';
import { showShare } from '../../core/shown.ts';
import type { Annotation, Bucket } from '../../core/store.ts';
import { type ThresholdLevels, topContributions } from '../../core/verdict.ts';
import { longestNumber, writeNumber } from '../../kernels/number-text.ts';
import { bucketField, measurement } from './layout.ts';
import {
  bytesOf,
  copyBytes,
  type DoubleField,
  doubleField,
  doubleText,
  escapeKey,
  Fields,
  keyText,
  type LineSink,
  putDouble,
  writeTime,
} from './line-protocol.ts';

// Lines of what comes less often than rows. What they hold is told in the layout.

/** One state of an incident. */
export function incidentLine(incident: Incident, schema: Schema): string {
  const { id, stream, detector, start, end, open, rows, peakTime, peakScore, peakGrade, causes, contributions } = incident;
  const fields = new Fields()
    .integer('start', start)
    .integer('end', end)
    .boolean('open', open)
    .integer('rows', rows)
    .integer('peakTime', peakTime)
    .double('peakScore', peakScore)
    .double('peakGrade', peakGrade)
    .text('causes', JSON.stringify(causes))
    .text('contributions', doublesText(contributions))
    .text('tags', topTags(incident, schema, topContributions).map(showShare).join(', ') || 'unknown');
  const revision = 2 * rows + (open ? 0 : 1);
  return `${measurement.incidents},detector=${keyText(detector)},id=${keyText(id)},stream=${keyText(stream)} ${fields} ${start + BigInt(revision)}`;
}

export function thresholdLine({ stream, detector, time, warn, error, median, method, model }: ThresholdLevels): string {
  const fields = new Fields().text('method', method).text('model', model).double('warn', warn).double('error', error).double('median', median);
  return `${measurement.thresholds},detector=${keyText(detector)},stream=${keyText(stream)} ${fields} ${time}`;
}

/** Buckets of one stream as lines. */
export class BucketLines {
  readonly #stream: Uint8Array;
  readonly #fields: readonly Readonly<Record<'min' | 'max' | 'sum' | 'count', DoubleField>>[];
  readonly #longest: number;

  constructor(stream: string, schema: Schema) {
    this.#stream = bytesOf(`,stream=${keyText(stream)} `);
    this.#fields = schema.tags.map(({ name }, tag) => {
      const field = (part: 'min' | 'max' | 'sum' | 'count'): DoubleField =>
        doubleField(escapeKey(bucketField(name, part)), tag === 0 && part === 'count' ? '' : ',');
      return { min: field('min'), max: field('max'), sum: field('sum'), count: field('count') };
    });
    const perNumber = this.#fields.flatMap((parts) => Object.values(parts)).map(({ infinite }) => infinite.length + longestNumber);
    this.#longest = perNumber.reduce((sum, bytes) => sum + bytes, bucketHead.length + this.#stream.length + 2 * longestNumber + 1);
  }

  put({ level, time, min, max, sum, count }: Bucket, lines: LineSink): void {
    const bytes = lines.begin(this.#longest);
    let at = copyBytes(this.#stream, bytes, writeNumber(bytes, copyBytes(bucketHead, bytes, lines.at), level));
    for (const [t, fields] of this.#fields.entries()) {
      at = putDouble(bytes, at, fields.count, count[t]);
      if (!(count[t] > 0)) continue;
      at = putDouble(bytes, at, fields.min, min[t]);
      at = putDouble(bytes, at, fields.max, max[t]);
      at = putDouble(bytes, at, fields.sum, sum[t]);
    }
    lines.end(writeTime(bytes, at, time));
  }
}

const bucketHead = bytesOf(`${measurement.buckets},level=`);

/** @param written milliseconds of the wall clock */
export function annotationLine({ id, stream, from, to, text, incident, alarm }: Annotation, written: number): string {
  const fields = new Fields()
    .integer('to', to)
    .integer('written', written)
    .text('text', text)
    .text('incident', incident ?? '')
    .text('alarm', alarm ?? '');
  return `${measurement.annotations},id=${keyText(id)},stream=${keyText(stream)} ${fields} ${from}`;
}

export function streamLine(stream: string, { tags }: Schema): string {
  return `${measurement.streams},stream=${keyText(stream)} ${new Fields().text('schema', JSON.stringify({ tags }))} 0`;
}

/** One of each tag: boards choose by them. */
export function tagLines(stream: string, { tags }: Schema): string[] {
  return tags.map(({ name, kind, stage = 'none', unit = 'none', description = name }, position) => {
    const fields = new Fields().text('kind', kind).text('stage', stage).text('unit', unit).text('description', description).integer('position', position);
    return `${measurement.tags},stream=${keyText(stream)},tag=${keyText(name)} ${fields} 0`;
  });
}

export function letterLine({ source, partition, position, stream = '', reason, message, payload }: DeadLetter): string {
  const fields = new Fields().text('stream', stream).text('reason', reason).text('message', message).text('payload', payload).boolean('removed', false);
  return `${letterKey(source, partition)} ${fields} ${position}`;
}

export function removedLetterLine({ source, partition, position }: Pick<DeadLetter, 'source' | 'partition' | 'position'>): string {
  const fields = new Fields().text('stream', '').text('reason', '').text('message', '').text('payload', '').boolean('removed', true);
  return `${letterKey(source, partition)} ${fields} ${position}`;
}

function letterKey(source: string, partition: number): string {
  return `${measurement.deadLetters},partition=${partition},source=${keyText(source)}`;
}

/** As JSON with the shortest texts, also of -0; null for what is not finite. */
function doublesText(values: Float64Array): string {
  return `[${Array.from(values, (value) => (Number.isFinite(value) ? doubleText(value) : 'null')).join(',')}]`;
}
