import { quote, SluiceError } from '../errors.ts';

/** Where something stands in a pipeline file, from its top: keys and list positions. */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong in a pipeline file. */
export interface Mistake {
  /** As `--set` takes it: `outputs.0.type`; empty for the whole file. */
  readonly path: string;
  /** `line:column`, or the `--set` that brought the value. */
  readonly place: string;
  /** Quotes the offending value and says what is allowed. */
  readonly message: string;
}

/** All mistakes of one pipeline file. */
export class PipelineMistakes extends SluiceError {
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[]) {
    const width = String(mistakes.length).length;
    const lines = mistakes.map(({ path, place, message }, i) => `  ${String(i + 1).padStart(width)}. ${place}${path === '' ? '' : ` ${path}`}: ${message}`);
    super('CONFIG_INVALID', `${mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`} in ${file}\n${lines.join('\n')}`);
    this.mistakes = mistakes;
  }
}

/**
 * A path as `--set` takes it; a part that holds a dot, an equals sign, a quote or a space stands in double quotes.
 * @example
 * formatPath(['outputs', 0, 'type']); // "outputs.0.type"
 */
export function formatPath(path: ConfigPath): string {
  return path.map((part) => (/[.="\s]|^$/.test(String(part)) ? JSON.stringify(String(part)) : String(part))).join('.');
}

/** A value as it is quoted in messages; what is missing is called nothing. */
export function quoteValue(value: unknown): string {
  return value === undefined || value === null ? 'nothing' : quote(value);
}

/** `a, b or c` */
export function anyOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
