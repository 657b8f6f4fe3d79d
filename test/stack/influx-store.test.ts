import { it } from 'vitest';
import { storeConformance } from '../../connectors/conformance/store.ts';
import influxdb from '../../connectors/influxdb/store.ts';
import type { Store } from '../../core/store.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedInflux } from './servers.ts';

describeWithStack('a store in InfluxDB', { influx: 'shared' }, () => {
  const checks = storeConformance(async () => {
    const influx = await sharedInflux();
    const { bucket, token } = await influx.freshBucket();
    const options = influxdb.options.parse({ url: influx.url, org: influx.org, bucket, token });
    const open = (): Promise<Store> => influxdb.open(options, 'own');
    let store = await open();
    return {
      transactional: influxdb.transactional,
      store,
      async reopen() {
        await store.close();
        store = await open();
        return store;
      },
      close: () => store.close(),
    };
  });
  for (const check of checks) it(check.name, check.run);
});
