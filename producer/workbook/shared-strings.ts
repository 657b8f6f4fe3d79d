import { decodeCellText } from './xml.ts';

/** The workbook's table of texts. */
export interface SharedStrings {
  readonly count: number;
  /** Undefined when there is no such text. */
  get(index: number): string | undefined;
}

export const noStrings: SharedStrings = { count: 0, get: () => undefined };

/**
 * Reads the table without making strings of it: SWaT's workbooks keep half a million times there, each used once, so
 * only where each lies is noted (8 bytes a text beside the part itself).
 * @param xml the whole part, UTF-8
 */
export function readSharedStrings(xml: Buffer): SharedStrings {
  const prefix = /<(?:([\w.-]+):)?sst[\s>/]/.exec(xml.toString('latin1', 0, 4096))?.[1];
  const open = Buffer.from(prefix ? `<${prefix}:si` : '<si');
  const close = Buffer.from(prefix ? `</${prefix}:si>` : '</si>');
  let places = new Uint32Array(8192);
  let count = 0;
  let at = xml.indexOf(open);
  while (at !== -1) {
    const name = xml[at + open.length];
    const tagEnd = xml.indexOf('>', at);
    if (tagEnd === -1) break;
    const isItem = name === 0x3e || name === 0x2f || name === 0x20 || (name >= 9 && name <= 13);
    const isEmpty = xml[tagEnd - 1] === 0x2f;
    const end = isEmpty ? tagEnd : xml.indexOf(close, tagEnd);
    if (end === -1) break;
    if (isItem) {
      if (count * 2 === places.length) places = grown(places);
      places[count * 2] = isEmpty ? end : tagEnd + 1;
      places[count * 2 + 1] = end;
      count++;
    }
    at = xml.indexOf(open, isItem ? end : tagEnd);
  }
  return {
    count,
    get: (index) => (index >= 0 && index < count ? textOf(xml.toString('utf8', places[index * 2], places[index * 2 + 1])) : undefined),
  };
}

const run = /<(?:[\w.-]+:)?t(?:\s[^>]*)?>([\s\S]*?)<\/(?:[\w.-]+:)?t>/g;
const phonetic = /<(?:[\w.-]+:)?rPh[\s>][\s\S]*?<\/(?:[\w.-]+:)?rPh>/g;

/** The text inside `<si>` or `<is>`: its runs joined, without the phonetic ones. */
export function textOf(xml: string): string {
  let text = '';
  for (const [, piece] of (xml.includes('rPh') ? xml.replace(phonetic, '') : xml).matchAll(run)) text += piece;
  return decodeCellText(text);
}

function grown(places: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(places.length * 2);
  larger.set(places);
  return larger;
}
