/** How far one source (embedded) or the topic's partition itself (on a broker) has been taken in. */
export interface Position {
  readonly nextOffset: number;
  /** What the source looked like when reading began; guards against a file exchanged under a position. */
  readonly fingerprint?: string;
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
