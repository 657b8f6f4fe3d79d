import type { Logger } from 'pino';
import { didYouMean, quote, SluiceError } from './errors.ts';

/** `log.child({ stream: 'swat' })` gives a stream's own. */
export type Log = Logger;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  /** Default: the environment's SLUICE_LOG, else `info`. */
  readonly level?: string | undefined;
  /** Where lines go, standard error by default; a terminal gets them for people, anything else as JSON. */
  readonly stream?: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly colour?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * A logger that writes one line at a time, synchronously, so that none is lost when the process ends. The library is
 * loaded when the first one is made. Values whose key names a secret, and credentials in URLs, are masked at any depth.
 *
 * @throws USAGE for a level that does not exist
 * @example
 * (await makeLog({ level: 'silent' })).level; // "silent"
 */
export async function makeLog({ level, stream = process.stderr, colour = false, env = process.env }: LogOptions = {}): Promise<Log> {
  const wanted = requireLevel(level ?? env.SLUICE_LOG ?? 'info', level === undefined ? 'SLUICE_LOG' : '--log-level');
  const { pino, stdTimeFunctions } = await import('pino');
  return pino(
    {
      level: wanted,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: maskSecrets },
    },
    stream.isTTY ? { write: await forPeople(stream, colour) } : { write: (line) => void stream.write(line) },
  );
}

function requireLevel(level: string, place: string): LogLevel {
  const known = logLevels.find((name) => name === level.toLowerCase());
  if (known) return known;
  const near = didYouMean(level, logLevels);
  throw new SluiceError('USAGE', `there is no log level ${quote(level)}`, {
    place,
    fix: near ? `Did you mean '${near}'?` : `Use one of ${logLevels.join(', ')}.`,
  });
}

async function forPeople(stream: { write(text: string): unknown }, colorize: boolean): Promise<(line: string) => void> {
  const { prettyFactory } = (await import('pino-pretty')).default;
  const pretty = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss', singleLine: true });
  return (line) => void stream.write(pretty(line));
}

/** A JSON member whose key names a secret; inside strings quotes are escaped, so only members match. */
const secretMember =
  /"([^"\\]*(?:passw|passphrase|pwd|secret|token|credential|authorization|cookie|api[-_]?key|private[-_]?key)[^"\\]*)":(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[\d.eE+-]+)/gi;
/** `scheme://user:password@host`, wherever it stands. */
const credentialsInUrl = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*):[^\s/@"]+@/gi;
const secretInQuery = /([?&](?:password|secret|token|access[-_]token|api[-_]?key)=)[^\s&"\\]+/gi;

function maskSecrets(line: string): string {
  return line.replace(secretMember, '"$1":"[hidden]"').replace(credentialsInUrl, '$1:[hidden]@').replace(secretInQuery, '$1[hidden]');
}
