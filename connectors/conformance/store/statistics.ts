import assert from 'node:assert/strict';
import type { Check } from '../../../core/conformance.ts';
import { makeRandom } from '../../../core/random.ts';
import { makeSchema } from '../../../core/schema.ts';
import { sameDoubles } from './comparison.ts';
import type { MakeCheck } from './opened-store.ts';
import { makeBatch, seconds, writing } from './plant.ts';

/** Statistics of tags against moments computed without rounding. */
export function statisticsChecks(check: MakeCheck): Check[] {
  return [
    check('statistics are exact to 1e-12, also where sums cancel and squares overflow', async ({ store }) => {
      const random = makeRandom(3);
      const columns: Record<string, (i: number) => number> = {
        'far from zero': () => 1e9 + random.int(1000) * 2 ** -20,
        cancelling: (i) => [1e15, 1, -1e15, 2 ** -10][i % 4],
        'tiny mean': () => random.normal(),
        huge: (i) => (i % 2 ? 1e300 : -3e299) * (1 + random.next()),
        denormal: (i) => (i + 1) * 5e-324,
        constant: () => 0.1,
        'with gaps': (i) => (i % 3 === 0 ? Number.NaN : i * 0.1),
        once: (i) => (i === 7 ? 42 : Number.NaN),
        never: () => Number.NaN,
      };
      const names = Object.keys(columns);
      const schema = makeSchema(names.map((name) => ({ name, kind: 'continuous' as const })));
      const rows = 5000;
      const batch = makeBatch(
        'plant',
        schema,
        Array.from({ length: rows }, (_, i) => i),
      );
      for (let i = 0; i < rows; i++) for (const [t, name] of names.entries()) batch.values[i * names.length + t] = columns[name](i);
      await store.openStream('plant', schema);
      await store.append(writing(batch));
      await store.commit();
      for (const [from, to] of [
        [0, rows],
        [1000, 1777],
      ]) {
        // biome-ignore format: one line
        const statistics = await store.statistics({ stream: 'plant', from: seconds(from), to: seconds(to) });
        assert.deepEqual(
          statistics.map(({ tag }) => tag),
          names,
        );
        for (const [t, found] of statistics.entries()) {
          const present: number[] = [];
          for (let i = from; i < to; i++) if (!Number.isNaN(batch.values[i * names.length + t])) present.push(batch.values[i * names.length + t]);
          const exact = exactMoments(present);
          const place = `${found.tag} of rows ${from} to ${to}`;
          assert.deepEqual([found.count, found.missing], [present.length, to - from - present.length], place);
          sameDoubles(
            Float64Array.of(found.min, found.max),
            Float64Array.of(present.length ? Math.min(...present) : Number.NaN, present.length ? Math.max(...present) : Number.NaN),
          );
          close(found.mean, exact.mean, place);
          close(found.deviation, exact.deviation, place);
        }
      }
      assert.deepEqual(
        (await store.statistics({ stream: 'plant', tags: ['constant'] })).map(({ tag, deviation, mean }) => [tag, deviation, mean]),
        [['constant', 0, 0.1]],
      );
    }),
  ];
}

/** Mean and sample deviation in rationals: doubles are multiples of 2^-1074, so everything up to the last division is exact. */
function exactMoments(values: readonly number[]): { mean: number; deviation: number } {
  const n = BigInt(values.length);
  if (n === 0n) return { mean: Number.NaN, deviation: Number.NaN };
  const whole = values.map(unitsOf);
  const sum = whole.reduce((a, b) => a + b, 0n);
  // n^2 (n - 1) variance = n sum of (n x - sum)^2 / n^2 ... kept whole by scaling with n.
  const squares = whole.reduce((total, x) => total + (n * x - sum) ** 2n, 0n);
  const mean = toDouble(sum, n, 1074);
  if (n < 2n) return { mean, deviation: Number.NaN };
  // deviation = sqrt(squares / (n^2 (n - 1))) units; 200 more bits keep the root's rounding out of sight.
  const root = bigSqrt((squares << 400n) / (n * n * (n - 1n)));
  return { mean, deviation: toDouble(root, 1n, 1074 + 200) };
}

/** A double as a multiple of 2^-1074. */
function unitsOf(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0];
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return bits >> 63n ? -magnitude : magnitude;
}

/** numerator / denominator x 2^-scale as a double, right to the last few bits. */
function toDouble(numerator: bigint, denominator: bigint, scale: number): number {
  const negative = numerator < 0n;
  const quotient = ((negative ? -numerator : numerator) << 80n) / denominator;
  const length = quotient.toString(2).length;
  const cut = Math.max(0, length - 64);
  const exponent = cut - scale - 80;
  // In two steps, since 2^exponent alone may be out of range.
  const half = Math.trunc(exponent / 2);
  const value = Number(quotient >> BigInt(cut)) * 2 ** half * 2 ** (exponent - half);
  return negative ? -value : value;
}

function bigSqrt(value: bigint): bigint {
  if (value < 2n) return value;
  let x = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (x + value / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

function close(found: number, exact: number, place: string): void {
  if (Number.isNaN(exact)) assert.ok(Number.isNaN(found), `${place}: ${found} instead of NaN`);
  else assert.ok(Math.abs(found - exact) <= 1e-12 * Math.abs(exact), `${place}: ${found} instead of ${exact}`);
}
