/**
 * A reading for people: about five digits, no needless zeros, powers of ten only where the number would not fit.
 *
 * @example
 * numberText(523.104567); // '523.1'
 */
export function numberText(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (!Number.isFinite(value) || size >= 1e7 || size < 1e-4) return value.toExponential(2).replace('e+', 'e').replaceAll('-', '−');
  const digits = size >= 10_000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  return String(Number(value.toFixed(digits))).replace('-', '−');
}

/** Labels of an axis: as many digits as tell two marks apart. */
export function axisNumbers(marks: readonly (number | null)[], step: number): string[] {
  const size = marks.reduce<number>((most, mark) => Math.max(most, Math.abs(mark ?? 0)), 0);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return marks.map((mark) => (mark === null ? '' : numberText(mark === 0 ? 0 : Number(mark.toPrecision(6)))));
  // As many digits as the step itself has: 2.5 has one.
  let digits = 0;
  while (digits < 6 && Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6) digits += 1;
  return marks.map((mark) => (mark === null ? '' : mark.toFixed(digits).replace('-', '−')));
}
