import { beforeAll, describe, it } from 'vitest';
import { missingServers, type Needs, prepareServers } from './servers.ts';

/** The first start on a machine fetches the broker. */
const startWithinMs = 300_000;

/**
 * Tests that need real servers. Where these cannot be had the tests are skipped by a name that says what to install; in CI, where
 * the variable CI is `true`, that is a failure.
 */
export function describeWithStack(name: string, needs: Needs, body: () => void): void {
  const missing = missingServers(needs);
  if (missing.length === 0) {
    describe(name, () => {
      beforeAll(() => prepareServers(needs), startWithinMs);
      body();
    });
  } else if (process.env.CI === 'true') {
    describe(name, () => {
      it('has its servers', () => {
        throw new Error(missing.join('; '));
      });
    });
  } else {
    describe.skip(`${name} (${missing.join('; ')})`, body);
  }
}
