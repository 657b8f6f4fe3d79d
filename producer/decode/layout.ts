import { didYouMean, quote, SluiceError } from '../../core/errors.ts';
import { makeSchema, type Schema, type Tag } from '../../core/schema.ts';
import { type Cell, makeCellReader, missingReason, parseNumber } from './cell.ts';
import { parseLabel } from './label.ts';
import type { DecodeOptions } from './options.ts';
import { isSwat, swatTag, tagInPath } from './swat-tags.ts';
import { looksLikeTime } from './time.ts';

export type LayoutOptions = Pick<DecodeOptions, 'time' | 'label' | 'ignore' | 'discrete' | 'streamColumn' | 'tags' | 'period'>;

/** What the columns of a table hold. */
export interface Layout {
  readonly schema: Schema;
  /** Names of all columns as people know them; columns without a name are `column 3`. */
  readonly names: readonly string[];
  /** Tag of each column; -1 for a column that is no tag. */
  readonly tagOf: Int32Array;
  /** Column of each tag. */
  readonly columnOf: Int32Array;
  /** Column, or -1 for none. */
  readonly time: number;
  readonly label: number;
  readonly stream: number;
  readonly ignored: readonly string[];
  /** For people: `51 tags (SWaT), time in 'Timestamp', label in 'Normal/Attack'`. */
  readonly description: string;
}

export const maxColumns = 2048;

const timeNames = ['timestamp', 'datetime', 'time', 'date', 'ts', 'eventtime', 'datetimeutc', 'timeutc', 'timestamputc', 'tstamp', 'utc', 'localtime'];
const labelNames = ['normalattack', 'label', 'labels', 'anomaly', 'isanomaly', 'attack', 'attflag', 'attackflag', 'attacklabel', 'outlier', 'fault', 'target'];
/** Columns of labelled sets that say something about the label, and row numbers that data frames leave behind. */
const beside = /^(changepoint|attackp\d+|unnamed\d+|index|rownumber|rowid)$/;

/**
 * Decides what each column is.
 * @param header column names, '' for none
 * @param samples first data rows
 * @param place the file (and sheet), for messages
 * @throws SOURCE_LIMIT over 2,048 columns; SOURCE_TAGS for duplicated, unnamed, unknown or missing tags and columns of
 * text; SOURCE_TIME without a time column or period.
 * @example
 * const options = { time: 'auto', label: 'auto', ignore: [], discrete: [] };
 * const layout = planColumns(['Timestamp', 'P1.HMI_FIT101.Pv', 'Normal/Attack'], [['2015-12-28 10:00:00', 2.4, 'Normal']], options, 'plant.csv');
 * [layout.time, layout.schema.tags[0].name, layout.label]; // [0, "FIT101", 2]
 */
