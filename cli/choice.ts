import { Argument, Option } from 'commander';
import { didYouMean, quote, SluiceError } from '../core/errors.ts';

/** An argument that is one of a few words, such as `<what>` of `query`. */
export function choiceArgument<T extends string>(name: string, description: string, choices: readonly T[]): Argument {
  return new Argument(name, description).choices(choices).argParser((value) => oneOf(name.replace(/[<>[\]]/g, ''), value, choices));
}

/** An option that is one of a few words, such as `--format <format>`. */
export function choiceOption<T extends string>(flags: string, description: string, choices: readonly T[]): Option {
  return new Option(flags, description).choices(choices).argParser((value) => oneOf(flags.split(' ', 1)[0], value, choices));
}

/** @throws USAGE with what was perhaps meant, and all there are */
export function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const near = didYouMean(value, choices);
  throw new SluiceError('USAGE', `${name}: there is no ${quote(value)}`, {
    fix: `${near ? `Did you mean '${near}'? ` : ''}There are: ${choices.join(', ')}.`,
  });
}
