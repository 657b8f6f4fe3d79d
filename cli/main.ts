#!/usr/bin/env node
import { commands } from './commands.generated.ts';
import { reportError } from './error-report.ts';
import { invoke } from './invoke.ts';
import { interrupt } from './signals.ts';

/** 128 and the number of SIGPIPE, as of a program that the signal ends. */
const pipeClosed = 141;

// `sluice list | head` closes the pipe early: that is no fault. `sluice run ... | head` would go on unseen: it commits what
// is in hand and ends, not as if it had done all of it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!interrupt('nobody reads the output')) process.exit(0);
    process.exitCode = pipeClosed;
  });
}

// Thrown where no command waits for it, in a timer or a stream: the state is unknown, so it ends here.
process.on('uncaughtException', (error) => process.exit(reportError(error, process.argv)));

process.exitCode = await invoke(commands, process.argv);
// Whatever a failed command left open must not keep the process alive.
if (process.exitCode !== 0) setTimeout(() => process.exit(), 5000).unref();
