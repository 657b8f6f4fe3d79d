/** An opening tag. */
export interface Tag {
  /** Without namespace prefix. */
  readonly name: string;
  /** By name, prefix included, values decoded. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Name of the element around it. */
  readonly parent: string | undefined;
}

/** Comments, CDATA, declarations; closing tags; opening tags with their attributes. */
const markup = /<(?:!--[\s\S]*?--|!\[CDATA\[[\s\S]*?\]\]|[?!][^>]*|\/([^\s>]+)\s*|([^\s/>!?]+)((?:[^>"']|"[^"]*"|'[^']*')*))>/g;
const attribute = /([^\s=/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * The opening tags of a small XML part, in order. Entities beyond XML's own are left as they are: no document type is read.
 * @throws RangeError when tags do not close as they open.
 * @example
 * const tags = Array.from(tagsOf('<a><x:b n="1 &amp; 2"/></a>'));
 * tags[1]; // { name: "b", attributes: { n: "1 & 2" }, parent: "a" }
 */
export function* tagsOf(xml: string): Generator<Tag> {
  const open: string[] = [];
  for (const [whole, closed, opened, rest] of xml.matchAll(markup)) {
    if (closed !== undefined) {
      if (open.pop() !== closed) throw new RangeError(`</${closed}> closes nothing`);
    } else if (opened !== undefined) {
      const attributes: Record<string, string> = {};
      for (const [, name, double, single] of rest.matchAll(attribute)) attributes[name] = decodeEntities(double ?? single);
      yield { name: localName(opened), attributes, parent: open.length === 0 ? undefined : localName(open[open.length - 1]) };
      if (!whole.endsWith('/>')) open.push(opened);
    }
  }
  if (open.length > 0) throw new RangeError(`<${open[open.length - 1]}> is not closed`);
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** XML's five entities and numbered characters. */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (name !== undefined) return named[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Text of a cell: entities, then SpreadsheetML's `_x000D_` (ECMA-376 part 1, 22.4.2.4). */
export function decodeCellText(text: string): string {
  const plain = decodeEntities(text);
  return plain.includes('_x') ? plain.replace(/_x([0-9a-f]{4})_/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : plain;
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(colon + 1);
}
