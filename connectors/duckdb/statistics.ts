import type { DuckDBConnection } from '@duckdb/node-api';
import type { TagStatistics } from '../../core/store.ts';
import { rowsOfQuery } from './chunks.ts';

/** Tags per query: keeps the plan small however wide the stream. */
const tagsAtOnce = 32;

/**
 * Count, extremes, mean and sample deviation of columns, right to the last few bits whatever the data.
 * Sums: every value is cut at fixed powers of two (ExtractScalar, Rump, Ogita and Oishi 2008, doi:10.1137/050645671), so that
 * the pieces add up without rounding in any order and on any number of threads. Deviation: squares about a shift near the
 * mean, corrected by what the shift misses (Chan, Golub and LeVeque 1983, doi:10.2307/2683386).
 */
export async function tagStatistics(
  connection: DuckDBConnection,
  table: string,
  where: string,
  tags: readonly { readonly name: string; readonly column: string }[],
): Promise<TagStatistics[]> {
  const statistics: TagStatistics[] = [];
  for (let at = 0; at < tags.length; at += tagsAtOnce) {
    const part = tags.slice(at, at + tagsAtOnce);
    const first = part.flatMap(({ column: v }) => [`count(${v})`, `min(${v})`, `max(${v})`]);
    const [[rows, ...extremes]] = await rowsOfQuery(connection, `SELECT count(*), ${first} FROM ${table} WHERE ${where}`);
    const plans = part.map(({ column }, i) =>
      plan(column, Number(extremes[3 * i]), extremes[3 * i + 1] as number | null, extremes[3 * i + 2] as number | null),
    );
    const [sums] = await rowsOfQuery(connection, `SELECT ${plans.flatMap((p) => p.pieces)} FROM ${table} WHERE ${where}`);
    const means = plans.map((p, i) => (Number(sums[3 * i]) + (Number(sums[3 * i + 1]) + Number(sums[3 * i + 2]))) / p.count);
    const second = plans.flatMap((p, i) => [`fsum((${p.scaled}) - ${number(means[i])})`, `fsum(pow((${p.scaled}) - ${number(means[i])}, 2))`]);
    const [about] = await rowsOfQuery(connection, `SELECT ${second} FROM ${table} WHERE ${where}`);
    for (const [i, { name }] of part.entries()) {
      const { count, min, max, scale } = plans[i];
      const shift = Number(about[2 * i]);
      const squares = Number(about[2 * i + 1]);
      const spread = Math.sqrt(Math.max(0, squares - (shift * shift) / count) / (count - 1)) / scale;
      statistics.push({
        tag: name,
        count,
        missing: Number(rows) - count,
        min,
        max,
        mean: min === max ? min : means[i] / scale,
        deviation: count < 2 ? Number.NaN : min === max ? 0 : spread,
      });
    }
  }
  return statistics;
}

interface Plan {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** A power of two that keeps squares and sums of the scaled column within a double's range. */
  readonly scale: number;
  readonly scaled: string;
  /** Three sums whose total is the sum of the scaled column. */
  readonly pieces: readonly string[];
}

function plan(column: string, count: number, least: number | null, greatest: number | null): Plan {
  const min = least ?? Number.NaN;
  const max = greatest ?? Number.NaN;
  const largest = count === 0 ? 0 : Math.max(Math.abs(min), Math.abs(max));
  const scale = largest > 2 ** 400 ? 2 ** -600 : largest < 2 ** -400 && largest > 0 ? 2 ** 600 : 1;
  const scaled = scale === 1 ? column : `${column} * ${number(scale)}`;
  // sigma >= 2 x count x largest: what is left of a value after adding and taking away sigma is a multiple of 2^-53 sigma.
  const sigma = 2 ** (Math.ceil(Math.log2(largest * scale || 1)) + Math.ceil(Math.log2(count + 2)) + 1);
  const step = 2 ** (Math.ceil(Math.log2(count + 2)) + 1 - 53);
  const high = (value: string, s: number): string => `((${number(s)} + (${value})) - ${number(s)})`;
  const one = high(scaled, sigma);
  const rest = `((${scaled}) - ${one})`;
  const two = high(rest, sigma * step);
  const pieces = [`sum(${one})`, `sum(${two})`, `fsum(${rest} - ${two})`];
  return { count, min, max, scale, scaled, pieces };
}

/** A double in SQL, exactly. */
function number(value: number): string {
  return `${Number.isFinite(value) ? value.toExponential() : `'${value}'`}::DOUBLE`;
}
