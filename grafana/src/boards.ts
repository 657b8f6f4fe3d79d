import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { comparisonBoard } from './boards/comparison.ts';
import { healthBoard } from './boards/health.ts';
import { hostBoard } from './boards/host.ts';
import { incidentsBoard } from './boards/incidents.ts';
import { type Method, methodBoard } from './boards/method.ts';
import { plantBoard } from './boards/plant.ts';
import { startBoard } from './boards/start.ts';
import { tagBoard } from './boards/tag.ts';

const methods: readonly Method[] = [
  {
    detector: 'one-class-svm',
    title: 'one-class SVM',
    idea: 'A row is judged by how far it is outside of the smooth boundary around the rows that were seen.',
  },
  { detector: 'isolation-forest', title: 'isolation forest', idea: 'A row is judged by how soon random cuts separate it from the others.' },
  { detector: 'k-means', title: 'k-means', idea: 'A row is judged by its distance to the nearest of the states that the plant was seen in.' },
  { detector: 'lof', title: 'LOF', idea: 'A row is judged by how much emptier the space around it is than that around its neighbours.' },
  { detector: 'var', title: 'VAR', idea: 'A row is judged by how far it is from what the rows before it let expect.' },
  { detector: 'mahalanobis', title: 'Mahalanobis', idea: 'A row is judged by how little its tags move together as they did.' },
  { detector: 'k-nn', title: 'k-NN', idea: 'A row is judged by its distance to the rows most like it that were seen.' },
  { title: 'any detector or combination', idea: 'The board of a method, for the detector that is chosen above.' },
];

/** Every board, in the order in which they are listed. */
export function allBoards(): Dashboard[] {
  return [startBoard(), plantBoard(), tagBoard(), incidentsBoard(), comparisonBoard(), ...methods.map(methodBoard), healthBoard(), hostBoard()];
}
