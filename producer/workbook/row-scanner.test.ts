import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import type { Cell } from '../decode/cell.ts';
import { dateStyles, isDateFormat } from './date-styles.ts';
import { RowScanner, type ScannerOptions } from './row-scanner.ts';
import { readSharedStrings } from './shared-strings.ts';
import { decodeCellText, decodeEntities, tagsOf } from './xml.ts';

/** Rows of the XML, handed over in pieces that end at these places. */
function scan(xml: string, cuts: readonly number[] = [], options: Partial<ScannerOptions> = {}) {
  const bytes = Buffer.from(xml);
  const scanner = new RowScanner({ place: 'plant.xlsx', ...options });
  const rows: [number, ...Cell[]][] = [];
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...ends, bytes.length]) {
    for (const { index, values } of scanner.push(bytes.subarray(from, to))) rows.push([index, ...values]);
    from = to;
  }
  return { rows, ended: scanner.ended };
}
const cells = (xml: string, options: Partial<ScannerOptions> = {}) => scan(`<row r="1">${xml}</row>`, [], options).rows[0].slice(1);
function failure(run: () => unknown): SluiceError {
  try {
    run();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('no error');
}

const rich = `<?xml version="1.0"?><!-- <row/> --><worksheet xmlns="m"><cols><col min="1"/></cols><sheetData>
 <row r="2" spans="1:3"><c r="A2" s="1" t="s"><v>1</v></c><c r="C2"><v>-1.5E-3</v></c></row><row r="4"/>
 <row><c><f t="shared" ref="A1:B2">A1&gt;B1</f><v>12</v></c><c t="inlineStr"><is><r><rPr/><t>M\u00e4&amp;</t></r><r><t xml:space="preserve"> \u{1f4a7}</t></r></is></c><c t="e"><v>#N/A</v></c></row>
 <row r='9' ht="15"><c r='AB9' t='str'><v>x &lt; y</v></c><c r="AC9" t="b"><v>0</v></c><c r="AD9" s="2"/></row></sheetData><x/></worksheet>`;
const strings = readSharedStrings(Buffer.from('<sst><si><t>a</t></si><si><t>b</t></si></sst>'));

describe('rows', () => {
  it('are found with their cells', () => {
    const { rows, ended } = scan(rich, [], { strings });
    expect(rows.map((row) => [row[0], row.slice(1).filter((cell) => cell !== null)])).toEqual([
      [1, ['b', -0.0015]],
      [3, []],
      [4, [12, 'M\u00e4& \u{1f4a7}', '#N/A']],
      [8, ['x < y', false]],
    ]);
    expect(rows[3]).toHaveLength(1 + 29);
    expect(ended).toBe(true);
  });

  it('are the same however the bytes are cut', () => {
    const whole = scan(rich, [], { strings });
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 40 }), (cuts) => {
        expect(scan(rich, cuts, { strings })).toEqual(whole);
      }),
    );
    expect(scan(rich, [...Array(Buffer.byteLength(rich)).keys()], { strings })).toEqual(whole);
  });

  it('that are cut short are not handed on', () => {
    const { rows, ended } = scan(rich.slice(0, rich.indexOf('</row>') + 12), [], { strings });
    expect(rows).toHaveLength(1);
    expect(ended).toBe(false);
  });

  it('must not go back, be endless or wide', () => {
    expect(failure(() => scan('<row r="3"></row><row r="2"></row>')).message).toContain('row 2 comes after row 3');
    expect(failure(() => scan(`<row r="1"><c><v>${'1'.repeat(9_000_000)}`)).code).toBe('SOURCE_LIMIT');
    expect(failure(() => scan('<row r="1"><c r="BZU1"><v>1</v></c></row>')).message).toContain('a cell in column 2049');
    expect(cells('<c r="BZT1"><v>1</v></c>')).toHaveLength(2048);
  });
});

