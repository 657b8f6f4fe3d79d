import { formatCount } from '../../numbers.ts';

/** Deltas that were typed: as numbers, or what is wrong with which of them. */
export type TypedDeltas = { readonly deltas: readonly number[] } | { readonly message: string };

/**
 * Numbers from text such as `5, -3 2.5x20`: separated by blanks, commas, semicolons or lines; `2.5x20` stands for twenty of them.
 * @param most so many at most
 */
export function readDeltas(text: string, most: number): TypedDeltas {
  const deltas: number[] = [];
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length === 0) return { message: 'Type at least one number.' };
  for (const word of words) {
    const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?:[x*](\d+))?$/i.exec(word);
    if (!match) return { message: `'${word}' is no number.` };
    const value = Number(match[1]);
    const times = match[2] === undefined ? 1 : Number(match[2]);
    if (!Number.isFinite(value)) return { message: `'${word}' is too large.` };
    if (times === 0) return { message: `'${word}' says no times at all.` };
    if (deltas.length + times > most) return { message: `${formatCount(most)} values at most.` };
    for (let k = 0; k < times; k++) deltas.push(value);
  }
  return { deltas };
}
