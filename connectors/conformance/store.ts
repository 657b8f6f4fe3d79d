import type { Check } from '../../core/conformance.ts';
import { bucketChecks } from './store/buckets.ts';
import { commitChecks } from './store/commits.ts';
import { eventChecks } from './store/events.ts';
import { forgetChecks } from './store/forget.ts';
import type { MakeCheck, OpenedStore } from './store/opened-store.ts';
import { rowChecks } from './store/rows.ts';
import { scoreChecks } from './store/scores.ts';
import { statisticsChecks } from './store/statistics.ts';
import { streamChecks } from './store/streams.ts';
import { verdictChecks } from './store/verdicts.ts';

/** What every store must keep of contract 10, for any backend: no word of SQL or Flux. */
export function storeConformance(open: () => Promise<OpenedStore>): Check[] {
  const check: MakeCheck = (name, body) => ({
    name,
    async run() {
      const opened = await open();
      try {
        await body(opened);
      } finally {
        await opened.close();
      }
    },
  });
  return [
    ...rowChecks(check),
    ...streamChecks(check),
    ...verdictChecks(check),
    ...scoreChecks(check),
    ...eventChecks(check),
    ...bucketChecks(check),
    ...statisticsChecks(check),
    ...commitChecks(check),
    ...forgetChecks(check),
  ];
}
