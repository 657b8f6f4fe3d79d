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

/** Manifests and records as they were last saved. */
export interface ManifestReader {
  manifest(key: string): Promise<Manifest | undefined>;
  manifests(): Promise<Manifest[]>;
  /** @throws RECORD_CORRUPT when the record is missing or its content does not hash to its name. */
  record(hash: string): Promise<Uint8Array>;
}

/**
 * Keeps manifests and their records where the store does not: on the bus. Reading gives what was saved when it was asked; who
 * means to save takes the key first.
 */
export interface ManifestLog extends ManifestReader {
  /**
   * From here on nobody else can save under this key: whoever held it gets BUS_FENCED. The keeper sees everything that was
   * saved before.
   */
  take(key: string): Promise<ManifestKeeper>;
  close(): Promise<void>;
}

/** A message to a topic of the bus. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string;
}

/** One key of a ManifestLog in one pair of hands. */
export interface ManifestKeeper {
  /** As it was last saved or, at first, found; undefined when there is none. */
  readonly manifest: Manifest | undefined;
  /** @throws RECORD_CORRUPT when the record is missing or its content does not hash to its name. */
  record(hash: string): Promise<Uint8Array>;
  /**
   * Makes the manifest and its new records durable in one step, and drops the records that it no longer names. In the same step the
   * messages, in order, become visible to whoever reads what is committed.
   * @throws BUS_FENCED when another has taken the key
   */
  save(manifest: Manifest, fresh: ReadonlyMap<string, Uint8Array>, messages?: readonly OutgoingMessage[]): Promise<void>;
  /** Removes manifest and records: the next one begins anew. @throws BUS_FENCED */
  forget(): Promise<void>;
  close(): Promise<void>;
}

/**
 * What a position remembers of its source besides the offset, checked against what it remembered before.
 * @param place names the source, for messages
 * @throws SOURCE_CHANGED for another source under the same name, RECORD_VERSION when it would be read otherwise
 * @example
 * attachPosition(undefined, { shiftMs: 0, fingerprint: 'f' }, 'plant.csv').nextOffset; // 0
 */
export function attachPosition(before: Position | undefined, source: Omit<Position, 'nextOffset'>, place: string): Position {
  if (before && before.nextOffset > 0) {
    if (before.fingerprint !== undefined && source.fingerprint !== undefined && before.fingerprint !== source.fingerprint) {
      throw new SluiceError('SOURCE_CHANGED', `the source is not the one of which ${before.nextOffset.toLocaleString('en-US')} rows were read`, {
        place,
        fix: 'Give the new content a name of its own with source.id, or start anew with --fresh.',
      });
    }
    requireSameReading(before, source, place);
  }
  return { ...source, nextOffset: before?.nextOffset ?? 0, shiftMs: before?.shiftMs ?? source.shiftMs };
}

/** @throws RECORD_VERSION that names the settings */
function requireSameReading({ reading: before = {} }: Position, { reading: now }: Omit<Position, 'nextOffset'>, place: string): void {
  if (!now) return;
  const changed = Object.keys({ ...before, ...now }).filter((option) => before[option] !== now[option]);
  if (Object.keys(before).length === 0 || changed.length === 0) return;
  const told = changed.map((option) => `source.${option} was ${before[option] ?? 'not set'} and is ${now[option] ?? 'not set'} now`);
  throw new SluiceError('RECORD_VERSION', `the source was read with other settings so far: ${told.join('; ')}`, {
    place,
    fix: 'Undo the change, or read everything anew with --fresh.',
  });
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
