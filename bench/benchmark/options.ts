import { parseArgs } from 'node:util';
import { quote, SluiceError } from '../../core/errors.ts';
import { type PartName, parts } from './parts.ts';

export interface BenchmarkOptions {
  readonly help: boolean;
  readonly only: readonly PartName[];
  readonly requirePeers: boolean;
  readonly write: boolean;
  readonly memoryRows: number;
  /** Where the result goes as JSON. */
  readonly json: string | undefined;
}

const names = Object.keys(parts) as PartName[];

export const help = `Usage: npm run bench -- [options]

Measures Sluice part by part, each in a process of its own, and prints the page that --write makes docs/benchmarks.md.
Progress goes to standard error.

Options:
  --only <part,...>    these alone: ${names.join(', ')}
  --require-peers      fail where scikit-learn and others are missing, rather than measure without them
  --memory-rows <n>    rows that the part memory reads (default: 1000000)
  --json <file>        write the result as JSON
  --write              write bench/baseline.json and docs/benchmarks.md; of all parts with --require-peers, and
                       only if none of them failed
  --help               print this help

Parts:
${names.map((name) => `  ${name.padEnd(20)} ${parts[name].what}`).join('\n')}

Examples:
  npm run bench -- --only pipeline,start-up
  npm run bench -- --only memory --memory-rows 10000000
  npm run bench -- --require-peers --write
`;

/** @throws USAGE */
export function readOptions(words: readonly string[]): BenchmarkOptions {
  const values = parsed(words);
  const only = values.only?.split(',').map((name) => partNamed(name.trim())) ?? names;
  if (values.write && values.only !== undefined)
    throw usage('--write goes with all parts, not with --only', 'The page comes from one run. Use --json for a few parts.');
  if (values.write && !values['require-peers']) throw usage('--write needs --require-peers', 'Figures that are checked in stand beside those of others.');
  const rows = values['memory-rows'] ?? '1000000';
  if (!/^\d+$/.test(rows) || Number(rows) < 10_000)
    throw usage(`--memory-rows takes a whole number from 10000 on, not ${quote(rows)}`, 'Leave it out for 1000000.');
  return {
    help: values.help ?? false,
    only,
    requirePeers: values['require-peers'] ?? false,
    write: values.write ?? false,
    memoryRows: Number(rows),
    json: values.json,
  };
}

function parsed(words: readonly string[]) {
  const flag = { type: 'boolean' } as const;
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...words],
      options: { only: text, 'require-peers': flag, 'memory-rows': text, json: text, write: flag, help: flag },
    }).values;
  } catch (error) {
    throw usage((error as Error).message, 'npm run bench -- --help lists the options.');
  }
}

function partNamed(name: string): PartName {
  const found = names.find((known) => known === name);
  if (found === undefined) throw usage(`there is no part ${quote(name)}`, `Parts: ${names.join(', ')}.`);
  return found;
}

function usage(what: string, fix: string): SluiceError {
  return new SluiceError('USAGE', what, { fix });
}
