import { expect, test } from 'vitest';
import { incidentOf } from './incident-fixture.ts';
import { type IncidentFilter, matches, overlaps } from './list.ts';

const minute = 60_000;
const incident = incidentOf('a', 10, 12, {
  detector: 'k-nn',
  tags: [{ tag: 'LIT101', stage: 'P1', share: -0.6 }],
  stages: [
    { stage: 'P1', share: 0.7 },
    { stage: 'P3', share: 0.05 },
  ],
  mark: { alarm: 'false', note: '' },
});

test.each<[IncidentFilter, boolean]>([
  [{}, true],
  [{ detector: 'k-nn' }, true],
  [{ detector: 'lof' }, false],
  [{ stage: 'P1' }, true],
  [{ stage: 'P3' }, false],
  [{ tag: 'LIT101' }, true],
  [{ tag: 'P101' }, false],
  [{ state: 'closed' }, true],
  [{ state: 'open' }, false],
  [{ mark: 'marked' }, true],
  [{ mark: 'false' }, true],
  [{ mark: 'true' }, false],
  [{ mark: 'unmarked' }, false],
  [{ length: 120 }, true],
  [{ length: 121 }, false],
  [{ detector: 'k-nn', mark: 'true' }, false],
])('%j: %s', (filter, expected) => {
  expect(matches(incident, filter, 0)).toBe(expected);
});

test('an incident is in a range when any of it is; an open one reaches to the newest row', () => {
  const within = (from: number, to: number, open = false) => overlaps({ ...incident, open }, { from: from * minute, to: to * minute }, 60 * minute);
  expect([within(0, 10), within(0, 11), within(12, 20), within(13, 20), within(13, 20, true)]).toEqual([false, true, true, false, true]);
});
