/**
 * What is where in the bucket. Times are event times in nanoseconds unless said otherwise. A value that is NaN is left out;
 * outside `sensors` an infinite one is left out too, and the integer field `<field>_inf` holds its sign.
 *
 * | measurement    | tags                    | time                     | fields |
 * |----------------|-------------------------|--------------------------|--------|
 * | `sensors`      | stream, seq             | of the row               | `tagField` of each tag: float; `_origin`: float, of every row; `_label`: integer, where known |
 * | `verdicts`     | stream, detector, seq   | of the row               | score, grade: float; status: integer, of every verdict; where flagged tag1.. (text), share1.. (float), rest (float) |
 * | `thresholds`   | stream, detector        | from which on it holds   | warn, error, median: float; method, model: text |
 * | `sensors_lod`  | stream, level (ms)      | start of the bucket      | per tag `bucketField`: min, max, sum, count: float; count of every tag, the others where count > 0 |
 * | `incidents`    | stream, detector, id    | start + revision, below  | start, end, peakTime, rows: integer; open: boolean; peakScore, peakGrade: float; causes, contributions: text, JSON; tags: text, the five that carry most |
 * | `annotations`  | stream, id              | from                     | to, written (ms of the wall clock): integer; text, incident, alarm: text, empty where absent |
 * | `streams`      | stream                  | 0                        | schema: text, JSON `{tags}` |
 * | `tags`         | stream, tag             | 0                        | kind, stage, unit, description: text, `none` or the name where absent; position: integer |
 * | `dead_letters` | source, partition       | position as nanoseconds  | stream, reason, message, payload: text, stream empty where absent; removed: boolean |
 *
 * - The tag seq is there only where seq > 0.
 * - All text in tags and text fields is as `encodeText` gives it, and `decodeText` gives it back; JSON is text too. No text field is
 *   empty: Flux gives the texts behind an empty one to other points.
 * - What a point of the same series and time held before stays where the new one leaves a field out: so it is `status` that says
 *   whether a verdict has contributions, and `count` whether a tag has a bucket.
 * - `tags` repeats the schema tag by tag, and an incident's `tags` its contributions, for boards, whose queries cannot take JSON apart;
 *   nothing here reads them.
 * - An incident is written anew with each change, at start + 2 * rows + (open ? 0 : 1) nanoseconds: that grows with every change,
 *   so the last point of a series is its last state, in whatever order they were written.
 * - A dead letter that was removed stays as a point whose `removed` is true and whose texts are empty.
 * - Of the points of one annotation id the one `written` last counts.
 */
export const measurement = {
  rows: 'sensors',
  verdicts: 'verdicts',
  thresholds: 'thresholds',
  buckets: 'sensors_lod',
  incidents: 'incidents',
  annotations: 'annotations',
  streams: 'streams',
  tags: 'tags',
  deadLetters: 'dead_letters',
} as const;

/** Fields of `sensors` that are no tag. */
export const originField = '_origin';
export const labelField = '_label';

export type BucketPart = 'min' | 'max' | 'sum' | 'count';

/** The first and last moments that InfluxDB can hold and find again: the one behind is taken and never found. */
export const firstTime = -9_223_372_036_854_775_806n;
export const lastTime = 9_223_372_036_854_775_805n;

/**
 * Text as it is stored in a tag or a text field: what line protocol, the server or its CSV would alter is written as `%` and two
 * hexadecimal digits (a lone surrogate as `%u` and four). Nearly all text stays as it is.
 * @example
 * encodeText('tank 1\\'); // "tank 1%5C"
 */
export function encodeText(text: string): string {
  if (text === '' || text === '%') return text === '' ? '%' : '%25';
  return altered.test(text) ? text.replace(alteredAll, escapeOf) : text;
}

/**
 * The inverse of `encodeText`.
 * @example
 * decodeText('tank 1%5C'); // "tank 1\\"
 */
export function decodeText(stored: string): string {
  if (!stored.includes('%')) return stored;
  return stored === '%'
    ? ''
    : stored.replace(escaped, (_, byte: string | undefined, unit: string | undefined) => String.fromCharCode(Number.parseInt(byte ?? unit ?? '', 16)));
}

/**
 * The field of `sensors` that holds a tag. InfluxDB refuses `time`; names that begin with `_` are kept for fields that are no tag.
 * @example
 * tagField('FIT101'); // "FIT101"
 */
export function tagField(tag: string): string {
  if (tag === 'time') return '%74ime';
  return tag.startsWith('_') ? `%5F${encodeText(tag.slice(1)).replace(/^%$/, '')}` : encodeText(tag);
}

/**
 * The tag of a field of `sensors`; undefined for `_origin` and `_label`.
 * @example
 * tagOfField('%5Fhidden'); // "_hidden"
 */
export function tagOfField(field: string): string | undefined {
  return field.startsWith('_') ? undefined : decodeText(field);
}

/**
 * The field of `sensors_lod` that holds one part of a tag's bucket. No two tags and parts share one, whatever the tags are called.
 * @example
 * bucketField('FIT101', 'max'); // "FIT101_max"
 */
export function bucketField(tag: string, part: BucketPart): string {
  return `${tagField(tag)}_${part}`;
}

const alteredPattern =
  // Control characters; a `%` that would read as an escape; a backslash that would escape what follows; half a character.
  '[\\u0000-\\u001f]|%(?=[0-9A-F]{2}|u[0-9A-F]{4})|\\\\(?=[\\\\,= "]|$)|\\p{Surrogate}';
const altered = new RegExp(alteredPattern, 'u');
const alteredAll = new RegExp(alteredPattern, 'gu');
const escaped = /%(?:([0-9A-F]{2})|u([0-9A-F]{4}))/g;

function escapeOf(character: string): string {
  const unit = character.charCodeAt(0);
  return unit < 0x80 ? `%${unit.toString(16).toUpperCase().padStart(2, '0')}` : `%u${unit.toString(16).toUpperCase().padStart(4, '0')}`;
}
