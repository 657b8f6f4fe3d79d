import { quote, SluiceError } from './errors.ts';

/** `max`, a multiple of the rows' own time (`60x`), or a fixed rate (`100/s`). */
export type Pace = { readonly kind: 'max' } | { readonly kind: 'own'; readonly speed: number } | { readonly kind: 'rate'; readonly perSecond: number };

/** How a pace is written. */
export const pacePattern = /^\s*(?:max|(\d+(?:\.\d+)?|\.\d+)\s*(x|\/s))\s*$/;

/**
 * @throws CONFIG_INVALID
 * @example
 * parsePace('60x'); // { kind: 'own', speed: 60 }
 * parsePace('100/s'); // { kind: 'rate', perSecond: 100 }
 * parsePace('max'); // { kind: 'max' }
 */
export function parsePace(text: string): Pace {
  const [found, digits, unit] = pacePattern.exec(text) ?? [];
  if (found !== undefined && digits === undefined) return { kind: 'max' };
  const amount = Number(digits);
  if (!(amount > 0) || !Number.isFinite(amount)) {
    throw new SluiceError('CONFIG_INVALID', `${quote(text)} is no pace`, {
      fix: "Use 'max', a multiple of the rows' own time such as '60x', or a rate such as '100/s'.",
    });
  }
  return unit === 'x' ? { kind: 'own', speed: amount } : { kind: 'rate', perSecond: amount };
}

/** The inverse of `parsePace`. */
export function formatPace(pace: Pace): string {
  if (pace.kind === 'max') return 'max';
  return pace.kind === 'own' ? `${pace.speed}x` : `${pace.perSecond}/s`;
}
