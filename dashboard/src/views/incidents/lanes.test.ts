import { expect, test } from 'vitest';
import { incidentOf } from './incident-fixture.ts';
import { layLanes, neighbour, noStage, spanOf } from './lanes.ts';

const minute = 60_000;
const options = { kind: 'stage', names: ['P1', 'P2'], now: 100 * minute, shortest: 0 } as const;

test('a lane for each stage, empty ones too; incidents without a stage come last', () => {
  const lanes = layLanes([incidentOf('a', 0, 1, { stage: 'P2' }), incidentOf('b', 0, 1), incidentOf('c', 0, 1, { stage: 'P9' })], options);
  expect(lanes.map(({ name, bars }) => [name, bars.map(({ incident }) => incident.id)])).toEqual([
    ['P1', []],
    ['P2', ['a']],
    ['P9', ['c']],
    [noStage, ['b']],
  ]);
});

test('what overlaps lies below; a row that has become free is taken again', () => {
  const incidents = [incidentOf('a', 0, 10), incidentOf('b', 5, 20), incidentOf('c', 6, 7), incidentOf('d', 11, 12)];
  const [lane] = layLanes(incidents, { ...options, kind: 'detector', names: [] });
  expect(lane.depth).toBe(3);
  expect(lane.bars.map(({ incident, row }) => [incident.id, row])).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 2],
    ['d', 0],
  ]);
});

test('a bar is never shorter than what can be seen, and pushes away what would lie under it', () => {
  const incidents = [incidentOf('a', 0, 0), incidentOf('b', 1, 1), incidentOf('c', 3, 3)];
  const [lane] = layLanes(incidents, { ...options, kind: 'detector', names: [], shortest: 2 * minute });
  expect(lane.bars.map(({ to, row }) => [to / minute, row])).toEqual([
    [2, 0],
    [3, 1],
    [5, 0],
  ]);
});

test('an open incident runs on to the newest row, a closed one does not', () => {
  expect(spanOf(incidentOf('a', 2, 5, { open: true }), 9 * minute).to).toBe(9 * minute);
  expect(spanOf(incidentOf('a', 2, 5, { open: true }), 0).to).toBe(5 * minute);
  expect(spanOf(incidentOf('a', 2, 5), 9 * minute).to).toBe(5 * minute);
});

test('arrow keys lead along a lane and to the nearest of the next lane that has any', () => {
  const incidents = [
    incidentOf('a', 0, 1, { stage: 'P1' }),
    incidentOf('b', 50, 51, { stage: 'P1' }),
    incidentOf('c', 10, 11, { stage: 'P3' }),
    incidentOf('d', 45, 46, { stage: 'P3' }),
  ];
  const lanes = layLanes(incidents, { ...options, names: ['P1', 'P2', 'P3'] });
  const to = (id: string, direction: 'earlier' | 'later' | 'up' | 'down') => neighbour(lanes, id, direction)?.incident.id;
  expect([to('a', 'later'), to('b', 'earlier'), to('b', 'down'), to('a', 'down'), to('c', 'up')]).toEqual(['b', 'a', 'd', 'c', 'a']);
  expect([to('a', 'earlier'), to('b', 'later'), to('a', 'up'), to('c', 'down'), to('nobody', 'up')]).toEqual(Array(5).fill(undefined));
});
