/**
 * Ctrl-C (or SIGTERM): the first aborts the signal, so that the command finishes the batch in hand, commits and ends;
 * the second ends the process at once with 130. The handlers are installed by the first call, so that a command that
 * has nothing to finish ends at the first Ctrl-C as any program does.
 */
export function interruption(): AbortSignal {
  controller ??= install();
  return controller.signal;
}

/**
 * For a command that has nothing to finish: the first Ctrl-C (or SIGTERM) ends it with 130. A process that is killed by the signal
 * itself would leave the terminal without a cursor and half-written files behind.
 */
export function endAtTheFirst(): void {
  const end = (): void => process.exit(130);
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

/** As the first Ctrl-C does, for another reason. @returns false when no command that has something to finish is at work */
export function interrupt(reason: string): boolean {
  controller?.abort(reason);
  return controller !== undefined;
}

/** What has begun nothing has nothing to finish: its connections get so long to give up, ms. */
const idleGrace = 2000;

/**
 * Until the returned function is called, the first Ctrl-C ends the process soon, with 130, whatever it waits for.
 * @param signal of `interruption`
 */
export function beforeTheFirstRow(signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    timer = setTimeout(() => process.exit(130), idleGrace);
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end);
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  };
}

let controller: AbortController | undefined;

function install(): AbortController {
  const abort = new AbortController();
  let signals = 0;
  const stop = (signal: NodeJS.Signals): void => {
    if (signals++ > 0) process.exit(130);
    // Takes the place of the progress bar and of the terminal's ^C, or the bar would be seen twice.
    const begin = process.stderr.isTTY ? '\r\u001b[2K' : '';
    process.stderr.write(`${begin}finishing the batch in hand; once more ends at once\n`);
    abort.abort(signal);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return abort;
}
