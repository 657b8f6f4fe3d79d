import type { Board, Variable } from './dashboard.ts';
import type { DataSource } from './data-sources.ts';
import { choicesOf } from './grafana-frames.ts';
import { fillVariables, type VariableValue } from './grafana-variables.ts';
import type { QueryLog } from './query-log.ts';

/** What a user could choose, of every variable of a board. */
export interface Choices {
  /** As the board opens: the value that it is saved with where that is among the choices, else the first; several where it takes several. */
  readonly chosen: ReadonlyMap<string, VariableValue>;
  /** The same with All wherever there is one. */
  readonly all: ReadonlyMap<string, VariableValue>;
}

/** Where a board's queries go. */
export interface Surroundings {
  readonly sources: readonly DataSource[];
  /** Fills what Grafana's server fills. */
  readonly macros: (flux: string, source: DataSource) => string;
}

/** More rows than a list of choices can have. */
const maxChoices = 10_000;
const several = 3;

/** Runs the queries of variables, each with the values of those before it. */
export async function choose(board: Board, log: QueryLog, around: Surroundings): Promise<Choices> {
  const chosen = new Map<string, VariableValue>();
  const all = new Map<string, VariableValue>();
  for (const variable of board.templating.list) {
    const where = `${board.uid} / variable ${variable.name}`;
    const choices = filtered(variable, await choicesFor(variable, where, chosen, log, around));
    if (choices.length === 0 && variable.type !== 'query') {
      log.note(where, ['has no choice']);
      continue;
    }
    const value = chosenOf(variable, choices);
    chosen.set(variable.name, value);
    all.set(variable.name, variable.includeAll ? allOf(variable, choices) : value);
  }
  return { chosen, all };
}

async function choicesFor(
  variable: Variable,
  where: string,
  chosen: ReadonlyMap<string, VariableValue>,
  log: QueryLog,
  around: Surroundings,
): Promise<string[]> {
  switch (variable.type) {
    case 'datasource': {
      const fitting = around.sources.filter(({ type, name }) => type === variable.query && (variable.regex === '' || patternOf(variable.regex).test(name)));
      if (fitting.length > 1) log.note(where, [`offers more than one data source: ${fitting.map(({ name }) => name).join(', ')}`]);
      return fitting.map(({ uid }) => uid);
    }
    case 'query': {
      const source = sourceOf(variable.datasource?.uid, chosen, around.sources);
      if (!source) return [];
      const flux = around.macros(fillVariables(variable.query, chosen), source);
      const frames = await log.run({ where, source, flux, maxPoints: maxChoices });
      return frames === undefined ? [] : choicesOf(frames);
    }
    case 'textbox':
    case 'constant':
      return [variable.query];
    default:
      return variable.query.split(/(?<!\\),/).map((one) => one.split(' : ').at(-1)?.trim() ?? '');
  }
}

/** The data source that a reference such as `${plant}` leads to. */
export function sourceOf(uid: string | undefined, chosen: ReadonlyMap<string, VariableValue>, sources: readonly DataSource[]): DataSource | undefined {
  const real = fillVariables(uid ?? '', chosen);
  return sources.find((source) => source.uid === real);
}

/** The pattern of a query variable keeps what it matches, of that the first group where it has one. */
function filtered({ type, regex }: Variable, choices: readonly string[]): string[] {
  if (type !== 'query' || regex === '') return [...choices];
  return choices.flatMap((choice) => {
    const match = patternOf(regex).exec(choice);
    return match ? [match.groups?.value ?? match[1] ?? match[0]] : [];
  });
}

function chosenOf({ multi, current }: Variable, choices: readonly string[]): VariableValue {
  const saved = [current.value].flat().filter((value): value is string => typeof value === 'string' && choices.includes(value));
  if (multi) return saved.length > 0 ? saved : choices.slice(0, several);
  // Where there is no choice, Grafana has the empty one.
  return saved[0] ?? choices[0] ?? '';
}

const allOf = ({ allValue }: Variable, choices: readonly string[]): VariableValue => (allValue ? { asIs: allValue } : choices);

function patternOf(regex: string): RegExp {
  const [, pattern = regex, flags = ''] = /^\/(.*)\/(\w*)$/.exec(regex) ?? [];
  return new RegExp(pattern, flags.replace('g', ''));
}
