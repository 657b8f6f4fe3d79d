/**
 * Many who ask for a month at the same time, of a process that takes rows in: `node dist/bench/page-crowd.js <file> [clients] [seconds]`
 * over a file that page-month keeps (`<folder>/month.duckdb`). A real `sluice run` of pipelines/swat.yaml gets 100 rows a second of a
 * stream of its own in that file; each client asks for six tags, three scores and the agreement of the month, one after the other and
 * over again. Prints JSON: whether the pipeline keeps its input rate, and how the clients were answered.
 */
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { livePlant } from './live-plant.ts';

const [file = 'month.duckdb', clients = '200', seconds = '30'] = process.argv.slice(2);
const detectors = 'combined,mahalanobis,k-means';
const asked = ['series?tags=T101,T102,T111,T121,T131,T151', `scores?detectors=${detectors}`, `agreement?detectors=${detectors}`];
const plant = await livePlant(Number(seconds), ['stream=crowd', `store.path=${file}`]);
try {
  const alone = await plant.watch(10);
  const until = performance.now() + Number(seconds) * 1000;
  const answers: { status: number; ms: number }[] = [];
  const crowd = Promise.all(Array.from({ length: Number(clients) }, () => ask(until, answers)));
  const pipeline = await plant.watch(crowd);
  const well = answers.flatMap(({ status, ms }) => (status === 200 ? [ms] : [])).sort((a, b) => a - b);
  const of = (status: number): number => answers.filter((each) => each.status === status).length;
  const result = {
    bench: `page-crowd: ${clients} clients ask for a month over and over, csv to DuckDB at 100 rows/s`,
    ...{ alone, pipeline },
    answers: {
      ok: well.length,
      tooManyQueries: of(503),
      tooManyRequests: of(429),
      none: of(0),
      okMs: { median: Math.round(well[well.length >> 1]), most: Math.round(well[well.length - 1]) },
    },
    machine: { node: process.version, cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0] },
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await plant.close();
}

/** One client: asks until the time is over, and waits as it is told where it is refused. */
async function ask(until: number, answers: { status: number; ms: number }[]): Promise<void> {
  for (let n = 0; performance.now() < until; n++) {
    const began = performance.now();
    const answer = await fetch(`${plant.url}/api/streams/swat/${asked[n % asked.length]}`).catch(() => undefined);
    await answer?.arrayBuffer();
    answers.push({ status: answer?.status ?? 0, ms: performance.now() - began });
    if (answer?.status !== 200) await sleep(1000 * Number(answer?.headers.get('retry-after') ?? 1));
  }
}
