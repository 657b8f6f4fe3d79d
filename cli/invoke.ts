import { type Command, CommanderError } from 'commander';
import { reportError } from './error-report.ts';
import { makeProgram } from './program.ts';

/** Runs the command that the words name to its end; an error is printed. @returns the exit code */
export async function invoke(commands: readonly ((program: Command) => void)[], argv: readonly string[]): Promise<number> {
  try {
    await makeProgram(commands).parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return error instanceof CommanderError && error.exitCode === 0 ? 0 : reportError(error, argv);
  }
}
