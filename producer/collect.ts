import { allocateBatch, type Batch, concatBatches, copyRow, sliceBatch } from '../core/batch.ts';
import type { Source } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';

/**
 * Rows [from, to) of one stream of an opened source in one batch: what a model is trained on. Counts the rows that a
 * pipeline would take: neither those that cannot be read nor those further behind the newest than the lateness allows.
 * @throws WARMUP_TOO_SHORT when the source ends before `to`, SOURCE_EMPTY when there is no row at all
 */
export async function collectRows(source: Source, stream: string, from = 0, to = Number.POSITIVE_INFINITY): Promise<Batch> {
  const batches: Batch[] = [];
  let seen = 0;
  for await (const chunk of source.read(0)) {
    for (const batch of chunk.batches) {
      if (batch.stream !== stream) continue;
      const rows = inTime(batch);
      const [begin, end] = [Math.max(0, from - seen), Math.min(rows.rows, to - seen)];
      if (begin < end) batches.push(sliceBatch(rows, begin, end));
      seen += rows.rows;
    }
    if (seen >= to) break;
  }
  if (seen === 0) {
    throw new SluiceError('SOURCE_EMPTY', `no row of stream '${stream}' to train on`, { place: source.id, fix: 'Check the file and source.streamColumn.' });
  }
  if (Number.isFinite(to) && seen < to) {
    throw new SluiceError('WARMUP_TOO_SHORT', `the training rows are to end at row ${to}, the source ends after row ${seen} of stream '${stream}'`, {
      place: source.id,
      fix: 'Lower train.rows, or bring a longer recording.',
    });
  }
  return concatBatches(batches);
}

/** Without the rows that came too late to be counted: sources give them no ordinal. */
function inTime(batch: Batch): Batch {
  const tooLate = batch.seqs.reduce((count, seq) => count + (seq < 0 ? 1 : 0), 0);
  if (tooLate === 0) return batch;
  const out = allocateBatch(batch.stream, batch.schema, batch.rows - tooLate, batch.labels !== undefined);
  for (let row = 0, at = 0; row < batch.rows; row++) if (batch.seqs[row] >= 0) copyRow(batch, row, out, at++);
  return out;
}
