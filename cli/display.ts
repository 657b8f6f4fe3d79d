import { fstatSync } from 'node:fs';
import { wantsColour } from '../core/colour.ts';
import { type Log, makeLog } from '../core/log.ts';
import { makeProgress, type Progress } from '../producer/progress.ts';

export interface DisplayOptions {
  readonly json?: true;
  readonly quiet?: true;
  readonly logLevel?: string;
}

/** Where a long command shows itself. */
export interface Display {
  /** The bar, or lines elsewhere than on a terminal; on standard error. */
  readonly progress: Progress;
  /** Structured log on standard error. */
  readonly log: Log;
  /** Lines for people: above the bar where both are one terminal, otherwise where a pipe or file takes them. */
  readonly people: Progress;
  readonly colour: boolean;
}

export async function openDisplay({ json, quiet, logLevel }: DisplayOptions): Promise<Display> {
  // `run ... | tee log` writes to the terminal past the bar, which would tear both.
  const torn = !json && process.stderr.isTTY && !process.stdout.isTTY && fstatSync(process.stdout.fd).isFIFO();
  const progress = makeProgress({ stream: process.stderr, show: quiet || torn ? 'lines' : 'progress' });
  const log = await makeLog({
    level: logLevel ?? process.env.SLUICE_LOG ?? 'warn',
    stream: { write: (line) => progress.line(line.trimEnd()), isTTY: process.stderr.isTTY },
    colour: wantsColour(process.stderr),
  });
  const above = json || (process.stdout.isTTY && process.stderr.isTTY);
  const people = above ? progress : makeProgress({ stream: process.stdout, show: 'lines' });
  return { progress, log, people, colour: wantsColour(above ? process.stderr : process.stdout) };
}
