import type { InfluxError } from './failure.ts';

/** A line that the server will never take, and why. */
export interface BadLine {
  readonly line: string;
  readonly error: InfluxError;
}

/** A field that is stored with another type than a number that came. */
export interface FieldConflict {
  readonly field: string;
  readonly measurement: string;
  /** Types as InfluxDB calls them: float, integer, unsigned, string, boolean. */
  readonly came: string;
  readonly stored: string;
}

/**
 * Which of some lines the server does not take; all others are taken when this is done. A field that is stored as another type is
 * found in some three requests when all lines of the field are refused or none without it is, and else by halving.
 * @param error what the server said when it was given exactly these lines
 * @param send gives it others: what it says of them, undefined when it takes all
 */
export async function findBadLines(
  lines: readonly string[],
  error: InfluxError,
  send: (lines: readonly string[]) => Promise<InfluxError | undefined>,
): Promise<BadLine[]> {
  const all = (): BadLine[] => lines.map((line) => ({ line, error }));
  if (lines.length === 1) return all();
  const part = async (some: readonly string[]): Promise<BadLine[]> => {
    const answer = some.length === 0 ? undefined : await send(some);
    return answer ? await findBadLines(some, answer, send) : [];
  };
  if (error.kind === 'partial') {
    const dropped = droppedPoints(error.said);
    if (dropped >= lines.length) return all();
    const [suspects, others] = suspectsOf(lines, fieldConflict(error.said));
    if (suspects.length > 0 && others.length > 0) {
      const bad = await part(others);
      if (bad.length > 0 || dropped < suspects.length) return [...bad, ...(await part(suspects))];
      return suspects.map((line) => ({ line, error }));
    }
  }
  if (error.kind === 'invalid') {
    // Lines that cannot be read are quoted, and nothing of the request was taken.
    const named = lines.filter((line) => error.said.includes(`unable to parse '${line}'`));
    if (named.length > 0) {
      const rest = new Set(named);
      return [...named.map((line) => ({ line, error })), ...(await part(lines.filter((line) => !rest.has(line))))];
    }
  }
  const half = lines.length >> 1;
  return [...(await part(lines.slice(0, half))), ...(await part(lines.slice(half)))];
}

/**
 * What a partial write says of a field that is stored as another type.
 * @example
 * fieldConflict('partial write: field type conflict: input field "x" on measurement "m" is type float, already exists as type string dropped=2')?.stored; // "string"
 */
export function fieldConflict(said: string): FieldConflict | undefined {
  const found = /input field ("(?:[^"\\]|\\.)*") on measurement ("(?:[^"\\]|\\.)*") is type (\w+), already exists as type (\w+)/s.exec(said);
  if (!found) return undefined;
  const [, field, measurement, came, stored] = found;
  return { field: unquote(field), measurement: unquote(measurement), came, stored };
}

/** At least so many points were dropped: of several shards the server counts one. */
function droppedPoints(said: string): number {
  return Number(/dropped=(\d+)/.exec(said)?.[1] ?? 0);
}

/** Lines that hold the field, as far as can be told at a glance, and the others. */
function suspectsOf(lines: readonly string[], conflict: FieldConflict | undefined): [string[], string[]] {
  if (!conflict) return [[], []];
  const key = conflict.field.replace(/[,= ]/g, '\\$&');
  const suspects: string[] = [];
  const others: string[] = [];
  for (const line of lines) {
    const holds = line.startsWith(`${conflict.measurement},`) && (line.includes(` ${key}=`) || line.includes(`,${key}=`));
    (holds ? suspects : others).push(line);
  }
  return [suspects, others];
}

/** A name as Go quotes it. */
function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/gs, (_, x: string, u: string, long: string, plain: string) => {
    if (plain === undefined) return String.fromCodePoint(Number.parseInt(x ?? u ?? long, 16));
    return controls[plain] ?? plain;
  });
}

const controls: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
