import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cell, findDecimalMark, makeCellReader, missingReason, parseNumber } from './cell.ts';
import { parseLabel } from './label.ts';
import { isSwat, swatTag, tagInPath } from './swat-tags.ts';

/** Value, reason of a missing one, what is wrong. */
function read(cell: Cell, decimal: '.' | ',' = '.') {
  const reader = makeCellReader(decimal);
  const value = reader.read(cell);
  return Number.isNaN(value) ? [reader.missing, reader.invalid] : value;
}

describe('numbers', () => {
  it.each<[Cell, number]>([
    [2.5, 2.5],
    [-0, -0],
    [' 2.50 ', 2.5],
    ['+1', 1],
    ['-.5', -0.5],
    ['3.', 3],
    ['1e-3', 0.001],
    ['1E5', 100_000],
    [true, 1],
    [false, 0],
  ])('%s', (cell, value) => expect(read(cell)).toBe(value));

  it('with a decimal comma, where that is the mark', () => {
    expect(read('2,5', ',')).toBe(2.5);
    expect(read('-,5e1', ',')).toBe(-5);
    expect(read('2.5', ',')).toEqual([undefined, 'is text, not a number']);
    expect(read('2,5', '.')).toEqual([undefined, 'is text, not a number']);
  });

  it('as any double writes itself', () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => Object.is(parseNumber(String(value)) ?? 0, value === 0 ? 0 : value)));
  });

  it('are not what only looks like one', () => {
    for (const text of ['0x10', '1_000', '1 000', '1,234.5', '1e', 'e5', '.', '--1', '٣', '1d']) expect(parseNumber(text)).toBeUndefined();
  });
});

describe('missing values', () => {
  it.each<[Cell, string]>([
    [null, 'empty'],
    [undefined, 'empty'],
    ['', 'empty'],
    ['  ', 'empty'],
    ['Bad Input', 'Bad Input'],
    [' bad input', 'Bad Input'],
    ['NO DATA', 'No Data'],
    ['I/O Timeout', 'I/O Timeout'],
    ['Configure', 'Configure'],
    ['Shutdown', 'Shutdown'],
    ['nan', 'NaN'],
    [Number.NaN, 'NaN'],
    ['NULL', 'null'],
    ['n/a', 'N/A'],
    ['#DIV/0!', '#DIV/0!'],
  ])('%s', (cell, reason) => {
    expect(read(cell)).toEqual([reason, undefined]);
  });

  it('are few and short', () => {
    expect(missingReason('Bad Inputs')).toBeUndefined();
    expect(missingReason('x'.repeat(10_000_000))).toBeUndefined();
  });
});

describe('invalid cells', () => {
  it.each<[Cell, string]>([
    ['open', 'is text, not a number'],
    ['1e400', 'is beyond the range of numbers'],
    ['-1e400', 'is beyond the range of numbers'],
    [Number.POSITIVE_INFINITY, 'is beyond the range of numbers'],
    ['Infinity', 'is not a finite number'],
    ['-inf', 'is not a finite number'],
    [new Date(0), 'is a date, not a number'],
  ])('%s', (cell, why) => expect(read(cell)).toEqual([undefined, why]));

  it('do not stick to the next cell', () => {
    const reader = makeCellReader();
    reader.read('open');
    reader.read(null);
    expect([reader.missing, reader.invalid]).toEqual(['empty', undefined]);
    reader.read('open');
    expect([reader.missing, reader.invalid]).toEqual([undefined, 'is text, not a number']);
  });
});

describe('the decimal mark', () => {
  it.each<[Cell[], string]>([
    [['1,5', '2'], ','],
    [['1,5', '2.5'], '.'],
    [[1.5, 2], '.'],
    [['1', null, 'x,y'], '.'],
    [[], '.'],
  ])('of %j is %s', (cells, mark) => expect(findDecimalMark(cells)).toBe(mark));
});

describe('labels', () => {
  it.each<[Cell, number | undefined]>([
    ['Normal', 0],
    [' Attack ', 1],
    ['A ttack', 1],
    ['attack 12', 1],
    ['1.0', 1],
    ['0.0', 0],
    [0, 0],
    [1, 1],
    [7, 1],
    [-999, -1],
    ['-999', -1],
    [-1, -1],
    [Number.NaN, -1],
    ['', -1],
    [null, -1],
    [true, 1],
    [0.5, undefined],
    ['maintenance', undefined],
    [new Date(0), undefined],
  ])('%s is %s', (cell, label) => expect(parseLabel(cell)).toBe(label));
});

describe('SWaT names', () => {
  it('say what a tag is', () => {
    expect(swatTag('DPIT301')).toEqual({ name: 'DPIT301', kind: 'continuous', unit: 'kPa', stage: 'P3' });
    expect(swatTag('UV401')).toEqual({ name: 'UV401', kind: 'discrete', stage: 'P4' });
    expect(swatTag('AIT203')?.unit).toBe('mV');
    expect(['P1', 'P701', 'FIT1011', 'fit101', 'XFIT101', 'P101_STATE'].map(swatTag)).toEqual(Array(6).fill(undefined));
  });

  it('are taken out of a path', () => {
    expect(tagInPath('SWAT_SUTD:RSLinx Enterprise:P1.HMI_FIT101.Pv')).toBe('FIT101');
    expect(tagInPath('P1.HMI_MV101.Status')).toBe('MV101');
    expect(tagInPath('FIT101')).toBe('FIT101');
    expect(['AFIT101', 'FIT101.Pv.x', 'temperature', 'P1.HMI_FIT10.Pv'].map(tagInPath)).toEqual(Array(4).fill(undefined));
  });

  it('make a plant SWaT only together', () => {
    expect(isSwat(['FIT101', 'P101', 'LIT101', 'MV101', 'extra'])).toBe(true);
    expect(isSwat(['P101', 'P102'])).toBe(false);
    expect(isSwat(['P101', 'T102', 'F103'])).toBe(false);
    expect(isSwat([])).toBe(false);
  });
});
