#!/usr/bin/env node
import { CommanderError } from 'commander';
import { commands } from './commands.generated.ts';
import { reportError } from './error-report.ts';
import { makeProgram } from './program.ts';

// `sluice list | head` closes the pipe early: that is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await makeProgram(commands).parseAsync(process.argv);
} catch (error) {
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : reportError(error, process.argv);
  // Whatever a failed command left open must not keep the process alive.
  if (process.exitCode !== 0) setTimeout(() => process.exit(), 5000).unref();
}
