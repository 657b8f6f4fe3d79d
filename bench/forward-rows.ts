/**
 * Kafka into InfluxDB with nothing between: what the pipeline would do at most. Takes `--set` values like a command; prints
 * JSON at the end of the topic: `node dist/bench/forward-rows.js --set topic=SWAT ...`.
 */
import { loadPipeline } from '../cli/load-pipeline.ts';

const set = process.argv.slice(2).filter((word) => word !== '--set');
const { config, registry } = await loadPipeline('pipelines/swat-kafka.yaml', { set });
const [topic] = config.topics;
const bus = await (await registry.load('bus', config.bus.type)).create(config.bus.options);
const store = await (await registry.load('store', config.store.type)).open(config.store.options, 'own');
const consumer = await bus.consumer(topic, { group: String(config.bus.options.group), position: async () => undefined });
const opened = new Set<string>();
let rows = 0;
let first = 0;
for (;;) {
  const chunk = await consumer.poll({ maxRows: config.batch.rows, maxWaitMs: config.batch.wait });
  if (chunk === 'end') break;
  if (chunk === 'idle') continue;
  first ||= performance.now();
  for (const batch of chunk.batches) {
    if (!opened.has(batch.stream)) await store.openStream(batch.stream, batch.schema);
    opened.add(batch.stream);
    await store.append({ batch, verdicts: [], incidents: [], thresholds: [], buckets: [] });
    rows += batch.rows;
  }
}
await store.commit();
const seconds = (performance.now() - first) / 1000;
await consumer.close();
await store.close();
await bus.close();
const peakRssMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`${JSON.stringify({ rowsStored: rows, rowsPerSecond: Math.round(rows / seconds), seconds: Number(seconds.toFixed(2)), peakRssMb })}\n`);
