/**
 * The page's live feed under load: 200 clients, each with six tags of its own and up to ten frames a second, and 20 that ask for
 * everything and read nothing, over the server of a real `sluice run` of pipelines/swat.yaml that gets 100 rows a second:
 * `node dist/bench/page-live.js [clients] [seconds] [mute]`. The clients are a process of their own. Prints JSON: whether the pipeline
 * keeps its input rate, frames a second, how long a row takes from when it was due until a client has it, CPU and memory of the server;
 * and the pipeline before, without a client.
 */
import { spawn } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import type { Wanted } from './live-clients.ts';
import { learned, livePlant, offered, wait } from './live-plant.ts';

const [clients = 200, seconds = 120, mute = 20] = process.argv.slice(2).map(Number);
const plant = await livePlant(seconds);
try {
  const alone = await plant.watch(10);
  const wanted: Wanted = { url: plant.url, clients, mute, seconds, rate: 10, offered, learned, start: Date.UTC(2015, 11, 28, 2) };
  const result = {
    bench: `page-live: ${clients} clients, csv to DuckDB at ${offered} rows/s, pipelines/swat.yaml with batch.wait ${wait}`,
    ...{ alone, ...(await clientsOf(wanted)) },
    machine: { node: process.version, cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0] },
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await plant.close();
}

async function clientsOf(wanted: Wanted): Promise<object> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'live-clients.js'), JSON.stringify(wanted)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new Error(`the clients ended with ${code}`);
  return JSON.parse(text) as object;
}
