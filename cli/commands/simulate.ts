import type { Command } from 'commander';

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

export function register(program: Command): void {
  const command = program
    .command('simulate')
    .helpCommand(false)
    .summary('make a labelled recording of a simulated plant')
    .description('Makes labelled data where none may be had: docs/simulator.md says what the models hold and what they do not.');
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
}