describe('cells', () => {
  it('are numbers to the last bit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Object.is(cells(`<c><v>${value}</v></c>`)[0], Number(String(value)))).toBe(true);
      }),
    );
    expect(cells('<c><v>1e400</v></c><c t="n"><v> 7 </v></c><c><v>NaN</v></c><c><v></v></c><c><v/></c>')).toEqual([
      Number.POSITIVE_INFINITY,
      7,
      'NaN',
      null,
      null,
    ]);
  });

  it('in a date format are dates when they can be', () => {
    const options = { dateStyles: [false, true] };
    expect(cells('<c s="1"><v>42366.416666666664</v></c><c s="1"><v>2.45</v></c><c s="0"><v>42366.5</v></c><c s="7"><v>42366.5</v></c>', options)).toEqual([
      new Date('2015-12-28T10:00:00Z'),
      2.45,
      42_366.5,
      42_366.5,
    ]);
    expect(cells('<c s="1"><v>40904.416666666664</v></c>', { ...options, date1904: true })).toEqual([new Date('2015-12-28T10:00:00Z')]);
  });

  it('may come in any order and leave gaps', () => expect(cells('<c r="C1"><v>3</v></c><c><v>4</v></c><c r="A1"><v>1</v></c>')).toEqual([1, null, 3, 4]));

  it('keep what looks like a tag inside quotes', () => expect(cells('<c r="A1" note="a>b</row>"><v>1</v></c>')).toEqual([1]));
});

describe('shared texts', () => {
  const texts = (xml: string) => {
    const table = readSharedStrings(Buffer.from(xml));
    return Array.from({ length: table.count }, (_, i) => table.get(i));
  };

  it('are plain, rich, empty or escaped', () => {
    expect(
      texts('<sst count="5"><si><t>a</t></si><si/><si><t/></si><si><r><t>b </t></r><r><t>c</t></r></si><si><t>&#x41;_x000A_</t><phoneticPr/></si></sst>'),
    ).toEqual(['a', '', '', 'b c', 'A\n']);
    expect(texts('<x:sst><x:si><x:t>\u6c34</x:t><x:rPh sb="0"><x:t>no</x:t></x:rPh></x:si></x:sst>')).toEqual(['\u6c34']);
    expect(texts('<sst/>')).toEqual([]);
    expect(texts('<sst><si><t>cut')).toEqual([]);
  });

  it('are many', () => {
    const table = readSharedStrings(Buffer.from(`<sst>${Array.from({ length: 20_000 }, (_, i) => `<si><t>${i}</t></si>`).join('')}</sst>`));
    expect([table.count, table.get(0), table.get(19_999), table.get(20_000), table.get(-1), table.get(Number.NaN)]).toEqual([
      20_000,
      '0',
      '19999',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('date formats', () => {
  it.each([
    ['dd/mm/yyyy', true],
    ['h:mm AM/PM', true],
    ['[$-409]d\\-mmm\\-yy;@', true],
    ['[h]:mm:ss', true],
    ['yyyy"-"mm', true],
    ['General', false],
    ['0.00', false],
    ['0.00" days"', false],
    ['[Red]#,##0.00_);[Blue](0)', false],
    ['0\\d', false],
    ['@', false],
  ])('%s: %s', (format, isDate) => expect(isDateFormat(format)).toBe(isDate));

  it('belong to styles by number', () => {
    const xml = `<styleSheet><numFmts count="2"><numFmt numFmtId="164" formatCode="dd/mm/yy&quot;x&quot;"/><numFmt numFmtId="22" formatCode="0.0"/></numFmts>
      <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"><alignment/></xf><xf numFmtId="22"/><xf/></cellXfs></styleSheet>`;
    expect(dateStyles(xml)).toEqual([false, true, true, false, false]);
  });
});

describe('small parts', () => {
  it('are tags with attributes and what they stand in', () => {
    expect([...tagsOf('<?xml version="1.0"?><!-- <no/> --><a x="1"><b:c y=\'"&gt;"\' z="a>b"/><![CDATA[<d/>]]>t</a>')]).toEqual([
      { name: 'a', attributes: { x: '1' }, parent: undefined },
      { name: 'c', attributes: { y: '">"', z: 'a>b' }, parent: 'a' },
    ]);
    expect(() => [...tagsOf('<a><b></a>')]).toThrow(RangeError);
    expect(() => [...tagsOf('<a>')]).toThrow(RangeError);
  });

  it('take no time over hostile ones', () => {
    expect(() => [...tagsOf(`<a ${'x="'.repeat(200_000)}`)]).not.toThrow();
    expect([...tagsOf(`<a ${'y '.repeat(200_000)}/>`)]).toHaveLength(1);
  });

  it('have entities decoded once', () => {
    expect(decodeEntities('&amp;lt; &#65;&#x1F4A7; &unknown; &#x110000;')).toBe('&lt; A\u{1f4a7} &unknown; &#x110000;');
    expect(decodeCellText('a_x0041_b_xZZ_')).toBe('aAb_xZZ_');
  });
});
