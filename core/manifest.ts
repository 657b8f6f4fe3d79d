import { quote, SluiceError } from './errors.ts';

/** How far one source (embedded) or the topic's partition itself (on a broker) has been taken in. */
export interface Position {
  readonly nextOffset: number;
  /** What the source looked like when reading began; guards against a file exchanged under a position. */
  readonly fingerprint?: string;
  /** How it was read, option by option as JSON: other settings would give other rows for the ones already taken in. */
  readonly reading?: Readonly<Record<string, string>>;
  /** Added to every time (clock: shifted), milliseconds. */
  readonly shiftMs: number;
}

/**
 * Where a partition stands: the positions to go on from and a consistent set of immutable records, each named by the
 * hash of its content. Moves only after the store has acknowledged everything before those positions. Plain JSON.
 */
export interface Manifest {
  /** `topic/partition`, with the group in front on a broker. */
  readonly key: string;
  /** By source id. */
  readonly positions: Readonly<Record<string, Position>>;
  /** Totals since the streams began, so that a resumed run can say how much there was. */
  readonly totals: Readonly<Record<string, number>>;
  /** Record name (e.g. `swat/model`) -> content hash. */
  readonly records: Readonly<Record<string, string>>;
}

/**
 * The inverse of `JSON.stringify`.
 * @param place what holds it, for messages
 * @throws RECORD_CORRUPT when it is cut short or is no manifest
 * @example
 * parseManifest('{"key":"plant/0","positions":{},"totals":{},"records":{}}', 'plant.duckdb').key; // "plant/0"
 */
export function parseManifest(text: string, place: string): Manifest {
  const corrupt = (what: string, cause?: unknown): SluiceError =>
    new SluiceError('RECORD_CORRUPT', `the stored position ${quote(text)} ${what}`, {
      place,
      fix: 'Restore the store from a backup, or move it away: the next start makes a new one.',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt('was cut short or altered', cause);
  }
  if (!isManifest(value)) throw corrupt('is none');
  return value;
}

function isManifest(value: unknown): value is Manifest {
  return (
    isObject(value) &&
    typeof value.key === 'string' &&
    isObject(value.positions) &&
    Object.values(value.positions).every((position) => isObject(position) && Number.isInteger(position.nextOffset) && typeof position.shiftMs === 'number') &&
    isObject(value.totals) &&
    Object.values(value.totals).every((total) => typeof total === 'number') &&
    isObject(value.records) &&
    Object.values(value.records).every((hash) => typeof hash === 'string')
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
