import type { Scores } from '../../serve/api.ts';
import type { ChartLevel } from './charts/types.ts';
import { instant } from './time.ts';

/** The levels of a grade, whatever the detector. */
export const usualLevels: readonly ChartLevel[] = [
  { label: 'warning', tone: 'warn', steps: [{ time: 0, value: 0.5 }] },
  { label: 'error', tone: 'error', steps: [{ time: 0, value: 1 }] },
];

/** From which score on a detector's rows are warnings, and errors, as these levels came to hold. */
export function scoreLevels(thresholds: Scores['thresholds'], detector: string): ChartLevel[] {
  const own = thresholds.filter((level) => level.detector === detector);
  if (own.length === 0) return [];
  const steps = (name: 'warn' | 'error') => own.map((level) => ({ time: instant(level.time), value: level[name] }));
  return [
    { label: 'warning', tone: 'warn', steps: steps('warn') },
    { label: 'error', tone: 'error', steps: steps('error') },
  ];
}
