import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RowTimes, timeOfRow, timeTicks } from './time-axis.ts';

const file = (changes: Partial<RowTimes>): RowTimes => ({ rows: 101, from: '2015-12-28T03:10:00Z', to: '2015-12-28T03:11:40Z', events: [], ...changes });

describe('the time axis', () => {
  it('marks round times in UTC, with the date where it changes', () => {
    const ticks = timeTicks(file({ from: '2015-12-28T22:30:00Z', to: '2015-12-29T02:30:00Z' }));
    expect(ticks.map(({ label }) => label)).toEqual(['23:00Z', '00:00Z', '01:00Z', '02:00Z']);
    expect(ticks.map(({ date }) => date)).toEqual(['2015-12-28', '2015-12-29', undefined, undefined]);
    expect(ticks.map(({ at }) => at)).toEqual([0.125, 0.375, 0.625, 0.875]);
  });

  it('days are marked by their date alone', () => {
    expect(timeTicks(file({ from: '2015-12-28T00:00:00Z', to: '2016-01-01T00:00:00Z' })).map(({ label }) => label)).toEqual([
      '2015-12-28',
      '2015-12-29',
      '2015-12-30',
      '2015-12-31',
      '2016-01-01',
    ]);
  });

  it('the longest span there can be has round marks too', () => {
    const ticks = timeTicks(file({ from: '-271821-04-20T00:00:00Z', to: '+275760-09-13T00:00:00Z' }));
    expect(ticks.map(({ label }) => label)).toEqual(['-271821-04-20', '-134926-08-26', '1970-01-01', '+138865-05-08', '+275760-09-13']);
  });

  it('events say where a gap in the recording lies: rows are evenly spaced, times are not', () => {
    // Row 50 comes after 10 minutes of 100: the first half of the width is 10 minutes long.
    const event = { from: 50, to: 60, start: '2020-01-01T00:10:00Z', end: '2020-01-01T00:20:00Z' };
    const gap = file({ from: '2020-01-01T00:00:00Z', to: '2020-01-01T01:40:00Z', events: [event] });
    expect(timeTicks(gap).map(({ label, at }) => [label, Number(at.toFixed(4))])).toEqual([
      ['00:00Z', 0],
      ['00:30Z', 0.6111],
      ['01:00Z', 0.7778],
      ['01:30Z', 0.9444],
    ]);
    expect(timeOfRow(gap, 25)).toBe('2020-01-01T00:05:00Z');
    expect(timeOfRow(gap, 75)).toBe('2020-01-01T00:55:00Z');
  });

  it('rows are counted where times cannot be read', () => {
    const ticks = timeTicks(file({ from: 'yesterday', to: 'today' }));
    expect(ticks.map(({ label }) => label)).toEqual(['row 0', 'row 20', 'row 40', 'row 60', 'row 80', 'row 100']);
    expect(timeOfRow(file({ from: 'yesterday' }), 3)).toBeUndefined();
  });

  it('has few marks, ascending, within the axis, for any span', () => {
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), fc.date({ noInvalidDate: true }), fc.integer({ min: 0, max: 1e6 }), (a, b, rows) => {
        const ticks = timeTicks(file({ from: a.toISOString(), to: b.toISOString(), rows }));
        expect(ticks.length).toBeLessThanOrEqual(7);
        ticks.forEach(({ at }, t) => {
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThanOrEqual(1);
          if (t > 0) expect(at).toBeGreaterThan(ticks[t - 1].at);
        });
      }),
    );
  });
});
