import { tagsOf } from './xml.ts';

/** Number formats that are built in and show dates or times (ECMA-376 part 1, 18.8.30, with the East Asian ones). */
function isBuiltInDate(format: number): boolean {
  return (format >= 14 && format <= 22) || (format >= 27 && format <= 36) || (format >= 45 && format <= 47) || (format >= 50 && format <= 58);
}

/**
 * Does a number format show a date or time? Colours, conditions, literals and padding aside, its first section has a
 * date letter.
 * @example
 * isDateFormat('dd/mm/yyyy hh:mm'); // true
 * isDateFormat('[Red]0.00" days"'); // false
 */
export function isDateFormat(format: string): boolean {
  const [section] = format.replace(/"[^"]*"|\\.|[_*]./g, '').split(';');
  const bare = section.replace(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '');
  return !/general/i.test(bare) && /[ymdhs]/i.test(bare);
}

/**
 * Which cell styles show dates, from the styles part.
 * @throws RangeError when the part is no XML.
 */
export function dateStyles(xml: string): readonly boolean[] {
  const custom = new Map<number, boolean>();
  const styles: boolean[] = [];
  for (const { name, attributes, parent } of tagsOf(xml)) {
    if (name === 'numFmt') custom.set(Number(attributes.numFmtId), isDateFormat(attributes.formatCode ?? ''));
    else if (name === 'xf' && parent === 'cellXfs') {
      const format = Number(attributes.numFmtId);
      styles.push(custom.get(format) ?? isBuiltInDate(format));
    }
  }
  return styles;
}
