import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { load } from '../config/pipeline-text.ts';
import { repository } from '../house/temporary-clone.ts';
import { composeFile } from './compose-file.ts';

const read = (name: string): string => readFileSync(join(repository, 'pipelines', name), 'utf8');
const files = { embedded: read('swat.yaml'), onServers: read('swat-kafka.yaml') };
const from = '# What normal looks like';

it('pipelines/swat-kafka.yaml does what pipelines/swat.yaml does, word for word, from what it learns to what an incident is', () => {
  const part = (text: string): string => text.slice(text.indexOf(from), text.indexOf('\n\n# Rows, verdicts and incidents are kept here'));
  expect(part(files.onServers)).toBe(part(files.embedded));
  expect(part(files.embedded)).toContain('\nincidents: ');
});

it('differs in nothing but the way, the store and who else is told', () => {
  const { bus, topic, batch, store, outputs, ...job } = parse(files.onServers) as Record<string, unknown>;
  const { batch: embeddedBatch, store: embeddedStore, outputs: embeddedOutputs, ...embeddedJob } = parse(files.embedded) as Record<string, unknown>;
  expect(job).toEqual(embeddedJob);
  expect({ bus, topic, batch, store, outputs }).toEqual({
    bus: { type: 'kafka', brokers: `\${KAFKA_BROKERS:-127.0.0.1:9092}`, group: 'sluice', partitions: 1 },
    topic: 'SWAT',
    batch: { rows: 500, wait: '50ms' },
    store: {
      type: 'influxdb',
      url: `\${INFLUX_URL:-http://127.0.0.1:8086}`,
      org: `\${INFLUX_ORG:-sluice}`,
      bucket: `\${INFLUX_BUCKET:-plant}`,
      token: `\${INFLUX_TOKEN}`,
    },
    outputs: [...(embeddedOutputs as unknown[]), 'kafka'],
  });
  expect(embeddedStore).toMatchObject({ type: 'duckdb' });
  expect(embeddedBatch).toEqual({ rows: 500, wait: '100ms' });
});

it('asks the producer of docker-compose.yml for no secret of a store or an output', async () => {
  const { command = [] } = composeFile().services.producer;
  const overrides = command.filter((_, i) => command[i - 1] === '--set');
  const sending = files.onServers.replace('# outputs: ', 'outputs: ').replace('\noutputs: [{ terminal: { detectors: [combined] } }, kafka]', '');
  const environment = { KAFKA_BROKERS: 'kafka:29092' };
  await expect(load(sending, { environment, set: ['store=duckdb'] })).rejects.toThrow("'SLUICE_INCIDENT_WEBHOOK' is not set");
  expect((await load(sending, { environment, set: overrides })).outputs).toEqual([]);
});
