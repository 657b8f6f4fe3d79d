import { expect, test } from 'vitest';
import type { IncidentMark } from '../core/incident-mark.ts';
import { againstMarks, sumOfMarks } from './marks.ts';

const mark = (incident: string, from: number, to: number, alarm: 'true' | 'false'): IncidentMark => ({
  ...{ incident, from: BigInt(from), to: BigInt(to), alarm, note: '' },
});
const incident = (id: string, start: number, end: number) => ({ id, start: BigInt(start), end: BigInt(end) });

const marks = [mark('a', 10, 20, 'true'), mark('b', 15, 30, 'false'), mark('c', 50, 60, 'false'), mark('d', 90, 99, 'true')];

test('its own mark says what an incident was, else those beside it, of which a true alarm outweighs', () => {
  const figures = againstMarks([incident('b', 15, 30), incident('x', 12, 16), incident('y', 60, 70), incident('z', 31, 49)], marks);
  // b is marked as a false alarm itself; x shares time with a and b; y with c alone; z with none.
  expect(figures).toEqual({ incidents: 4, true: 1, false: 2, unmarked: 1, precision: 1 / 3, found: 1, toFind: 2 });
});

test('where nothing is marked nothing can be said', () => {
  expect(againstMarks([incident('z', 31, 49)], marks).precision).toBeNaN();
  expect(againstMarks([], [])).toEqual({ incidents: 0, true: 0, false: 0, unmarked: 0, precision: Number.NaN, found: 0, toFind: 0 });
});

test('files count by their incidents', () => {
  const [few, many] = [againstMarks([incident('a', 10, 20)], marks), againstMarks([incident('c', 50, 60), incident('y', 55, 70), incident('q', 0, 1)], marks)];
  expect(sumOfMarks([few, many])).toEqual({ incidents: 4, true: 1, false: 2, unmarked: 1, precision: 1 / 3, found: 1, toFind: 4 });
});
