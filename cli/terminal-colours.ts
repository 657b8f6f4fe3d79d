import { wantsColour } from '../core/colour.ts';

type Paint = (text: string) => string;

/** Colours for a stream: none unless it is a terminal that wants them (`NO_COLOR`, https://no-color.org). */
export function colours(stream: { readonly isTTY?: boolean }): Record<'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan', Paint> {
  const on = wantsColour(stream);
  const paint =
    (open: number, close: number): Paint =>
    (text) =>
      on ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), yellow: paint(33, 39), green: paint(32, 39), cyan: paint(36, 39) };
}