export function planColumns(header: readonly string[], samples: readonly (readonly Cell[])[], options: LayoutOptions, place: string): Layout {
  if (header.length > maxColumns) {
    throw new SluiceError('SOURCE_LIMIT', `there are more than ${maxColumns} columns`, { place, fix: 'Split the table or drop columns.' });
  }
  const texts = header.map((text) => text.trim());
  const names = texts.map((text, column) => (text === '' ? `column ${column + 1}` : text));
  const find = (wanted: string, option: string): number => {
    const column = names.findIndex((name) => name === wanted.trim() || tagInPath(name) === wanted.trim());
    if (column !== -1) return column;
    const near = didYouMean(wanted, names);
    throw new SluiceError('SOURCE_TAGS', `there is no column ${quote(wanted)}, which \`${option}\` names`, {
      place,
      fix: near ? `Did you mean '${near}'?` : `Columns: ${list(names)}.`,
    });
  };
  const roles = new Array<'tag' | 'ignored' | 'other'>(names.length).fill('tag');
  for (const name of options.ignore) roles[find(name, 'ignore')] = 'ignored';
  const claim = (column: number): number => {
    if (column !== -1) roles[column] = 'other';
    return column;
  };
  const stream = claim(options.streamColumn === undefined ? -1 : find(options.streamColumn, 'streamColumn'));
  const free = (column: number): boolean => roles[column] === 'tag';
  const sampleOf = (column: number): Cell[] => samples.map((row) => row[column]).filter((cell) => cell !== null && cell !== undefined && cell !== '');

  let time = -1;
  if (options.time === 'auto') time = claim(findTimeColumn(names, free, sampleOf));
  else if (options.time !== 'none') time = claim(find(options.time, 'time'));
  if (time === -1 && options.period === undefined) {
    throw new SluiceError('SOURCE_TIME', 'no time column was found', {
      place,
      fix: `Name it with \`time\` (columns: ${list(names)}), or say how far rows are apart, e.g. --set source.period=1s.`,
    });
  }
  let label = -1;
  if (options.label === 'auto') label = claim(findLabelColumn(names, free, sampleOf));
  else if (options.label !== 'none') label = claim(find(options.label, 'label'));

  for (let column = 0; column < names.length; column++) {
    if (!free(column)) continue;
    const cells = sampleOf(column);
    if (texts[column] === '' ? cells.length === 0 || isRowNumber(cells) : isBeside(names[column], cells, label)) roles[column] = 'ignored';
    else if (texts[column] === '') {
      throw new SluiceError('SOURCE_TAGS', `column ${column + 1} has values such as ${quote(cells[0])} but no name`, {
        place,
        fix: `Name it in the header row, or leave it out with \`ignore: ['${names[column]}']\`.`,
      });
    } else requireNumbers(names[column], cells, place);
  }

  const columns = [...names.keys()].filter(free);
  const tags = describeTags(columns, names, options.discrete, place);
  if (options.tags) requireTags(options.tags, tags, place);
  for (const name of options.discrete) {
    const column = find(name, 'discrete');
    if (!free(column))
      throw new SluiceError('SOURCE_TAGS', `column '${names[column]}', which \`discrete\` names, is no tag`, { place, fix: 'Take it off the list.' });
  }
  if (tags.length === 0) {
    throw new SluiceError('SOURCE_TAGS', 'no column is left that could be a tag', { place, fix: `Columns: ${list(names)}.` });
  }
  const tagOf = new Int32Array(names.length).fill(-1);
  columns.forEach((column, tag) => {
    tagOf[column] = tag;
  });
  const ignored = names.filter((_, column) => roles[column] === 'ignored');
  return {
    schema: makeSchema(tags),
    names,
    tagOf,
    columnOf: Int32Array.from(columns),
    time,
    label,
    stream,
    ignored,
    description: [
      `${tags.length} ${tags.length === 1 ? 'tag' : 'tags'}${isSwat(tags.map((tag) => tag.name)) ? ' (SWaT)' : ''}`,
      time === -1 ? 'no time column' : `time in '${names[time]}'`,
      ...(label === -1 ? [] : [`label in '${names[label]}'`]),
      ...(stream === -1 ? [] : [`stream in '${names[stream]}'`]),
      ...(ignored.length === 0 ? [] : [`without ${ignored.map((name) => `'${name}'`).join(', ')}`]),
    ].join(', '),
  };
}

/** What a source tells of its labels. */
export function labelsOf({ label, names }: Layout): { labelled: boolean; labelColumn?: string } {
  return label === -1 ? { labelled: false } : { labelled: true, labelColumn: names[label] };
}

function findTimeColumn(names: readonly string[], free: (column: number) => boolean, sampleOf: (column: number) => Cell[]): number {
  const plain = names.map(plainName);
  for (const wanted of timeNames) {
    const column = plain.findIndex((name, at) => name === wanted && free(at) && sampleOf(at).length > 0);
    if (column !== -1) return column;
  }
  return [...names.keys()].findIndex((column) => free(column) && mostly(sampleOf(column), looksLikeTime));
}

function findLabelColumn(names: readonly string[], free: (column: number) => boolean, sampleOf: (column: number) => Cell[]): number {
  const plain = names.map(plainName);
  for (const wanted of labelNames) {
    const column = plain.findIndex((name, at) => name === wanted && free(at) && isLabels(sampleOf(at)));
    if (column !== -1) return column;
  }
  return -1;
}

/** Every cell is a label; numbers must be 0, 1 or a mark for unlabelled, because a tag may be called `target` too. */
function isLabels(cells: readonly Cell[]): boolean {
  return cells.length > 0 && cells.every((cell) => parseLabel(cell) !== undefined && !(Number(cell) > 1));
}

