import { expect, test } from 'vitest';
import { allocateBatch } from './batch.ts';
import { LiveFeed } from './live-feed.ts';
import { makeSchema } from './schema.ts';
import type { StoreWrite } from './store.ts';

const batch = allocateBatch('swat', makeSchema([{ name: 'LIT101', kind: 'continuous' }]), 3);
const write: StoreWrite = { batch, verdicts: [], incidents: [], thresholds: [], buckets: [] };

test('those who listen get every write until they leave', () => {
  const feed = new LiveFeed(() => expect.unreachable());
  const got: number[] = [];
  const leave = feed.subscribe({ write: ({ batch: { rows } }) => got.push(rows) });
  feed.write(write);
  leave();
  feed.write(write);
  expect(got).toEqual([3]);
});

test('one that fails is let go and told of; the others go on', () => {
  const failures: unknown[] = [];
  const feed = new LiveFeed((error) => failures.push(error));
  let calls = 0;
  feed.subscribe({
    write() {
      throw new Error('out of paper');
    },
  });
  feed.subscribe({ write: () => calls++ });
  feed.write(write);
  feed.write(write);
  expect([calls, failures]).toEqual([2, [new Error('out of paper')]]);
});
