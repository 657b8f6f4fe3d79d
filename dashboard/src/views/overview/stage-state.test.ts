import { describe, expect, it } from 'vitest';
import type { ApiIncident } from '../../../../serve/api.ts';
import { stageStates } from './stage-state.ts';

const tag = (name: string, stage: string | null) => ({ name, stage, kind: 'continuous' as const, unit: null, description: null });
const plant = [tag('FIT101', 'P1'), tag('LIT101', 'P1'), tag('AIT201', 'P2'), tag('P601', 'P6')];

function incident(grade: number, shares: Readonly<Record<string, number>>): ApiIncident {
  const time = '2015-12-28T10:00:00Z';
  return {
    id: String(grade),
    stream: 'swat',
    detector: 'combined',
    start: time,
    end: time,
    open: true,
    rows: 1,
    peak: { time, score: 3, grade },
    causes: [],
    tags: Object.entries(shares).map(([name, share]) => ({ tag: name, stage: null, share })),
    stages: [],
    mark: null,
  };
}

const shown = (...open: ApiIncident[]) => stageStates(plant, open, true).map(({ stage, status }) => `${stage} ${status}`);

describe('the state of the stages', () => {
  it('is that of the worst open incident about one of their tags', () => {
    expect(shown()).toEqual(['P1 ok', 'P2 ok', 'P6 ok']);
    expect(shown(incident(0.7, { LIT101: 0.9 }))).toEqual(['P1 warning', 'P2 ok', 'P6 ok']);
    expect(shown(incident(0.7, { LIT101: 0.9 }), incident(1.4, { FIT101: -0.5, AIT201: 0.4 }))).toEqual(['P1 error', 'P2 error', 'P6 ok']);
  });

  it('does not come from tags with next to no share, save the one with the most', () => {
    expect(shown(incident(1, { LIT101: 0.9, P601: 0.02 }))).toEqual(['P1 error', 'P2 ok', 'P6 ok']);
    expect(shown(incident(1, { P601: 0.05, LIT101: 0.04 }))).toEqual(['P1 ok', 'P2 ok', 'P6 error']);
  });

  it('names the tags with the side they are on, largest share first', () => {
    const [first] = stageStates(plant, [incident(1, { FIT101: -0.3, LIT101: 0.6 }), incident(0.6, { FIT101: -0.8 })], true);
    expect(first).toMatchObject({
      tags: 2,
      suspects: [
        { tag: 'FIT101', above: false },
        { tag: 'LIT101', above: true },
      ],
    });
  });

  it('is unknown without verdicts, and one group where tags have no stage', () => {
    expect(stageStates([tag('a', null), tag('b', null)], [], false)).toEqual([{ stage: null, status: 'undefined', tags: 2, suspects: [], incidents: [] }]);
    expect(stageStates([tag('a', null)], [incident(1, { a: 1 })], true)[0]?.status).toBe('error');
  });
});
