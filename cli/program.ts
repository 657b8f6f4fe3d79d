import { Command } from 'commander';
import { version } from './version.ts';

const exitCodes = `
Exit codes:
  0    done
  1    a fault in Sluice itself
  2    the command line or the pipeline file is wrong
  3    the input cannot be used
  4    a service or resource is missing: store, bus, port, disk
  5    a stored model or snapshot does not fit
  130  interrupted by a second Ctrl-C
  141  what reads the output went away (run ... | head): stopped, the batch in hand is committed

Errors go to standard error as \`error [CODE] message\`, with --json as
{"error": {"code", "message", "place", "fix"}}: what is wrong, where, and what to do.
Colour only on a terminal, and never when NO_COLOR is set.`;

const examples = `
Examples:
  sluice init plant.yaml --source csv --path plant.csv   write a pipeline to start from
  sluice check plant.yaml                                what is wrong with it, and what the source holds
  sluice run plant.yaml                                  watch the plant until Ctrl-C
  sluice query incidents plant.yaml                      what went wrong, and which tags did it`;

/** The command line: each command registers itself. Loads nothing but commander. */
export function makeProgram(commands: readonly ((program: Command) => void)[]): Command {
  const program = new Command('sluice')
    .description('Watches industrial sensor streams and says when, where and why they stop being normal.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help; also after a command')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', `${examples}\n${exitCodes}`);
  for (const register of commands) register(program);
  return program;
}
