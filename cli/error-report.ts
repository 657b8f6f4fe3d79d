import { CommanderError } from 'commander';
import { SluiceError } from '../core/errors.ts';
import { colours } from './terminal-colours.ts';

/** Prints an error to standard error, as text or with --json as JSON (`{error: {code, message, place, fix}}`: what is wrong, where, what to do); returns the exit code. */
export function reportError(error: unknown, argv: readonly string[]): number {
  const { code, message, what = message, exit, more } = describe(error);
  if (wantsJson(argv)) process.stderr.write(`${JSON.stringify({ error: { code, message: what, ...more } })}\n`);
  else {
    const { red, bold } = colours(process.stderr);
    process.stderr.write(`${bold(red('error'))} [${code}] ${exit === 1 && error instanceof Error ? (error.stack ?? message) : message}\n`);
  }
  return exit;
}

function describe(error: unknown): { code: string; message: string; what?: string; exit: number; more?: object } {
  if (error instanceof SluiceError) {
    const { what, place, fix } = error;
    // Mistakes of a pipeline file, each with its place.
    const mistakes = 'mistakes' in error ? { mistakes: error.mistakes } : {};
    return {
      code: error.code,
      message: error.message,
      what,
      exit: error.exitCode,
      more: { ...(place ? { place } : {}), ...(fix ? { fix } : {}), ...mistakes },
    };
  }
  if (error instanceof CommanderError) {
    const message = error.code === 'commander.help' ? 'a command is missing; see sluice --help' : error.message.replace(/^error: /, '').trim();
    return { code: 'USAGE', message, exit: 2 };
  }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
  return { code: 'INTERNAL', message, exit: 1, more: { stack } };
}

function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}
