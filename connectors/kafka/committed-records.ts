/** A record of a fetch, as far as it is used. */
export interface FetchedRecord {
  /** From kafkajs a text. */
  readonly offset: number | string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>;
  readonly isControlRecord: boolean;
  readonly batchContext: {
    readonly firstOffset: string;
    readonly lastOffsetDelta: number;
    readonly producerId: string;
    readonly inTransaction: boolean;
  };
}

/** What a broker answers of one partition. */
export interface FetchedPartition {
  readonly highWatermark: string;
  /** Everything before is decided: committed or aborted. */
  readonly lastStableOffset: string;
  /** Transactions that were aborted, in the order in which they ended. */
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[] | null;
  readonly messages: readonly FetchedRecord[];
  /** Behind the last batch, where that is told (`withBatchEnds`): it need not have any record. */
  readonly end?: number;
}

/** The key of a control record is its version and its type; type 0 ends a transaction that was aborted. */
const isAbortMarker = ({ isControlRecord, key }: FetchedRecord): boolean => isControlRecord && key !== null && key.readInt16BE(2) === 0;

/**
 * The records of a read_committed fetch that count, in order, and the offset to go on from.
 *
 * kafkajs filters too, but takes the aborted transactions to be in the order in which they began, and one to begin with each
 * record: where several processes die at once and are fenced off in another order, it hands out what was aborted.
 *
 * @param from the offset that was asked for; a batch may begin before it
 */
export function committedRecords({ messages, abortedTransactions, end }: FetchedPartition, from: number): { records: FetchedRecord[]; next: number } {
  const begun = (abortedTransactions ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: Number(firstOffset) }))
    .sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<string>();
  const records: FetchedRecord[] = [];
  let at = 0;
  for (const record of messages) {
    const offset = Number(record.offset);
    const { producerId, inTransaction } = record.batchContext;
    while (at < begun.length && begun[at].firstOffset <= offset) aborting.add(begun[at++].producerId);
    if (isAbortMarker(record)) aborting.delete(producerId);
    else if (offset >= from && !record.isControlRecord && !(inTransaction && aborting.has(producerId))) records.push(record);
  }
  const last = messages.at(-1)?.batchContext;
  return { records, next: Math.max(from, end ?? (last ? Number(last.firstOffset) + last.lastOffsetDelta + 1 : from)) };
}
