import type { Batch } from './batch.ts';
import type { DeadLetter, DeadReason } from './chunk.ts';
import type { Incident } from './incident.ts';
import type { Manifest, ManifestReader } from './manifest.ts';
import type { Schema } from './schema.ts';
import type { ThresholdLevels, Verdicts } from './verdict.ts';

/** Buckets of event time that the pipeline keeps besides the rows, in milliseconds. */
export const levelsOfDetail = [10_000, 60_000, 600_000, 3_600_000] as const;

/** One closed bucket: per tag in schema order. A tag without a value has count 0 and NaN for the rest. */
export interface Bucket {
  readonly level: number;
  /** Start of the bucket, a multiple of its level. */
  readonly time: bigint;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly count: Float64Array;
}

/** Everything one batch adds. All keyed by identity, so that writing twice changes nothing. */
export interface StoreWrite {
  readonly batch: Batch;
  /** One per detector and combination, as long as the batch. */
  readonly verdicts: readonly Verdicts[];
  /** Incidents that changed, whole; the last state of an id wins. */
  readonly incidents: readonly Incident[];
  readonly thresholds: readonly ThresholdLevels[];
  readonly buckets: readonly Bucket[];
}

/** A row that a store refuses for what it holds, such as a value where the store has text. */
export interface RejectedRow {
  readonly stream: string;
  readonly origin: number;
  readonly time: bigint;
  /** What the store said. */
  readonly message: string;
  /** The row as it was to be written. */
  readonly payload: string;
}

export interface StoreWriter {
  /** Registers a stream before its first write. @throws SCHEMA_MISMATCH when it is stored with other tags. */
  openStream(stream: string, schema: Schema): Promise<void>;
  /** Stages a write; may wait (back-pressure). Not durable before `commit`. */
  append(write: StoreWrite): Promise<void>;
  appendDead(letters: readonly DeadLetter[]): Promise<void>;
  /** Takes these letters out again, e.g. because their rows were taken in after all. Durable with the next commit. */
  removeDead(letters: readonly Pick<DeadLetter, 'source' | 'partition' | 'position'>[]): Promise<void>;
  /**
   * Makes everything appended before this call durable, and with it, in one step, the manifest and its new records where this
   * store keeps them. On an error nothing of it counts as written and the pipeline resumes from the last manifest. A store
   * that is not transactional may be appended to meanwhile, and waits (back-pressure) while its service is away.
   * @returns rows that the store will never take as they are, each once; the others are durable
   */
  commit(manifest?: Manifest, records?: ReadonlyMap<string, Uint8Array>): Promise<readonly RejectedRow[]>;
  /**
   * Replaces verdicts, incidents that start and thresholds set in [from, to) in one step (backfill); rows and buckets stay as they
   * are. Needs everything appended to be committed.
   */
  replaceVerdicts(stream: string, from: bigint, to: bigint, writes: AsyncIterable<StoreWrite>): Promise<void>;
  annotate(annotation: Annotation): Promise<void>;
  /**
   * Forgets a stream: rows, verdicts, incidents, buckets, annotations and its dead letters; with `manifestKey` also that manifest
   * and the dead letters of its sources. Needs everything appended to be committed.
   */
  forget(stream: string, manifestKey?: string): Promise<void>;
}

/** A range of event time, [from, to); an absent bound is open. */
export interface Range {
  readonly stream: string;
  readonly from?: bigint;
  readonly to?: bigint;
}

export interface RowsQuery extends Range {
  /** Default: all tags in schema order. */
  readonly tags?: readonly string[];
  /** The first so many in (time, seq) order; with `last`, the last so many (still ascending). */
  readonly limit?: number;
  readonly last?: boolean;
}

/** Columns of equal length in (time, seq) order. */
export interface RowsResult {
  readonly tags: readonly string[];
  readonly times: BigInt64Array;
  readonly seqs: Int32Array;
  /** -1 where unknown. */
  readonly labels: Int8Array;
  /** One column per asked tag; NaN = missing. */
  readonly columns: readonly Float64Array[];
}

export interface VerdictsQuery extends Range {
  readonly detector?: string;
  /** Only warnings and errors. */
  readonly flagged?: boolean;
  readonly limit?: number;
  readonly last?: boolean;
}

/** Scores without their contributions, row by row or folded into buckets. */
export interface ScoresQuery extends Range {
  /** Default: all that have verdicts here, in the order of their names. */
  readonly detectors?: readonly string[];
  /** Milliseconds of a bucket, of which those that overlap [from, to) are given whole; 0: every row. Any level will do. */
  readonly level: number;
  /** Whether `judged` and `flagged` are counted. */
  readonly counts?: boolean;
}

/** Columns of equal length in (time, seq) order; of buckets only those that hold a verdict. */
export interface DetectorScores {
  readonly detector: string;
  /** Of the row, or the start of the bucket. */
  readonly times: BigInt64Array;
  /** 0 of buckets. */
  readonly seqs: Int32Array;
  /** The largest; NaN where there is none. */
  readonly score: Float64Array;
  readonly grade: Float64Array;
  /** The worst; undefined only where no row was judged. */
  readonly status: Int8Array;
  /** Rows that were judged, and of those the flagged ones; empty unless asked for. */
  readonly judged: Float64Array;
  readonly flagged: Float64Array;
}

