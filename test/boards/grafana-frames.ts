import type { Column, FluxTable } from './flux-client.ts';

export type FieldType = 'time' | 'number' | 'string' | 'boolean';

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (string | null)[];
}

/** What a panel gets: columns of the same length. */
export interface Frame {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly length: number;
}

const types: Readonly<Record<string, FieldType>> = {
  string: 'string',
  base64Binary: 'string',
  'dateTime:RFC3339': 'time',
  'dateTime:RFC3339Nano': 'time',
  double: 'number',
  long: 'number',
  unsignedLong: 'number',
  duration: 'number',
  boolean: 'boolean',
};

/**
 * The frames that Grafana's InfluxDB data source makes of an answer: a table with `_value` and a time is a series of two fields,
 * its other columns labels where they are text and begin with no underscore; any other table keeps its columns.
 */
export function framesOf(tables: readonly FluxTable[]): Frame[] {
  return tables.map((table) => {
    const value = table.columns.findIndex(({ name }) => name === '_value');
    const time = timeColumn(table.columns);
    return value >= 0 && time >= 0 ? seriesFrame(table, value, time) : columnsFrame(table);
  });
}

/** `_time`, or else the first time there is. */
function timeColumn(columns: readonly Column[]): number {
  const time = columns.findIndex(({ name, type }) => (name === '_time' && type === 'dateTime:RFC3339') || type === 'dateTime:RFC3339Nano');
  return time >= 0 ? time : columns.findIndex(({ type }) => types[type] === 'time');
}

function seriesFrame({ columns, rows }: FluxTable, value: number, time: number): Frame {
  const cell = (name: string): string | null => rows[0][columns.findIndex((column) => column.name === name)] ?? null;
  const labels: Record<string, string> = {};
  for (const [i, { name, type }] of columns.entries()) {
    const text = rows[0][i];
    if (type === 'string' && !name.startsWith('_') && name !== 'result' && name !== 'table' && text !== null) labels[name] = text;
  }
  const times = rows.map((row) => row[time]);
  if (times.includes(null)) throw new Error(`a row has no ${columns[time].name}: Grafana gives up there`);
  return {
    name: cell('_measurement') ?? '',
    length: rows.length,
    fields: [
      { name: columns[time].name === '_time' ? 'Time' : columns[time].name, type: 'time', labels: {}, values: times },
      { name: cell('_field') ?? '', type: typeOf(columns[value]), labels, values: rows.map((row) => row[value]) },
    ],
  };
}

function columnsFrame({ columns, rows }: FluxTable): Frame {
  const kept = columns
    .map((column, i) => ({ column, i }))
    .filter(({ column, i }) => !((column.name === 'result' && i === 0) || (column.name === 'table' && i === 1)));
  const fields = kept.map(({ column, i }) => ({ name: column.name, type: typeOf(column), labels: {}, values: rows.map((row) => row[i]) }));
  return { name: '', fields, length: rows.length };
}

function typeOf({ name, type }: Column): FieldType {
  const known = types[type];
  if (known === undefined) throw new Error(`column ${name} is of type ${type}, which Grafana does not read`);
  return known;
}

/** The choices that a query variable gets: of each frame the first text, else the first that is no time; each once, in order. */
export function choicesOf(frames: readonly Frame[]): string[] {
  const choices = new Set<string>();
  for (const { fields } of frames) {
    const field = fields.find(({ type }) => type === 'string') ?? fields.find(({ type }) => type !== 'time');
    for (const value of field?.values ?? []) {
      if (value === null) throw new Error(`column ${field?.name} has a row without a value: Grafana gives up there`);
      choices.add(value);
    }
  }
  return [...choices];
}
