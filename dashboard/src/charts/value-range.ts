/**
 * The ends of an axis of values: all of them and the levels, with some room, on round numbers so that it rests while a stream moves
 * on beneath.
 *
 * @param levels values that must be in sight too
 * @param log an axis of powers of ten: only what is above 0 counts
 */
export function valueRange(min: number | null, max: number | null, levels: readonly number[], log: boolean): [number, number] {
  const values = [...levels, ...(min === null ? [] : [min]), ...(max === null ? [] : [max])].filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (values.length === 0) return log ? [0.1, 10] : [0, 1];
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (log) {
    // Half of a power of ten at least, on tenths of one.
    low = 10 ** (Math.floor(Math.log10(low) * 5 - 0.5) / 5);
    high = 10 ** (Math.ceil(Math.log10(high) * 5 + 0.5) / 5);
    return [low, high];
  }
  const size = high - low || Math.abs(high) * 0.2 || 1;
  const room = high === low ? size / 2 : size * 0.06;
  const step = 10 ** Math.floor(Math.log10(size / 10));
  const positive = low >= 0;
  low = Math.floor((low - room) / step) * step;
  high = Math.ceil((high + room) / step) * step;
  return [positive && low < 0 && high > 2 ? 0 : low, high];
}
