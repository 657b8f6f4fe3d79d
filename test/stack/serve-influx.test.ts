import { afterAll, beforeAll, expect, it } from 'vitest';
import influxdb from '../../connectors/influxdb/store.ts';
import type { Store } from '../../core/store.ts';
import * as api from '../../serve/api.ts';
import { plantSchema } from '../pipeline/small-plant.ts';
import { type ServedPlant, servedPlant } from '../serve/served-plant.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedInflux } from './servers.ts';

describeWithStack('the HTTP interface over InfluxDB', { influx: 'shared' }, () => {
  let plant: ServedPlant;
  let influx: Store;
  let url: string;
  beforeAll(async () => {
    plant = await servedPlant();
    const server = await sharedInflux();
    const { bucket, token } = await server.freshBucket();
    influx = await influxdb.open(influxdb.options.parse({ url: server.url, org: server.org, bucket, token }), 'own');
    await influx.openStream('plant', plantSchema);
    for (const write of plant.writes) await influx.append(write);
    await influx.commit();
    url = (await plant.serve({ api: { registry: plant.registry, store: async () => influx } })).url;
  });
  afterAll(async () => {
    await influx.close();
    await plant.close();
  });

  it.each([
    '/series?tags=LIT101,MV101&last=90s',
    '/series?tags=AIT201,P102&points=30',
    '/series?tags=LIT101&points=100&from=2017-07-14T03:00:07Z&to=2017-07-14T03:20:00Z',
    '/scores?detectors=combined,joint&rows=50',
    '/scores?points=40',
    '/rows?limit=40&to=2017-07-14T03:13:00Z',
    '/rows.csv?last=5m',
    '/distribution?tag=LIT101&detector=combined&bins=15',
    '/agreement?from=2017-07-14T03:05:00Z',
  ])('%s answers the same as over DuckDB', async (path) => {
    const answers = await Promise.all(
      [plant.url, url].map(async (server) => {
        const answer = await fetch(`${server}/api/streams/plant${path}`);
        return [answer.status, answer.headers.get('content-disposition'), await answer.text()];
      }),
    );
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[0][0]).toBe(200);
  });

  it('incidents are listed, told and marked the same', async () => {
    const list = async (server: string): Promise<api.ApiIncident[]> =>
      api.incidents.parse(await (await fetch(`${server}/api/incidents?limit=2`)).json()).incidents;
    const [{ id }] = await list(url);
    for (const server of [plant.url, url]) {
      const marked = await fetch(`${server}/api/incidents/${id}/mark`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ alarm: 'false', note: 'drill' }),
      });
      expect(marked.status).toBe(204);
    }
    expect(await list(url)).toEqual(await list(plant.url));
    const [detail, expected] = await Promise.all(
      [url, plant.url].map(async (server) => api.incidentDetail.parse(await (await fetch(`${server}/api/incidents/${id}`)).json())),
    );
    expect(detail).toEqual(expected);
    expect(detail.mark).toEqual({ alarm: 'false', note: 'drill' });
  });
});
