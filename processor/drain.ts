import type { BusConsumer } from '../core/bus.ts';
import type { Pipeline } from './pipeline.ts';

export interface DrainOptions {
  readonly maxRows: number;
  /** How long a micro-batch may wait for more rows after its first, ms. */
  readonly maxWaitMs: number;
  /** Finish the batch in hand, commit and return. */
  readonly signal?: AbortSignal;
}

/** Takes micro-batches from the bus until its end or the signal; commits every so often and at the end. */
export async function drain(pipeline: Pipeline, consumer: BusConsumer, { maxRows, maxWaitMs, signal }: DrainOptions): Promise<'end' | 'stopped'> {
  const committed = new Map<number, number>();
  const commit = async (): Promise<void> => {
    await pipeline.commit();
    for (const [partition, nextOffset] of committed) await consumer.commit(partition, nextOffset);
    committed.clear();
  };
  while (!signal?.aborted) {
    const chunk = await consumer.poll({ maxRows, maxWaitMs });
    if (chunk === 'end') {
      pipeline.beginSending();
      await commit();
      return 'end';
    }
    if (chunk === 'idle') pipeline.beginSending();
    else {
      await pipeline.process(chunk);
      committed.set(chunk.partition, chunk.nextOffset);
    }
    if (pipeline.due) await commit();
  }
  await commit();
  return 'stopped';
}
