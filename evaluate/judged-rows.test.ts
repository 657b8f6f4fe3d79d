import { describe, expect, it } from 'vitest';
import { incidentRows, judgedRows, keptOf, spanOf } from './judged-rows.ts';

const nanos = (seconds: readonly number[]): BigInt64Array => BigInt64Array.from(seconds, (second) => BigInt(second) * 1_000_000_000n);

describe('judged rows', () => {
  it('are those with a label; an event goes on over rows without one', () => {
    const rows = judgedRows({ labels: Int8Array.of(-1, 0, 1, -1, 1, 0, -1), times: nanos([0, 1, 2, 3, 4, 5, 6]) });
    expect([...(rows.kept as Int32Array)]).toEqual([1, 2, 4, 5]);
    expect([...rows.labels]).toEqual([0, 1, 1, 0]);
    expect([...rows.seconds]).toEqual([0, 1, 3, 4]);
    expect(rows.events).toEqual([{ from: 1, to: 3 }]);
    expect([...keptOf(Float64Array.of(10, 11, 12, 13, 14, 15, 16), rows.kept)]).toEqual([11, 12, 14, 15]);
  });

  it('are all of them where every row has a label, and late rows count at the newest time before them', () => {
    const rows = judgedRows({ labels: Int8Array.of(0, 0, 1, 0), times: nanos([10, 13, 11, 14]) });
    expect(rows.kept).toBeUndefined();
    expect([...rows.seconds]).toEqual([0, 3, 3, 4]);
    expect(spanOf(rows)).toEqual({ from: '1970-01-01T00:00:10Z', to: '1970-01-01T00:00:14Z', intervalSeconds: 2 });
  });

  it('know which of them are an incident: from its first flagged row to its last, also among rows of one time', () => {
    const times = nanos([0, 1, 2, 2, 1, 5, 6]);
    const flagged = Uint8Array.of(1, 0, 0, 1, 0, 1, 0);
    const of = (start: number, end: number, kept?: Int32Array) =>
      incidentRows([{ start: BigInt(start) * 1_000_000_000n, end: BigInt(end) * 1_000_000_000n }], { flagged, times }, kept);
    expect(of(2, 5)).toEqual([{ from: 3, to: 6 }]);
    expect(of(0, 0)).toEqual([{ from: 0, to: 1 }]);
    expect(of(3, 4)).toEqual([]);
    expect(of(2, 5, Int32Array.of(0, 1, 3, 5, 6))).toEqual([{ from: 2, to: 4 }]);
    expect(of(2, 5, Int32Array.of(0, 1, 2, 5, 6))).toEqual([{ from: 3, to: 4, earlier: true }]);
    expect(of(2, 5, Int32Array.of(0, 1, 6))).toEqual([]);
  });
});
