import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadPayloadLimit } from '../../core/chunk.ts';
import type { SourceChunk } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { makeSchema } from '../../core/schema.ts';
import { Assembler, type AssemblerOptions } from './assembler.ts';

const schema = makeSchema([
  { name: 'A', kind: 'continuous' },
  { name: 'B', kind: 'continuous' },
]);
const second = 1_000_000_000n;

function assemblerWith(options: Partial<AssemblerOptions> = {}) {
  const missing = new Map<string, number>();
  const assembler = new Assembler({ source: 'f', stream: 's', schema, labelled: false, rows: 4, from: 0, lateness: 60_000, missing, ...options });
  return { assembler, missing };
}
/** One row of a stream at a second; `a` as given, or a failure. */
function put(assembler: Assembler, at: number, a: number | 'bad' = at, stream = 's'): void {
  const wanted = assembler.begin();
  if (stream !== 's') assembler.setStream(stream);
  assembler.setTime(BigInt(at) * second);
  if (wanted) {
    if (a === 'bad') assembler.fail('number', 'bad', 'raw');
    else assembler.setValue(0, a);
  }
  assembler.end();
}
const rowsOf = (chunk: SourceChunk | undefined) =>
  (chunk?.batches ?? []).flatMap((batch) =>
    Array.from(batch.origins, (origin, row) => [batch.stream, origin, Number(batch.times[row] / second), batch.seqs[row]]),
  );

