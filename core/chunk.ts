import type { Batch } from './batch.ts';

export const deadReasons = ['cells', 'number', 'time', 'encoding', 'line-too-long', 'syntax', 'too-late', 'too-many-streams', 'rejected'] as const;

/** Why a row could not be taken. */
export type DeadReason = (typeof deadReasons)[number];

/** A row that could not be taken, kept so that nothing is lost. Keyed by (source, partition, position). */
export interface DeadLetter {
  /** Source id or topic. */
  readonly source: string;
  readonly partition: number;
  /** The row's origin: its data row in the source (0-based, as rows count theirs) or its offset. */
  readonly position: number;
  readonly stream?: string;
  readonly reason: DeadReason;
  /** What is wrong, quoting the bad value, and what to do. */
  readonly message: string;
  /** The raw row, cut at `deadPayloadLimit` characters. */
  readonly payload: string;
}

export const deadPayloadLimit = 4096;

/** The unit of work and of commit: rows of one partition (which may interleave streams), and the offset to go on from. */
export interface Chunk {
  readonly partition: number;
  readonly nextOffset: number;
  /** In offset order; rows of one stream stay in their order, consecutive rows of the same stream share a batch. */
  readonly batches: readonly Batch[];
  readonly dead: readonly DeadLetter[];
}

/** Rows of all its batches; dead ones are not counted. */
export function rowsIn(chunk: Chunk): number {
  return chunk.batches.reduce((n, batch) => n + batch.rows, 0);
}
