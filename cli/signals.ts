/**
 * Ctrl-C (or SIGTERM): the first aborts the signal, so that the command finishes the batch in hand, commits and ends;
 * the second ends the process at once with 130. The handlers are installed by the first call, so that a command that
 * has nothing to finish ends at the first Ctrl-C as any program does.
 */
export function interruption(): AbortSignal {
  controller ??= install();
  return controller.signal;
}

let controller: AbortController | undefined;

function install(): AbortController {
  const abort = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    if (abort.signal.aborted) process.exit(130);
    process.stderr.write('\nfinishing the batch in hand; once more ends at once\n');
    abort.abort(signal);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return abort;
}
