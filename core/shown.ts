/** How numbers, shares and names are shown to people, the same in every table, message and page. JSON keeps them exact. */

/**
 * A score or grade: four significant digits; empty where undefined.
 * @example
 * showScore(2.232091); // "2.232"
 */
export function showScore(score: number): string {
  return rounded(score, 4);
}

/**
 * A value of a tag: at most six significant digits, and never fewer than stand before the point: counters stay whole.
 * @example
 * [1.3753133333333334, 1234567.8].map(showValue); // ["1.37531", "1234568"]
 */
export function showValue(value: number): string {
  const size = Math.abs(value);
  return size >= 1e6 && size < 1e15 ? String(Math.round(value)) : rounded(value, 6);
}

function rounded(value: number, digits: number): string {
  return Number.isNaN(value) ? '' : String(Number(value.toPrecision(digits)));
}

/**
 * A tag's part of a score: above (up) or below what was expected, and how much of the score it carries.
 * @example
 * showShare({ tag: 'MV304', share: -0.36 }); // "MV304 ↓ 36 %"
 */
export function showShare({ tag, share }: { readonly tag: string; readonly share: number }): string {
  const size = Math.abs(share);
  return `${printable(tag)} ${share > 0 ? '↑' : '↓'} ${size < 0.01 ? '< 1 %' : `${Math.round(size * 100)} %`}`;
}

/**
 * Text from a file without what a terminal would obey.
 * @example
 * printable('LIT\u0007101') === 'LIT\ufffd101'; // true
 */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\ufffd');
}
