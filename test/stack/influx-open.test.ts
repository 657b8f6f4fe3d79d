import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import influxdb from '../../connectors/influxdb/store.ts';
import type { SluiceError } from '../../core/errors.ts';
import type { Store } from '../../core/store.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { type FreshBucket, type InfluxAccess, influxRequest } from './influx-access.ts';
import { ask, numbers, origins, plant, rowsFrom, startProxy, writing } from './influx-writing.ts';
import { freePort } from './server-process.ts';
import { type InfluxServer, sharedInflux, startInflux } from './servers.ts';

interface Given {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly token: string;
  readonly readToken?: string;
  readonly gzip?: boolean;
  readonly batchPoints?: number;
}

const open = (given: Given, mode: 'own' | 'read' = 'own', context?: Parameters<typeof influxdb.open>[2]): Promise<Store> =>
  influxdb.open(influxdb.options.parse(given), mode, context);

/** What is said to somebody whose store cannot be opened: all of it. */
async function refusal(given: Given, mode: 'own' | 'read' = 'own'): Promise<{ code: string; text: string }> {
  try {
    await (await open(given, mode)).close();
  } catch (error) {
    const { code, message } = error as SluiceError;
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(given.token);
    return { code, text: message };
  }
  throw new Error('it was opened');
}

describeWithStack('opening a store in InfluxDB', { influx: 'shared' }, () => {
  let influx: InfluxAccess;
  let made: FreshBucket;
  let given: Given;

  beforeEach(async () => {
    influx = await sharedInflux();
    made = await influx.freshBucket();
    given = { url: influx.url, org: influx.org, bucket: made.bucket, token: made.token };
  });

  const tokenTo = async (...actions: string[]): Promise<string> => {
    const { orgs } = await influxRequest<{ orgs: { id: string }[] }>(influx, 'GET', `/api/v2/orgs?org=${encodeURIComponent(influx.org)}`);
    const permissions = actions.map((action) => ({ action, resource: { type: 'buckets', id: made.bucketId, orgID: orgs[0].id } }));
    return (await influxRequest<{ token: string }>(influx, 'POST', '/api/v2/authorizations', { orgID: orgs[0].id, permissions })).token;
  };

  it('takes a token that may read and write this bucket and nothing else', async () => {
    const store = await open(given);
    expect(await store.streams()).toEqual([]);
    await store.close();
  });

  it('takes a token for each way', async () => {
    const store = await open({ ...given, token: await tokenTo('write'), readToken: made.readToken, gzip: true, batchPoints: 100 });
    await store.openStream('plant', plant);
    await store.append(writing(rowsFrom(0, 1000)));
    expect(await store.commit()).toEqual([]);
    expect((await store.streams())[0].rows).toBe(1000);
    await store.close();
    const reader = await open({ ...given, token: made.readToken }, 'read');
    expect((await reader.streams())[0].rows).toBe(1000);
    await expect(reader.append(writing(rowsFrom(0, 1)))).rejects.toMatchObject({ message: expect.stringContaining('opened for reading') });
    await reader.close();
    expect(await origins({ ...given, token: influx.token })).toEqual(numbers(0, 1000));
  });

  describe('tells apart', () => {
    const tokenHelp = /INFLUX_TOKEN.*sluice init influxdb/;

    it('a token that is not known', async () => {
      for (const token of ['wrong-token', 'with\nnewline']) {
        const { code, text } = await refusal({ ...given, token });
        expect(code).toBe('STORE_DENIED');
        expect(text).toContain('InfluxDB does not know the token');
        expect(text).toMatch(tokenHelp);
      }
    });

    it('a token that may only read', async () => {
      const { code, text } = await refusal({ ...given, token: made.readToken });
      expect([code, text]).toEqual(['STORE_DENIED', expect.stringContaining('the token may not write to the bucket')]);
      expect(text).toContain(`bucket '${made.bucket}'`);
      expect(text).toMatch(tokenHelp);
    });

    it('a token that may only write', async () => {
      const { code, text } = await refusal({ ...given, token: await tokenTo('write') });
      expect([code, text]).toEqual(['STORE_DENIED', expect.stringContaining('the token may not read from the bucket')]);
      expect(text).toMatch(tokenHelp);
    });

    it("a token for another's bucket", async () => {
      const other = await influx.freshBucket();
      expect(await refusal({ ...given, token: other.token })).toMatchObject({ code: 'STORE_DENIED' });
      expect(await refusal({ ...given, token: other.token }, 'read')).toMatchObject({ code: 'STORE_DENIED' });
    });

    it('a bucket and an organisation that are not there', async () => {
      const bucket = freshName('none');
      expect(await refusal({ ...given, bucket })).toEqual({ code: 'STORE_UNAVAILABLE', text: expect.stringContaining(`there is no bucket '${bucket}'`) });
      expect(await refusal({ ...given, org: 'nobody' })).toEqual({
        code: 'STORE_UNAVAILABLE',
        text: expect.stringContaining("there is no organisation 'nobody'"),
      });
    });

    it('a bucket that drops its points', async () => {
      await influxRequest(influx, 'PATCH', `/api/v2/buckets/${made.bucketId}`, { retentionRules: [{ type: 'expire', everySeconds: 30 * 86_400 }] });
      const { code, text } = await refusal(given);
      expect([code, text]).toEqual(['STORE_UNAVAILABLE', expect.stringContaining('the bucket drops what is older than 30 d')]);
      expect(text).toContain('--fix-retention');
      await (await open(given, 'read')).close();
    });

    it('a server that is none of InfluxDB, and none at all', async () => {
      const proxy = await startProxy(influx.url, () => ({ status: 404 }));
      expect(await refusal({ ...given, url: proxy.url })).toEqual({
        code: 'STORE_UNAVAILABLE',
        text: expect.stringContaining('what answers here is no InfluxDB'),
      });
      const url = `http://127.0.0.1:${await freePort()}`;
      expect(await refusal({ ...given, url }, 'read')).toEqual({
        code: 'STORE_UNAVAILABLE',
        text: expect.stringMatching(/does not answer: .*ECONNREFUSED.*sluice doctor/),
      });
    });
  });
});

describeWithStack('a server that is not up yet', { influx: 'own' }, () => {
  it('is waited for, with one warning', async () => {
    const influx: InfluxServer = await startInflux();
    try {
      const { bucket, token } = await influx.freshBucket();
      await influx.stop();
      const told: string[] = [];
      let away = (): void => {};
      const gone = new Promise<void>((resolve) => {
        away = resolve;
      });
      const context = {
        warn: (message: string) => {
          told.push(message);
          away();
        },
        unavailable: () => {},
      };
      const opening = open({ url: influx.url, org: influx.org, bucket, token }, 'own', context);
      await gone;
      await influx.start();
      const store = await opening;
      expect(told).toEqual([expect.stringContaining('InfluxDB does not answer'), expect.stringContaining('takes requests again')]);
      await store.openStream('plant', plant);
      await store.close();
      expect(await ask({ url: influx.url, org: influx.org, bucket, token }, ['stream'], 'filter(fn: (r) => r._field == "schema")')).toEqual([['plant']]);
    } finally {
      await influx.close();
    }
  });
});
