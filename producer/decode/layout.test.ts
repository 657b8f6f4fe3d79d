import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import type { Cell } from './cell.ts';
import { findHeader } from './header.ts';
import { type LayoutOptions, planColumns } from './layout.ts';

const auto: LayoutOptions = { time: 'auto', label: 'auto', ignore: [], discrete: [], streamColumn: undefined, tags: undefined, period: undefined };
const plan = (header: string[], samples: Cell[][], options: Partial<LayoutOptions> = {}) => planColumns(header, samples, { ...auto, ...options }, 'plant.csv');
/** Names by part. */
function parts(header: string[], samples: Cell[][], options: Partial<LayoutOptions> = {}) {
  const layout = plan(header, samples, options);
  const name = (column: number) => (column === -1 ? undefined : layout.names[column]);
  return {
    time: name(layout.time),
    label: name(layout.label),
    stream: name(layout.stream),
    tags: layout.schema.tags.map((tag) => tag.name),
    ignored: layout.ignored,
  };
}
function failure(run: () => unknown): SluiceError {
  try {
    run();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('the header row', () => {
  const row = (cells: Cell[][]) => findHeader(cells, 'plant.xlsx');

  it('is found below titles and empty rows', () => {
    expect(
      row([
        ['Time', 'A'],
        ['2020-01-01 00:00:00', 1],
      ]),
    ).toEqual({ row: 0, names: ['Time', 'A'] });
    expect(row([[], [' Time ', null, 'A\n'], [null], [42_366.5, 1, 2]])).toEqual({ row: 1, names: ['Time', '', 'A'] });
    expect(
      row([
        ['', 'P1', null, null, 'P2'],
        [' Timestamp', 'FIT101', ' LIT101', 'MV101', 'AIT201'],
        ['28/12/2015 10:00:00 AM', 1, 2, 3, 4],
      ]).row,
    ).toBe(1);
  });

  it('comes before rows of units, which are data', () => {
    expect(
      row([
        ['Time', 'A', 'B'],
        ['', 'mm', 'mm'],
        ['2020-01-01 00:00:00', 1, 2],
      ]).row,
    ).toBe(0);
  });

  it('comes before rows whose values are missing or wrong', () => {
    expect(
      row([
        ['Time', 'A'],
        ['2020-01-01 00:00:00', 'Bad Input'],
      ]).row,
    ).toBe(0);
    expect(
      row([
        ['Time', 'A', 'B'],
        ['noon', 'x', 'y'],
        ['2020-01-01 00:00:00', 1, 2],
      ]).row,
    ).toBe(0);
    expect(
      row([
        ['Time', 'A'],
        [new Date(0), '1,5'],
      ]).row,
    ).toBe(0);
  });

  it('is missed with the row in which values begin', () => {
    const error = failure(() =>
      row([
        [1, 2],
        [3, 4],
      ]),
    );
    expect([error.code, error.message]).toEqual(['SOURCE_NO_HEADER', expect.stringContaining("'1 | 2' (plant.xlsx row 1)")]);
    expect(failure(() => row([['A title'], ['2020-01-01 00:00:00', 1, 2, 3, 4]])).code).toBe('SOURCE_NO_HEADER');
    expect(failure(() => row([['some'], ['prose']])).code).toBe('SOURCE_NO_HEADER');
  });

  it('alone is an empty table', () => {
    expect(failure(() => row([['Time', 'A']])).code).toBe('SOURCE_EMPTY');
    expect(failure(() => row([])).code).toBe('SOURCE_EMPTY');
    expect(failure(() => row([[null], ['', ' ']])).code).toBe('SOURCE_EMPTY');
  });
});

describe('files of the field', () => {
  it('SKAB', () => {
    const header = 'datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Volume Flow RateRMS;anomaly;changepoint'.split(';');
    const rows = [
      ['2020-03-09 10:14:33', 0.02, 0.04, 1.33, 32, 0, 0],
      ['2020-03-09 10:14:34', 0.02, 0.04, 1.33, 32, 1, 1],
    ];
    expect(parts(header, rows)).toEqual({
      time: 'datetime',
      label: 'anomaly',
      stream: undefined,
      tags: ['Accelerometer1RMS', 'Accelerometer2RMS', 'Current', 'Volume Flow RateRMS'],
      ignored: ['changepoint'],
    });
  });

  it('SMD and ASD: no time, a period instead', () => {
    expect(
      parts(
        ['f00', 'f01', 'label'],
        [
          [0.1, 0, 0],
          [0.2, 1, 1],
        ],
        { period: 1000 },
      ),
    ).toMatchObject({ time: undefined, label: 'label', tags: ['f00', 'f01'] });
    const error = failure(() => plan(['f00', 'f01'], [[0.1, 0]]));
    expect([error.code, error.message]).toEqual(['SOURCE_TIME', expect.stringMatching(/columns: 'f00', 'f01'.*--set source\.period=1s/)]);
  });

  it('NAB: a timestamp and one value', () => {
    expect(parts(['timestamp', 'value'], [['2013-07-04 00:00:00', 69.9]])).toMatchObject({ time: 'timestamp', tags: ['value'], label: undefined });
  });

  it('BATADAL: ATT_FLAG with -999 for unlabelled', () => {
    expect(
      parts(
        ['DATETIME', 'L_T1', 'F_PU1', 'ATT_FLAG'],
        [
          ['06/01/14 00', 1, 2, -999],
          ['06/01/14 01', 1, 2, 1],
        ],
      ),
    ).toMatchObject({ time: 'DATETIME', label: 'ATT_FLAG' });
  });

  it('HAI: attacks per process stand beside the label', () => {
    const header = ['time', 'P1_B2004', 'attack', 'attack_P1', 'attack_P2'];
    expect(parts(header, [['2019-09-11 20:00:00', 0.1, 0, 0, 0]])).toMatchObject({ label: 'attack', tags: ['P1_B2004'], ignored: ['attack_P1', 'attack_P2'] });
  });

  it('a data frame saved with its row numbers', () => {
    const rows = [
      [0, '2020-01-01 00:00:00', 5],
      [1, '2020-01-01 00:00:01', 6],
    ];
    expect(parts(['', 'time', 'a'], rows)).toMatchObject({ tags: ['a'], ignored: ['column 1'] });
    expect(parts(['Unnamed: 0', 'time', 'a'], rows)).toMatchObject({ tags: ['a'], ignored: ['Unnamed: 0'] });
    expect(
      parts(
        ['index', 'time', 'a'],
        [
          [5, '2020-01-01 00:00:00', 5],
          [9, '2020-01-01 00:00:01', 6],
        ],
      ).tags,
    ).toEqual(['index', 'a']);
  });
});

describe('parts', () => {
  it('the time is found by name before content, and only where there are values', () => {
    expect(parts(['Date', 'Timestamp', 'a'], [['2020-01-01', '2020-01-01 00:00:00', 5]], { ignore: ['Date'] }).time).toBe('Timestamp');
    expect(parts(['Zeitpunkt', 'a'], [['28.12.2015 10:00', 5]]).time).toBe('Zeitpunkt');
    expect(parts(['time', 'when', 'a'], [[null, '2020-01-01 00:00:00', 5]])).toMatchObject({ time: 'when' });
  });

  it('the options say otherwise', () => {
    const rows = [['2020-01-01 00:00:00', 5, 0, 'x']];
    expect(parts(['t', 'a', 'state', 'plant'], rows, { time: 't', label: 'state', streamColumn: 'plant' })).toEqual({
      time: 't',
      label: 'state',
      stream: 'plant',
      tags: ['a'],
      ignored: [],
    });
    expect(parts(['t', 'a', 'label', 'plant'], rows, { label: 'none', ignore: ['plant'] })).toMatchObject({ label: undefined, tags: ['a', 'label'] });
    expect(parts(['t', 'a', 'b', 'plant'], rows, { time: 'none', period: 1000, ignore: ['t', 'plant'] })).toMatchObject({ time: undefined, tags: ['a', 'b'] });
  });

  it('a label is a label by its content too', () => {
    expect(parts(['time', 'target'], [['2020-01-01', 21.5]])).toMatchObject({ label: undefined, tags: ['target'] });
    expect(parts(['time', 'a', 'target'], [['2020-01-01', 21.5, 1]])).toMatchObject({ label: 'target', tags: ['a'] });
  });

  it('tags of an unknown plant are continuous, unless listed', () => {
    const { schema } = plan(['time', 'P101', 'T102'], [['2020-01-01', 1, 2]], { discrete: ['P101'] });
    expect(schema.tags).toEqual([
      { name: 'P101', kind: 'discrete' },
      { name: 'T102', kind: 'continuous' },
    ]);
  });

  it('two signals of one tag keep their paths', () => {
    const names = ['A:P1.HMI_LIT101.Pv', 'A:P1.HMI_LIT101.Sp', 'A:P1.HMI_FIT101.Pv'];
    expect(parts(['Time', ...names], [['2020-01-01', 1, 2, 3]]).tags).toEqual([names[0], names[1], 'FIT101']);
  });

  it('map columns to tags and back', () => {
    const layout = plan(['a', 'time', 'label', 'b'], [[1, '2020-01-01', 0, 2]]);
    expect([...layout.tagOf]).toEqual([0, -1, -1, 1]);
    expect([...layout.columnOf]).toEqual([0, 3]);
    expect(layout.description).toBe("2 tags, time in 'time', label in 'label'");
  });
});

describe('mistakes', () => {
  it.each<[string, string[], Cell[][], Partial<LayoutOptions>, string, RegExp]>([
    ['a tag twice', ['time', 'a', 'a'], [['2020-01-01', 1, 2]], {}, 'SOURCE_TAGS', /tag 'a' comes twice, in columns 2 and 3/],
    ['a name left out', ['time', 'a', ''], [['2020-01-01', 1, 2]], {}, 'SOURCE_TAGS', /column 3 has values such as 2 but no name/],
    [
      'text where numbers should be',
      ['time', 'a', 'b'],
      [
        ['2020-01-01', 1, 'on'],
        ['2020-01-01', 1, 'off'],
      ],
      {},
      'SOURCE_TAGS',
      /'b' holds no numbers, but 'on'/,
    ],
    ['a second time', ['time', 'a', 'b'], [['2020-01-01', 1, new Date(0)]], {}, 'SOURCE_TAGS', /'b' holds no numbers, but '1970-01-01T00:00:00.000'/],
    [
      'an unknown name',
      ['time', 'pressure'],
      [['2020-01-01', 1]],
      { discrete: ['presure'] },
      'SOURCE_TAGS',
      /no column 'presure', which `discrete` names.*Did you mean 'pressure'\?/,
    ],
    ['a discrete time', ['time', 'a'], [['2020-01-01', 1]], { discrete: ['time'] }, 'SOURCE_TAGS', /column 'time', which `discrete` names, is no tag/],
    ['nothing left', ['time', 'a'], [['2020-01-01', 1]], { ignore: ['a'] }, 'SOURCE_TAGS', /no column is left/],
    [
      'missing and unknown tags',
      ['time', 'a', 'b2'],
      [['2020-01-01', 1, 2]],
      { tags: ['a', 'b1', 'c'] },
      'SOURCE_TAGS',
      /missing 'b1', 'c'; unknown 'b2'.*'b2' may be 'b1'/,
    ],
    ['too many columns', Array.from({ length: 2049 }, (_, i) => `c${i}`), [], {}, 'SOURCE_LIMIT', /there are more than 2048 columns/],
  ])('%s', (_, header, samples, options, code, message) => {
    const error = failure(() => plan(header, samples, options));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('a column that is text in one row only is a tag', () => {
    expect(
      parts(
        ['time', 'a'],
        [
          ['2020-01-01', 'on'],
          ['2020-01-01', 1],
        ],
      ).tags,
    ).toEqual(['a']);
    expect(parts(['time', 'a'], [['2020-01-01', 'Bad Input']]).tags).toEqual(['a']);
    expect(parts(['time', 'a'], [['2020-01-01', '1,5']]).tags).toEqual(['a']);
  });
});
