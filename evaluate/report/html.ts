/** Text that is HTML already: only `html` makes it, so that nothing that came from a file can pass for it. */
export class Html {
  readonly #text: string;

  /** @param text trusted: written in this program, not read */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Part = string | number | Html | undefined | readonly Part[];

/**
 * A template whose values are escaped, for text and for attributes in double quotes alike; what is Html already stays,
 * lists are joined, undefined is left out.
 * @example
 * html`<b title="${'"'}">${'1 < 2'}</b>`.toString(); // '<b title="&quot;">1 &lt; 2</b>'
 */
export function html(literals: TemplateStringsArray, ...values: readonly Part[]): Html {
  let text = literals[0];
  for (let i = 0; i < values.length; i++) text += written(values[i]) + literals[i + 1];
  return new Html(text);
}

/** A name from outside, kept from turning the writing direction of what stands around it. */
export function named(name: string): Html {
  return html`<bdi>${name}</bdi>`;
}

function written(part: Part): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.toString();
  if (Array.isArray(part)) return part.map(written).join('');
  return escaped(String(part));
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Control characters have no place in HTML, and a lone half of a surrogate pair none in UTF-8. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign]).replace(/(?![\t\n])\p{Cc}|\p{Surrogate}/gu, '\ufffd');
}
