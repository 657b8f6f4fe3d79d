/**
 * Where a partition stands: the offset to go on from and a consistent set of immutable records, each named by the
 * hash of its content. Moves only after the store has acknowledged everything before that offset.
 */
export interface Manifest {
  /** `group/topic/partition`, or `stream/source id` embedded. */
  readonly key: string;
  readonly nextOffset: number;
  /** What the source looked like when reading began (embedded); guards against a file exchanged under a position. */
  readonly fingerprint?: string;
  /** Added to every time (clock: shifted), nanoseconds. */
  readonly shift: bigint;
  /** Totals since the stream began, so that a resumed run can say how much there was. */
  readonly totals: Readonly<Record<string, number>>;
  /** Record name (e.g. `swat/model/k-means`) -> content hash. */
  readonly records: Readonly<Record<string, string>>;
}
