import { afterAll, beforeAll, expect, it } from 'vitest';
import duckdb from '../../connectors/duckdb/store.ts';
import type { Incident } from '../../core/incident.ts';
import type { Evaluation } from '../../evaluate/evaluation.ts';
import { openWorkplace, type Workplace } from '../command-line.ts';
import { plantLines, plantPipeline, plantText } from '../plant-file.ts';

const attacks = [
  { from: 1700, to: 1780, tag: 'LIT101', value: 3000 },
  { from: 2000, to: 2060, tag: 'P102', value: 2 },
];
let place: Workplace;
let incidents: Incident[];
beforeAll(async () => {
  place = await openWorkplace({ 'plant.csv': plantText(plantLines(2500, { attacks })), 'plant.yaml': plantPipeline });
  await place.run('plant.yaml');
  const store = await duckdb.open(duckdb.options.parse({ path: place.path('plant.duckdb') }), 'own');
  incidents = await store.incidents({ detector: 'combined' });
  const [first, second] = incidents;
  // As the page writes them: one true alarm, one that was false, one that was taken back.
  const mark = ({ id, stream, start, end }: Incident) => ({ id: `mark-${id}`, stream, from: start, to: end, text: '', incident: id });
  await store.annotate({ ...mark(first), alarm: 'true' });
  await store.annotate({ ...mark(second), alarm: 'false' });
  await store.annotate({ ...mark(second), id: 'mark-of-another', alarm: 'true' });
  await store.annotate({ ...mark(second), id: 'mark-of-another' });
  await store.close();
});
afterAll(() => place.close());

it('without a file the stored incidents are held against their marks', async () => {
  const { code, stdout } = await place.call('evaluate', '--marks', 'plant.yaml', '--json');
  expect(code).toBe(0);
  const { marks, methods } = JSON.parse(stdout) as { marks: string; methods: Evaluation['mean'] };
  expect(marks).toBe('plant.yaml, stream plant');
  const combined = methods.find(({ name }) => name === 'combined');
  expect(combined?.marks).toEqual({ incidents: incidents.length, true: 1, false: 1, unmarked: incidents.length - 2, precision: 0.5, found: 1, toFind: 1 });
  // It is of the spare pump alone, which is the incident that was marked as a false alarm.
  expect(methods.find(({ name }) => name === 'constant-broken')?.marks).toMatchObject({ true: 0, false: 1, precision: 0, found: 0, toFind: 1 });
  const shown = await place.call('evaluate', '--marks', 'plant.yaml');
  expect(shown.stdout).toMatch(/^combined +\d+ +1 +1 +\d+ +0\.500 +1 of 1$/m);
});

it('with a labelled file what is found in it is, beside what the labels say', async () => {
  const args = ['evaluate', 'plant.csv', '--pipeline', 'plant.yaml', '--marks', 'plant.yaml'];
  const { code, stdout, stderr } = await place.call(...args, '--json', '--out', 'results');
  expect(code, stderr).toBe(0);
  const { marks, files, mean } = JSON.parse(stdout) as Evaluation;
  const combined = files[0].methods.find(({ name }) => name === 'combined');
  expect([marks, combined?.marks]).toMatchObject(['plant.yaml, stream plant', { true: 1, false: 1, precision: 0.5, found: 1, toFind: 1 }]);
  expect(combined?.marks?.byLabels).toMatchObject({ incidents: incidents.length, true: incidents.length - (combined?.own.falseIncidents ?? 0) });
  expect(mean.find(({ name }) => name === 'combined')?.marks).toEqual(combined?.marks);
  expect(files[0].methods.find(({ kind }) => kind === 'baseline')?.marks).toBeUndefined();
  const { readFile } = await import('node:fs/promises');
  expect(await readFile(place.path('results/report.html'), 'utf8')).toContain('Against marks of people');
  expect((await place.call('evaluate', '--json')).stderr).toContain('--marks');
});
