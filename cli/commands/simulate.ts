import type { Command } from 'commander';
import { collect } from '../load-pipeline.ts';

export interface SimulatePlantOptions {
  readonly out: string;
  readonly hours?: string;
  readonly seed?: string;
  readonly attacks?: string;
  readonly normal?: string;
  readonly start?: string;
  readonly interval?: string;
  readonly force?: true;
  readonly json?: true;
}

export interface SimulateServiceOptions {
  readonly host?: string;
  readonly port?: string;
  readonly brokers?: string;
  readonly topic: string;
  readonly partitions?: string;
  readonly item?: readonly string[];
  readonly seed?: string;
  readonly quiet?: true;
  readonly logLevel?: string;
}

export function register(program: Command): void {
  const command = program
    .command('simulate')
    .helpCommand(false)
    .summary('make a labelled recording of a simulated plant, or live signals to play with')
    .description('Makes data where none may be had: docs/simulator.md says what the models hold and what they do not.');
  command
    .command('plant')
    .summary('six stages of water treatment with attacks, as SWaT')
    .description(
      "Simulates the six stages and 51 tags of SWaT and writes a workbook in the layout of SWaT's of 2015, or a CSV file with the same columns, by the end of its name. Beside it, NAME.attacks.json lists the attacks: start, end, tags, kind, size in normal ranges of the tag, whether it is meant not to be seen, and its expected effect; sluice evaluate tells them in its events. The files appear, or are replaced with --force, when both are complete. The same seed and options give the same rows.",
    )
    .requiredOption('-o, --out <file>', 'where to, ending in .xlsx or .csv, in a folder that exists')
    .option('--hours <n>', 'length of the recording; default: 4')
    .option('--attacks <none|random|file>', 'none, 6 to 10 drawn from the seed, or a YAML or JSON file that lists them; default: random')
    .option('--seed <n>', 'seeds the plant and the attacks; default: 0')
    .option('--normal <span>', 'time at the beginning without random attacks; default: half of the hours, 1h at least')
    .option('--start <time>', 'time of the first row, ISO 8601 with zone; default: 2015-12-28T10:00:00Z')
    .option('--interval <span>', 'time from row to row, whole seconds; default: 1s')
    .option('--force', 'overwrite the files')
    .option('--json', 'print JSON: {out, attacksFile, rows, attacks}')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice simulate plant --hours 4 --seed 7 --out plant.xlsx\n  sluice simulate plant --hours 24 --attacks none --interval 10s --out normal.csv\n  sluice simulate plant --hours 6 --attacks attacks.yaml --start 2024-05-01T00:00:00Z --out drill.csv',
    )
    .action(async (options: SimulatePlantOptions) => await (await import('../simulate-plant.ts')).simulatePlant(options));
  command
    .command('service')
    .summary('signals that are started, changed, disturbed and stopped over HTTP, sent to Kafka')
    .description(
      'Sends the messages {source_id, value, timestamp} of each item to a Kafka topic: Gaussian values around its mean, 1 to 100 a second. Items are commanded over HTTP. While Kafka is away the items stand still; then they make up for 5 seconds, and what was due before is missed and counted. Stays up until Ctrl-C, which waits until Kafka has what was sent.',
    )
    .option('--item <id,mean,variance,rate>', 'an item to begin with, as often as needed', collect)
    .option('--host <address>', 'address to listen on; with any other than one of this machine alone, SLUICE_TOKEN is asked of requests; default: 127.0.0.1')
    .option('--port <n>', 'port to listen on; default: 8090, or the next free one')
    .option('--brokers <list>', 'addresses host:port of Kafka, separated by commas; default: KAFKA_BROKERS, or 127.0.0.1:9092')
    .option('--topic <name>', 'topic to send to; made when it is missing', 'streamingad_simulated_data')
    .option('--partitions <n>', 'partitions of a topic that is made; an item stays in one of them; default: 1')
    .option('--seed <n>', 'seeds the values; default: 0')
    .option('--quiet', 'no progress, only where it is, the end and errors')
    .option('--log-level <level>', 'structured log on standard error: trace, debug, info, warn, error or silent; also SLUICE_LOG')
    .addHelpText(
      'after',
      `
Examples:
  sluice simulate service
  sluice simulate service --item pump-1,10,4,5 --item pump-2,50,9,20 --brokers kafka:9092

and from another terminal (with a token: -H "Authorization: Bearer $SLUICE_TOKEN"):
  json='Content-Type: application/json'
  curl -X POST http://127.0.0.1:8090/items/pump-3 -H "$json" -d '{"mean": 10, "variance": 4, "rate": 5}'
  curl -X PATCH http://127.0.0.1:8090/items/pump-3 -H "$json" -d '{"rate": 50}'
  curl -X POST http://127.0.0.1:8090/items/pump-3/anomaly -H "$json" -d '{"deltas": [20, 30, 20]}'
  curl -X POST http://127.0.0.1:8090/items/pump-3/anomaly -H "$json" -d '{"shape": "ramp", "size": 30, "length": 100}'
  curl http://127.0.0.1:8090/items
  curl -X DELETE http://127.0.0.1:8090/items/pump-3

Shapes: spike, step, ramp, drop, stuck, noise; docs/simulator.md says what they do.`,
    )
    .action(async (options: SimulateServiceOptions) => await (await import('../simulate-service.ts')).simulateService(options));
}