describe('chunks', () => {
  it('hold the rows in shared memory, with what they were given', () => {
    const { assembler } = assemblerWith({ labelled: true });
    assembler.begin();
    assembler.setTime(5n);
    assembler.setValue(0, 1.5);
    assembler.setValue(1, -0);
    assembler.setLabel(1);
    assembler.end();
    const chunk = assembler.take(0.5);
    const [batch] = chunk?.batches ?? [];
    expect([...batch.values]).toEqual([1.5, -0]);
    expect(batch.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([batch.times[0], batch.seqs[0], batch.origins[0], batch.labels?.[0], batch.rows]).toEqual([5n, 0, 0, 1, 1]);
    expect(chunk).toMatchObject({ partition: 0, nextOffset: 1, progress: 0.5, dead: [] });
  });

  it('end when they are full, and an empty one is none', () => {
    const { assembler } = assemblerWith({ rows: 2 });
    expect(assembler.take()).toBeUndefined();
    put(assembler, 0);
    expect(assembler.full).toBe(false);
    put(assembler, 1);
    expect(assembler.full).toBe(true);
    expect(() => assembler.begin()).toThrow(SluiceError);
    expect(rowsOf(assembler.take())).toEqual([
      ['s', 0, 0, 0],
      ['s', 1, 1, 0],
    ]);
    expect(assembler.take()).toBeUndefined();
    expect(assembler.position).toBe(2);
  });

  it('do not change once they are taken', () => {
    const { assembler } = assemblerWith();
    put(assembler, 0, 7);
    const first = assembler.take();
    put(assembler, 1, 8);
    expect(first?.batches[0].values[0]).toBe(7);
  });

  it('of dead rows only have no batch', () => {
    const { assembler } = assemblerWith();
    put(assembler, 0, 'bad');
    expect(assembler.take()).toMatchObject({
      nextOffset: 1,
      batches: [],
      dead: [{ source: 'f', partition: 0, position: 0, stream: 's', reason: 'number', message: 'bad', payload: 'raw' }],
    });
  });
});

describe('identity', () => {
  it('is the same from wherever reading starts, dead rows included', () => {
    const script = fc.array(fc.record({ at: fc.nat(8), bad: fc.boolean(), stream: fc.constantFrom('s', 't') }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(script, fc.nat(60), fc.integer({ min: 1, max: 9 }), (rows, from, size) => {
        const run = (options: Partial<AssemblerOptions>) => {
          const { assembler } = assemblerWith({ lateness: 4000, ...options });
          const out: unknown[] = [];
          const dead: number[] = [];
          const collect = () => {
            const chunk = assembler.take();
            out.push(...rowsOf(chunk));
            dead.push(...(chunk?.dead ?? []).map((letter) => letter.position));
          };
          for (const { at, bad, stream } of rows) {
            put(assembler, at, bad ? 'bad' : at, stream);
            if (assembler.full) collect();
          }
          collect();
          return { out, dead };
        };
        const whole = run({ rows: 100 });
        const tail = run({ rows: size, from });
        expect(tail.out).toEqual(whole.out.filter((row) => (row as number[])[1] >= from));
        expect(tail.dead).toEqual(whole.dead.filter((position) => position >= from));
      }),
    );
  });

  it('is unknown, -1, behind the lateness window', () => {
    const { assembler } = assemblerWith({ lateness: 10_000, rows: 9 });
    for (const at of [0, 20, 9, 10, 20]) put(assembler, at);
    expect(rowsOf(assembler.take()).map((row) => row[3])).toEqual([0, 0, -1, 0, 1]);
  });

  it('knows the newest time of all rows, without keeping any', () => {
    const { assembler } = assemblerWith({ from: Number.POSITIVE_INFINITY, rows: 1 });
    for (const at of [3, 9, 4]) put(assembler, at);
    expect([assembler.newest, assembler.take()]).toEqual([9n * second, undefined]);
  });
});

describe('streams', () => {
  it('share a batch while they do not change', () => {
    const { assembler } = assemblerWith({ rows: 9 });
    for (const [at, stream] of [
      [0, 'a'],
      [0, 'a'],
      [0, 'b'],
      [1, 'a'],
    ] as const)
      put(assembler, at, 1, stream);
    const chunk = assembler.take();
    expect(chunk?.batches.map((batch) => [batch.stream, batch.rows])).toEqual([
      ['a', 2],
      ['b', 1],
      ['a', 1],
    ]);
    expect(rowsOf(chunk).map((row) => row[3])).toEqual([0, 1, 0, 0]);
  });
});

describe('missing values and failures', () => {
  it('are NaN and counted; tags that were not set are empty', () => {
    const { assembler, missing } = assemblerWith();
    assembler.begin();
    assembler.setTime(0n);
    assembler.setMissing(0, 'Bad Input');
    assembler.end();
    put(assembler, 1);
    put(assembler, 2, 'bad');
    const chunk = assembler.take();
    expect([...(chunk?.batches[0].values ?? [])]).toEqual([Number.NaN, Number.NaN, 1, Number.NaN]);
    expect(Object.fromEntries(missing)).toEqual({ 'Bad Input': 1, empty: 2 });
  });

  it('leave nothing behind in the row that takes the place', () => {
    const { assembler } = assemblerWith({ labelled: true });
    assembler.begin();
    assembler.setTime(0n);
    assembler.setValue(0, 1);
    assembler.setValue(1, 2);
    assembler.setLabel(1);
    assembler.fail('cells', 'bad', '');
    assembler.end();
    put(assembler, 1, 5);
    const [batch] = assembler.take()?.batches ?? [];
    expect([...batch.values, batch.labels?.[0]]).toEqual([5, Number.NaN, -1]);
  });

  it('count labels that say nothing', () => {
    const { assembler, missing } = assemblerWith({ labelled: true });
    assembler.begin();
    assembler.setTime(0n);
    assembler.setValue(0, 1);
    assembler.setValue(1, 1);
    assembler.setLabel(undefined);
    assembler.end();
    expect(assembler.take()?.batches[0].labels?.[0]).toBe(-1);
    expect(Object.fromEntries(missing)).toEqual({ 'unknown label': 1 });
  });

  it('keep the first reason, and a payload that is cut', () => {
    const { assembler } = assemblerWith();
    assembler.begin();
    assembler.fail('time', 'first', 'x'.repeat(10_000));
    assembler.fail('number', 'second', '');
    assembler.end();
    const [letter] = assembler.take()?.dead ?? [];
    expect([letter.reason, letter.message, letter.payload.length]).toEqual(['time', 'first', deadPayloadLimit]);
  });

  it('a row without a time is one', () => {
    const { assembler } = assemblerWith();
    assembler.begin();
    assembler.setValue(0, 1);
    assembler.end();
    expect(assembler.take()?.dead[0]).toMatchObject({ reason: 'time', position: 0, message: 'data row 1 has no time' });
  });

  it('a period gives every row its time', () => {
    const { assembler } = assemblerWith({ clock: { start: 100n, period: 7n }, from: 1 });
    for (let i = 0; i < 3; i++) {
      if (assembler.begin()) assembler.setValue(0, i);
      assembler.end();
    }
    expect([...(assembler.take()?.batches[0].times ?? [])]).toEqual([107n, 114n]);
  });
});