export interface AgreementQuery extends Range {
  /** Each once. */
  readonly detectors: readonly string[];
}

/** What several detectors say of the same rows. */
export interface AgreementCounts {
  /** In the order asked for. */
  readonly detectors: readonly {
    readonly detector: string;
    /** Rows with a verdict that is not undefined. */
    readonly judged: number;
    readonly flagged: number;
    /** Time of the first flagged row. */
    readonly first: bigint | undefined;
    /** The highest grade; NaN without one. */
    readonly worst: number;
  }[];
  /** Rows that detector i and detector j both flagged, at i x detectors + j. */
  readonly both: Float64Array;
}

export interface DistributionQuery extends Range {
  readonly tag: string;
  readonly detector: string;
  /** How many, at least one, all as wide as each other, from the least to the greatest value; just one value lies in the middle of its own. */
  readonly bins: number;
}

/** Rows by the value of a tag and by verdict; rows without a value are left out. */
export interface DistributionCounts {
  /** One more than bins, ascending; none without a value. */
  readonly edges: Float64Array;
  readonly normal: Float64Array;
  readonly anomalous: Float64Array;
  /** Rows without a verdict, or whose verdict is undefined. */
  readonly undefined: Float64Array;
}

export interface Extent {
  readonly rows: number;
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
}

export interface StoredVerdict {
  readonly detector: string;
  readonly time: bigint;
  readonly seq: number;
  readonly score: number;
  readonly grade: number;
  readonly status: number;
  /** Largest first; absent for rows that were not flagged. */
  readonly contributions?: readonly { tag: string; share: number }[];
  readonly rest?: number;
}

export interface IncidentsQuery {
  readonly id?: string;
  readonly stream?: string;
  readonly detector?: string;
  /** Incidents that overlap [from, to): start < to and end >= from. */
  readonly from?: bigint;
  readonly to?: bigint;
  readonly open?: boolean;
  /** The first so many in the order of their starts; with `last`, the last so many (still ascending). */
  readonly limit?: number;
  readonly last?: boolean;
}

export interface TagStatistics {
  readonly tag: string;
  readonly count: number;
  readonly missing: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Sample standard deviation; NaN below two values. */
  readonly deviation: number;
}

export interface StreamSummary {
  readonly stream: string;
  readonly schema: Schema;
  readonly rows: number;
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
  readonly detectors: readonly string[];
}

export interface Annotation {
  readonly id: string;
  readonly stream: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly text: string;
  /** The incident it judges, and whether that was a true or a false alarm. */
  readonly incident?: string;
  readonly alarm?: 'true' | 'false';
}

/**
 * Buckets that overlap [from, to), whole, in time order, with what the still open ones hold, from the rows themselves. Any level
 * will do; those that the pipeline does not keep are folded from the rows.
 */
export interface BucketsQuery extends Range {
  readonly level: number;
  /** Default: all tags in schema order. The columns of a bucket are those asked for, in their order. */
  readonly tags?: readonly string[];
}

/**
 * What every reader (CLI, page, evaluation) uses. Equal on every backend: exactly, statistics within 1e-12 relative. A store that is
 * not transactional has no manifests.
 */
export interface StoreReader extends ManifestReader {
  streams(): Promise<StreamSummary[]>;
  /** How many rows lie in a range, and when the first and the last of them were. */
  extent(query: Range): Promise<Extent>;
  rows(query: RowsQuery): Promise<RowsResult>;
  /** Rows in the order they were appended, in pieces; for backfill and export. */
  scan(query: Range): AsyncIterable<Batch>;
  buckets(query: BucketsQuery): Promise<Bucket[]>;
  verdicts(query: VerdictsQuery): Promise<StoredVerdict[]>;
  scores(query: ScoresQuery): Promise<DetectorScores[]>;
  agreement(query: AgreementQuery): Promise<AgreementCounts>;
  distribution(query: DistributionQuery): Promise<DistributionCounts>;
  incidents(query: IncidentsQuery): Promise<Incident[]>;
  statistics(query: Range & { readonly tags?: readonly string[] }): Promise<TagStatistics[]>;
  thresholds(stream: string): Promise<ThresholdLevels[]>;
  /** Of one stream or all, in the order of (from, id). */
  annotations(query: Partial<Range>): Promise<Annotation[]>;
  /** In the order of (source, partition, position); `limit` and `last` as for rows. */
  deadLetters(query: { source?: string; reason?: DeadReason; limit?: number; last?: boolean }): Promise<DeadLetter[]>;
  /** For each (time, seq), 1 when that row is stored. */
  known(stream: string, times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array>;
  export(request: ExportRequest): Promise<{ rows: number }>;
}

export interface ExportRequest {
  readonly what: 'rows' | 'verdicts' | 'incidents';
  readonly format: 'csv' | 'parquet';
  readonly path: string;
  readonly stream: string;
  readonly from?: bigint;
  readonly to?: bigint;
}

export interface Store extends StoreWriter, StoreReader {
  close(): Promise<void>;
}