function isBeside(name: string, cells: readonly Cell[], label: number): boolean {
  const plain = plainName(name);
  if (!beside.test(plain)) return false;
  if (plain === 'changepoint' || plain.startsWith('attack')) return label !== -1;
  return plain.startsWith('unnamed') || isRowNumber(cells);
}

function isRowNumber(cells: readonly Cell[]): boolean {
  return cells.length > 1 && cells.every((cell, i) => cell !== null && Number(cell) === Number(cells[0]) + i);
}

function mostly(cells: readonly Cell[], holds: (cell: Cell) => boolean): boolean {
  return cells.length > 0 && cells.filter(holds).length * 2 > cells.length;
}

/** A column of text only is no tag that went missing: say so now, not once per row. */
function requireNumbers(name: string, cells: readonly Cell[], place: string): void {
  const reader = makeCellReader();
  const isText = (cell: Cell): boolean => {
    if (!Number.isNaN(reader.read(cell))) return false;
    return reader.invalid !== undefined && (typeof cell !== 'string' || parseNumber(cell, ',') === undefined);
  };
  const texts = cells.filter((cell) => typeof cell !== 'string' || missingReason(cell) === undefined);
  if (texts.length === 0 || !texts.every(isText)) return;
  const shown = texts[0] instanceof Date ? texts[0].toISOString().slice(0, -1) : texts[0];
  throw new SluiceError('SOURCE_TAGS', `column '${name}' holds no numbers, but ${quote(shown)}`, {
    place,
    fix: `Leave it out with \`ignore: ['${name}']\`, or give it a part with \`time\`, \`label\` or \`streamColumn\`.`,
  });
}

function describeTags(columns: readonly number[], names: readonly string[], discrete: readonly string[], place: string): Tag[] {
  const firstOf = new Map<string, number>();
  for (const column of columns) {
    const before = firstOf.get(names[column]);
    if (before !== undefined) {
      throw new SluiceError('SOURCE_TAGS', `tag '${names[column]}' comes twice, in columns ${before + 1} and ${column + 1}`, {
        place,
        fix: 'Rename or drop one of the columns.',
      });
    }
    firstOf.set(names[column], column);
  }
  const short = columns.map((column) => tagInPath(names[column]) ?? names[column]);
  const uses = new Map<string, number>();
  for (const name of short) uses.set(name, (uses.get(name) ?? 0) + 1);
  // Two signals of one tag (.Pv and .Sp) keep their paths.
  const tagNames = columns.map((column, i) => ((uses.get(short[i]) ?? 0) > 1 ? names[column] : short[i]));
  const swat = isSwat(tagNames);
  const wanted = new Set(discrete.map((name) => name.trim()));
  return columns.map((column, i) => {
    const name = tagNames[i];
    const known: Tag = (swat ? swatTag(name) : undefined) ?? { name, kind: 'continuous' };
    const described = name === names[column] ? known : { ...known, description: names[column] };
    return wanted.has(name) || wanted.has(names[column]) ? { ...described, kind: 'discrete' } : described;
  });
}

function requireTags(expected: readonly string[], tags: readonly Tag[], place: string): void {
  const found = tags.map((tag) => tag.name);
  const missing = expected.filter((name) => !found.includes(name));
  const unknown = found.filter((name) => !expected.includes(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const renamed = missing.flatMap((name) => {
    const near = didYouMean(name, unknown);
    return near ? [`'${near}' may be '${name}'`] : [];
  });
  const parts = [...(missing.length > 0 ? [`missing ${list(missing)}`] : []), ...(unknown.length > 0 ? [`unknown ${list(unknown)}`] : [])];
  throw new SluiceError('SOURCE_TAGS', `the tags are not those that \`tags\` names: ${parts.join('; ')}`, {
    place,
    fix: renamed.length > 0 ? `Renamed? ${renamed.join(', ')}.` : 'Correct `tags` or the header; leave further columns out with `ignore`.',
  });
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `'${name}'`);
  return names.length > 12 ? `${shown.join(', ')} and ${names.length - 12} more` : shown.join(', ');
}
