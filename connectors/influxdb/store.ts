import { z } from 'zod';
import { defineStore } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';

export default defineStore({
  type: 'influxdb',
  summary: 'A bucket of an InfluxDB 2: rows in a field per tag, verdicts, incidents and buckets beside them, for Grafana and others to read.',
  fails: 'No transactions, so the position lives on the bus: it takes a bus that keeps one, such as Kafka. The bucket must keep its points for good.',
  cost: 'Some 50 us of the server and 5 us here a row of 51 tags, and 8 us and 1 us a verdict; 10 MB in memory.',
  source: 'https://docs.influxdata.com/influxdb/v2/',
  transactional: false,
  options: z.strictObject({
    url: z
      .string()
      .regex(/^https?:\/\/[^/\s?#]+(\/[^\s?#]*)?$/, 'an address such as http://127.0.0.1:8086')
      .default('http://127.0.0.1:8086')
      .describe('Where the server is.'),
    org: z.string().min(1).default('sluice').describe('The organisation that the bucket belongs to.'),
    bucket: z.string().min(1).default('plant').describe('The bucket; `sluice init influxdb` makes it.'),
    token: z.string().min(1).describe('A token that may read and write the bucket; best taken from the environment.'),
    readToken: z.string().min(1).optional().describe('A token for queries. Default: the same.'),
    timeout: duration().prefault('30s').describe('How long the server may take to answer a write.'),
    gzip: z
      .union([z.literal('auto'), z.boolean()])
      .default('auto')
      .describe('Compress what is sent; auto: unless the server is on this machine.'),
    inFlight: z.int().min(1).max(16).default(3).describe('Writes under way at once.'),
    batchPoints: z.int().min(1).max(100_000).default(5000).describe('Points of one write at most; a row with four verdicts is five.'),
  }),
  async open(options, mode, context) {
    const { openStore } = await import('./open.ts');
    return await openStore(options, mode, context);
  },
  async *diagnose(options, context) {
    yield* (await import('./diagnose.ts')).diagnoseInflux(options, context);
  },
});
