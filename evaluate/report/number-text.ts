import { type Html, html } from './html.ts';

/** Where nothing can be said: a dash to look at, words to listen to. */
export const nothing: Html = html`<span class="none" aria-hidden="true">–</span><span class="unseen">not defined</span>`;

/**
 * A ratio with three decimals.
 * @example
 * ratio(0.8754).toString(); // '0.875'
 */
export function ratio(x: number): Html {
  return Number.isFinite(x) ? html`${x.toFixed(3)}` : nothing;
}

export function percent(x: number): Html {
  return Number.isFinite(x) ? html`${percentText(x)}` : nothing;
}

/**
 * A share in percent; small ones with the digits that tell them from 0. Number and unit stay on one line.
 * @example
 * percentText(0.0042).split('\u00a0'); // [ '0.42', '%' ]
 */
export function percentText(x: number): string {
  if (!Number.isFinite(x)) return '–';
  if (x > 0 && x < 0.0001) return '<\u00a00.01\u00a0%';
  return `${Number.isInteger(x) ? x * 100 : (x * 100).toFixed(x < 0.1 ? 2 : 1)}\u00a0%`;
}

/**
 * Seconds in the unit that reads best.
 * @example
 * durationText(5400).split('\u00a0'); // [ '90', 'min' ]
 */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 120) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))}\u00a0s`;
  if (seconds < 7200) return `${Number((seconds / 60).toFixed(1))}\u00a0min`;
  if (seconds < 172_800) return `${Number((seconds / 3600).toFixed(1))}\u00a0h`;
  return `${Number((seconds / 86_400).toFixed(1))}\u00a0d`;
}

export function duration(seconds: number): Html {
  return Number.isFinite(seconds) ? html`${durationText(seconds)}` : nothing;
}

/**
 * A rate or a score: three significant digits at most.
 * @example
 * amountText(12.345); // '12.3'
 */
export function amountText(x: number): string {
  if (!Number.isFinite(x)) return '–';
  if (Math.abs(x) >= 1e6) return x.toExponential(1);
  if (Math.abs(x) >= 100) return Math.round(x).toLocaleString('en-US');
  return Math.abs(x) >= 10 ? x.toFixed(1) : x.toFixed(2);
}

export function amount(x: number): Html {
  return Number.isFinite(x) ? html`${amountText(x)}` : nothing;
}

/**
 * A count with its noun.
 * @example
 * counted(1200, 'row'); // '1,200 rows'
 */
export function counted(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}

/**
 * A time as the file has it, without the fraction of a second that says nothing.
 * @example
 * timeText('2015-12-28T03:10:00.000Z'); // '2015-12-28T03:10:00Z'
 */
export function timeText(iso: string): string {
  return iso.replace(/\.0+(?=Z$)/, '');
}
