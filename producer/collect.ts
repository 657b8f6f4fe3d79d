import { type Batch, concatBatches, sliceBatch } from '../core/batch.ts';
import type { Source } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';

/**
 * Data rows [from, to) of one stream of an opened source in one batch: what a model is trained on. Dead rows are left out.
 * @throws WARMUP_TOO_SHORT when the source ends before `to`, SOURCE_EMPTY when there is no row at all
 */
export async function collectRows(source: Source, stream: string, from = 0, to = Number.POSITIVE_INFINITY): Promise<Batch> {
  const batches: Batch[] = [];
  let next = from;
  for await (const chunk of source.read(from)) {
    for (const batch of chunk.batches) {
      if (batch.stream !== stream) continue;
      let end = batch.rows;
      while (end > 0 && batch.origins[end - 1] >= to) end--;
      if (end > 0) batches.push(sliceBatch(batch, 0, end));
    }
    next = chunk.nextOffset;
    if (next >= to) break;
  }
  if (Number.isFinite(to) && next < to) {
    throw new SluiceError('WARMUP_TOO_SHORT', `the training rows are to end at row ${to}, the source ends after row ${next}`, {
      place: source.id,
      fix: 'Lower train.rows, or bring a longer recording.',
    });
  }
  if (batches.length === 0)
    throw new SluiceError('SOURCE_EMPTY', `no row of stream '${stream}' to train on`, { place: source.id, fix: 'Check the file and source.streamColumn.' });
  return concatBatches(batches);
}
