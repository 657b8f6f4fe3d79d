import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { isFlagged, Status } from '../../core/verdict.ts';
import type { Evaluation, FileEvaluation, MethodEvaluation } from '../../evaluate/evaluation.ts';
import { type Ended, openWorkplace, type Workplace, workplace } from '../command-line.ts';
import { countLines, linesUntilStored, plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { contentOfFile } from '../store-content.ts';

const training = 1500;
const attacks = [
  { from: 1700, to: 1780, tag: 'LIT101', value: 3000 },
  { from: 2000, to: 2060, tag: 'P102', value: 2 },
  { from: 2200, to: 2230, tag: 'AIT201', value: 7.4 },
];
const lines = plantLines(2500, { attacks });
const fewRows = 'thresholds are set on 375 rows; 1,000 would be needed to tell their levels';
const methodNames = ['clusters', 'joint', 'constant-broken', 'combined', 'both', 'most'];

/** The same rows as SKAB writes them. */
function skabText(): string {
  const rows = lines.map((line) => {
    const cells = line.split(',');
    const anomalous = cells.pop() === 'Attack' ? '1.0' : '0.0';
    return [(cells.shift() as string).replace('T', ' ').replace('Z', ''), ...cells, anomalous, '0.0'].join(';');
  });
  return `datetime;FIT101;LIT101;MV101;P101;P102;AIT201;anomaly;changepoint\n${rows.join('\n')}\n`;
}

/** The same rows without times, labelled as BATADAL does; every third normal row behind the training rows is unlabelled. */
function batadalText(): string {
  const rows = lines.map((line, row) => {
    const cells = line.split(',').slice(1);
    const label = cells.pop() === 'Attack' ? 1 : row >= training && row % 3 === 0 ? -999 : 0;
    return [...cells, label].join(',');
  });
  return `FIT101,LIT101,MV101,P101,P102,AIT201, ATT_FLAG\n${rows.join('\n')}\n`;
}

function evaluationOf({ code, stdout, stderr }: Ended): Evaluation {
  if (code !== 0) throw new Error(stderr.slice(-2000));
  return JSON.parse(stdout) as Evaluation;
}

const errorOf = ({ code, stderr }: Ended) => ({ exit: code, ...JSON.parse(stderr.trimEnd().split('\n').at(-1) as string).error });

const method = ({ methods }: FileEvaluation, name: string): MethodEvaluation => methods.find((one) => one.name === name) as MethodEvaluation;

/** The first row at or after a time, of those every 5 s. */
function shownAt(time: string): string {
  return `${new Date(Math.ceil(Date.parse(time) / 5000) * 5000).toISOString().slice(0, 19)}Z`;
}

interface ScoresTable {
  readonly header: string;
  readonly rows: number[];
  readonly columns: Map<string, number[]>;
}

async function readScores(path: string): Promise<ScoresTable> {
  const [header, ...body] = (await readFile(path, 'utf8')).trimEnd().split('\n');
  const cells = body.map((line) => line.split(','));
  const [, ...names] = header.split(',');
  const columns = new Map(names.map((name, i) => [name, cells.map((row) => (row[i + 1] === '' ? Number.NaN : Number(row[i + 1])))]));
  return { header, rows: cells.map(([row]) => Number(row)), columns };
}

/** By definition, pair by pair: how often an anomalous row scores above a normal one. */
function rocAucByPairs(scores: readonly number[], labels: readonly number[]): number {
  let won = 0;
  let pairs = 0;
  for (let a = 0; a < scores.length; a++) {
    if (labels[a] !== 1) continue;
    for (let n = 0; n < scores.length; n++) {
      if (labels[n] === 1) continue;
      pairs++;
      won += scores[a] > scores[n] ? 1 : scores[a] === scores[n] ? 0.5 : 0;
    }
  }
  return won / pairs;
}

/** By definition, threshold by threshold. */
function byThresholds(scores: readonly number[], labels: readonly number[]): { averagePrecision: number; bestF1: number } {
  const positives = labels.filter((label) => label === 1).length;
  let averagePrecision = 0;
  let bestF1 = 0;
  let recallBefore = 0;
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    const flagged = scores.flatMap((score, row) => (score >= threshold ? [labels[row]] : []));
    const hits = flagged.filter((label) => label === 1).length;
    averagePrecision += (hits / positives - recallBefore) * (hits / flagged.length);
    recallBefore = hits / positives;
    bestF1 = Math.max(bestF1, (2 * hits) / (flagged.length + positives));
  }
  return { averagePrecision, bestF1 };
}

describe('sluice evaluate', () => {
  let place: Workplace;
  let evaluation: Evaluation;
  let file: FileEvaluation;

  beforeAll(async () => {
    place = await openWorkplace({
      'plant.csv': plantText(lines),
      'skab.csv': skabText(),
      'batadal.csv': batadalText(),
      'plant.yaml': plantPipeline,
    });
    evaluation = evaluationOf(await place.call('evaluate', 'plant.csv', '--pipeline', 'plant.yaml', '--scores', 'scores.csv', '--json'));
    [file] = evaluation.files;
    return () => place.close();
  });

  it('says what it did: pipeline, training, labels, rows and events', () => {
    expect(evaluation).toMatchObject({ pipeline: 'plant.yaml', training: 'the first 1,500 rows of the file' });
    expect(file).toMatchObject({ file: 'plant.csv', labels: "column 'Normal/Attack'", rows: 1000, anomalousRows: 170, intervalSeconds: 1, notes: [fewRows] });
    expect(file.events.map(({ from, to }) => [from, to])).toEqual(attacks.map(({ from, to }) => [from - training, to - training]));
    expect(file.methods.map(({ name, kind }) => [name, kind])).toEqual([
      ['clusters', 'detector'],
      ['joint', 'detector'],
      ['constant-broken', 'detector'],
      ['combined', 'combination'],
      ['both', 'combination'],
      ['most', 'combination'],
      ['random', 'baseline'],
      ['always-positive', 'baseline'],
    ]);
  });

  it('judges as `run` does: figures taken from the rows, verdicts and incidents that a run stores are the same', async () => {
    await place.run('plant.yaml');
    const content = await contentOfFile(place.path('plant.duckdb'), 'plant');
    const { times, seqs, labels } = content.rows as { times: BigInt64Array; seqs: Int32Array; labels: Int8Array };
    const labelOf = new Map(Array.from(times, (time, row) => [`${time}/${seqs[row]}`, labels[row]]));
    const verdicts = content.verdicts as { detector: string; time: bigint; seq: number; status: number }[];
    const incidents = content.incidents as { detector: string; start: string; end: string }[];
    const attacked = Array.from(times).flatMap((time, row) => (labels[row] === 1 ? [Number(time / 1_000_000n)] : []));
    for (const name of methodNames) {
      const own = verdicts.filter(({ detector, status }) => detector === name && status !== Status.undefined);
      const count = (flagged: boolean, label: number): number =>
        own.filter(({ time, seq, status }) => isFlagged(status) === flagged && labelOf.get(`${time}/${seq}`) === label).length;
      const [tp, fp, fn, tn] = [count(true, 1), count(true, 0), count(false, 1), count(false, 0)];
      const { precision, recall, f1, far, mar, eventRecall, delaySeconds, falseIncidents } = method(file, name).own;
      expect({ precision, recall, f1, far, mar }, name).toEqual({
        precision: tp + fp === 0 ? null : tp / (tp + fp),
        recall: tp / (tp + fn),
        f1: (2 * tp) / (2 * tp + fp + fn),
        far: fp / (fp + tn),
        mar: fn / (tp + fn),
      });
      const stretches = incidents.filter(({ detector }) => detector === name).map(({ start, end }) => [Date.parse(start), Date.parse(end)]);
      const begun = stretches.map(([start]) => start);
      const delays = file.events.map(
        ({ start, end }) => Math.min(...begun.filter((at) => at >= Date.parse(start) && at <= Date.parse(end))) - Date.parse(start),
      );
      const found = delays.filter(Number.isFinite);
      expect(eventRecall, name).toBe(found.length / delays.length);
      expect(delaySeconds, name).toBe(found.length === 0 ? null : found.reduce((sum, delay) => sum + delay, 0) / 1000 / found.length);
      expect(
        method(file, name).events.map((event) => [event.found, event.delaySeconds]),
        name,
      ).toEqual(delays.map((delay) => (Number.isFinite(delay) ? [true, delay / 1000] : [false, null])));
      expect(falseIncidents, name).toBe(stretches.filter(([start, end]) => !attacked.some((time) => time >= start && time <= end)).length);
    }
    // The plant is such that there is something to compare.
    expect(method(file, 'combined').own.f1).toBeGreaterThan(0.7);
    expect(method(file, 'joint').own.precision).toBeLessThan(1);
  });

  it('does not take an alarm that is going on already for an answer to an event', async () => {
    // The labels begin while the alarm is long up, or with it.
    const early = lines.map((line, row) => (row >= 1700 && row < 1760 ? line.replace(/Attack$/, 'Normal') : line));
    await place.write('early.csv', plantText(early));
    const [told] = evaluationOf(await place.call('evaluate', 'early.csv', '--pipeline', 'plant.yaml', '--json')).files;
    const [before, after] = [method(file, 'joint'), method(told, 'joint')];
    expect(before.events[0]).toMatchObject({ found: true, flagged: 80 });
    expect(after.events[0]).toMatchObject({ found: false, delaySeconds: null, flagged: 20 });
    expect(after.events.slice(1)).toEqual(before.events.slice(1));
    expect(after.own).toMatchObject({ eventRecall: before.own.eventRecall - 1 / 3 });
    // Row by row it is right all the same.
    expect(after.own.mar).toBeLessThan(1);
    const { stdout } = await place.call('evaluate', 'early.csv', '--pipeline', 'plant.yaml');
    expect(stdout).toMatch(/\n1 .* 100 % +- +LIT101/);
  });

  it('writes a score per row behind the training rows, of which the figures without a threshold can be taken', async () => {
    const scores = await readScores(place.path('scores.csv'));
    expect(scores.header).toBe(`row,${methodNames.join(',')}`);
    expect(scores.rows).toEqual(Array.from({ length: 1000 }, (_, i) => training + i));
    const labels = scores.rows.map((row) => Number(lines[row].endsWith(',Attack')));
    for (const name of methodNames) {
      const { aucPr, aucRoc, oracle, unscoredRows, events } = method(file, name);
      const column = scores.columns.get(name) as number[];
      expect(column.filter(Number.isNaN).length, name).toBe(unscoredRows);
      const filled = column.map((score) => (Number.isNaN(score) ? -1e9 : score));
      const expected = byThresholds(filled, labels);
      expect(aucPr, name).toBeCloseTo(expected.averagePrecision, 12);
      expect(aucRoc, name).toBeCloseTo(rocAucByPairs(filled, labels), 12);
      expect(oracle.f1, name).toBeCloseTo(expected.bestF1, 12);
      for (const [e, { from, to }] of file.events.entries()) expect(events[e].peakScore, name).toBe(Math.max(...filled.slice(from, to)));
    }
    const flat = scores.columns.get('joint') as number[];
    expect(Math.max(...flat)).toBeGreaterThan(1);
    expect(Math.min(...flat)).toBeLessThan(0);
  });

  it('names the attacked tag at the peak of an event', () => {
    expect(method(file, 'joint').events[0].topTags[0]).toBe('LIT101');
    expect(method(file, 'constant-broken').events[1].topTags).toEqual(['P102']);
    expect(method(file, 'combined').events.map(({ topTags }) => topTags[0])).toEqual(['LIT101', 'P102', 'AIT201']);
    expect(method(file, 'random').events[0].topTags).toEqual([]);
  });

  it('gives the same figures for the same rows in the layout of another data set', async () => {
    const skab = evaluationOf(await place.call('evaluate', 'skab.csv', '--pipeline', 'plant.yaml', '--json')).files[0];
    expect(skab.labels).toBe("column 'anomaly'");
    expect(skab.notes).toEqual(['times have no zone and are shown as if they were UTC', fewRows]);
    expect({ ...skab, file: '', labels: '', notes: [] }).toEqual({ ...file, file: '', labels: '', notes: [] });
  });

  it('leaves rows without a label out of the figures, not out of the scores, and counts rows where there is no time', async () => {
    const call = ['batadal.csv', '--train-rows', String(training), '--pipeline', 'plant.yaml', '--period', '2s', '--scores', 'batadal-scores.csv', '--json'];
    const batadal = evaluationOf(await place.call('evaluate', ...call)).files[0];
    const unlabelled = lines.filter((line, row) => row >= training && row % 3 === 0 && line.endsWith('Normal')).length;
    expect(batadal).toMatchObject({ labels: "column 'ATT_FLAG'", rows: 1000 - unlabelled, anomalousRows: 170, from: '1970-01-01T00:50:02Z' });
    expect(batadal.notes[0]).toContain('rows are taken as 2 s apart');
    expect(batadal.notes[1]).toBe(`${unlabelled} rows have no label: they are scored and count for nothing`);
    const { rows, columns } = await readScores(place.path('batadal-scores.csv'));
    expect(rows).toHaveLength(1000);
    const kept = rows.flatMap((row, i) => (row % 3 === 0 && lines[row].endsWith('Normal') ? [] : [i]));
    const labels = kept.map((i) => Number(lines[rows[i]].endsWith('Attack')));
    const scores = kept.map((i) => (columns.get('clusters') as number[])[i]).map((score) => (Number.isNaN(score) ? -1e9 : score));
    expect(method(batadal, 'clusters').aucRoc).toBeCloseTo(rocAucByPairs(scores, labels), 12);
  });

  it('takes numbers without names, times or labels, where it is told from which row on they are anomalous', async () => {
    const bare = plantLines(2200, { attacks: [{ from: 2000, to: 2200, tag: 'LIT101', value: 3000 }] }).map((line) => line.split(',').slice(1, -1));
    await place.write('bare.dat', bare.map((cells) => ` ${cells.map((cell) => (Number.isNaN(Number.parseFloat(cell)) ? 'NaN' : cell)).join('  ')}\n`).join(''));
    const [told] = evaluationOf(await place.call('evaluate', 'bare.dat', '--pipeline', 'plant.yaml', '--label-from', '2000', '--json')).files;
    expect(told).toMatchObject({ labels: 'rows from 2,000 on (--label-from)', rows: 700, anomalousRows: 200, events: [{ from: 500, to: 700 }] });
    expect(told.notes[0]).toContain('neither names of columns, which are c1, c2 and so on, nor times');
    expect(method(told, 'joint').events[0].topTags[0]).toBe('c2');
  });

  it('keeps a column of labels from the detectors also where they are told by row', async () => {
    await place.write('words.csv', plantText(lines));
    const [words, numbers] = await Promise.all(
      ['words.csv', 'skab.csv'].map(async (name) =>
        evaluationOf(await place.call('evaluate', name, '--pipeline', 'plant.yaml', '--label-from', '2000', '--json')),
      ),
    );
    expect(words.files[0]).toMatchObject({ labels: 'rows from 2,000 on (--label-from)', rows: 1000, anomalousRows: 500 });
    // Not one figure knows of the column with 0 and 1.
    expect(numbers.mean).toEqual(words.mean);
  });

  it.each([
    [['--train', 'plant.csv'], '170 of the 2,500 training rows are labelled anomalous: what is in them is learned as normal'],
    [['--train-rows', '1750'], '50 of the 1,750 training rows are labelled anomalous: what is in them is learned as normal'],
    [['--set', 'train={rows: 200-1710}'], '10 of the 1,510 training rows are labelled anomalous: what is in them is learned as normal'],
    [['--set', 'train={file: {type: csv, path: plant.csv}}'], '170 of the 2,500 training rows are labelled anomalous: what is in them is learned as normal'],
    [['--set', 'train={rows: 1790-2010}'], '80 anomalous rows could not be taken, or come before those that train: they are not judged'],
  ])('notes labelled anomalies that train: %j', async (options, note) => {
    const { files } = evaluationOf(await place.call('evaluate', 'plant.csv', '--pipeline', 'plant.yaml', '--json', ...options));
    expect(files[0].notes).toContain(note);
  });

  it('tells what was done in an event where a file beside says so', async () => {
    const at = (row: number): string => lines[row].split(',')[0];
    const told = { start: at(1998), end: at(2055), tags: ['P102'], kind: 'switch', size: 2.5, stealthy: true, effect: 'Turns on the spare pump.' };
    await place.write('told.csv', plantText(lines));
    await place.write('told.attacks.json', JSON.stringify({ attacks: [told] }));
    const { events } = evaluationOf(await place.call('evaluate', 'told.csv', '--pipeline', 'plant.yaml', '--json')).files[0];
    expect(events[1]).toMatchObject({ tags: ['P102'], description: 'switch, size 2.5, stealthy, Turns on the spare pump.' });
    expect(events[0].tags).toBeUndefined();
    const { stdout } = await place.call('evaluate', 'told.csv', '--pipeline', 'plant.yaml');
    expect(stdout).toMatch(/DELAY {2}ATTACKED {2}TOP TAGS +WHAT WAS DONE\n1 .*\n2 .* P102 {6}P102.* switch, size 2\.5, stealthy, Turns on the spare pump\.\n/);
    await place.write('told.attacks.json', JSON.stringify({ recording: 'told.xlsx', attacks: [told] }));
    const [other] = evaluationOf(await place.call('evaluate', 'told.csv', '--pipeline', 'plant.yaml', '--json')).files;
    expect(other.notes[0]).toBe(
      "'told.attacks.json' lists the attacks of 'told.xlsx', not of this file: they are not told; where the rows are the same, name this file as its recording",
    );
    expect(other.events[1].tags).toBeUndefined();
    await place.write('told.attacks.json', JSON.stringify({ attacks: [{ ...told, start: 'noon' }] }));
    expect(errorOf(await place.call('evaluate', 'told.csv', '--pipeline', 'plant.yaml', '--json'))).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      place: 'told.attacks.json',
      message: expect.stringContaining('attacks.0.start'),
    });
  });

  it.each(['csv', 'xlsx'])('tells what the simulator did in a recording that it wrote as %s', async (ending) => {
    const simulated = await workplace({});
    const out = `plant.${ending}`;
    const made = await simulated.call(
      'simulate',
      'plant',
      '--hours',
      '2',
      '--interval',
      '5s',
      '--seed',
      '3',
      '--start',
      '2024-05-20T00:00:00+02:00',
      '--out',
      out,
      '--json',
    );
    const { attacks: listed } = JSON.parse(made.stdout) as {
      attacks: { start: string; kind: string; tags: string[]; effect: string; lastRow: number; firstRow: number }[];
    };
    const { events, notes } = evaluationOf(await simulated.call('evaluate', out, '--train-rows', '600', '--detectors', 'mahalanobis', '--json')).files[0];
    expect(events.map(({ start, from, to, tags }) => ({ start, rows: to - from, tags }))).toEqual(
      listed.map(({ start, firstRow, lastRow, tags }) => ({ start: shownAt(start), rows: lastRow - firstRow + 1, tags })),
    );
    for (const [i, { kind, effect }] of listed.entries()) {
      expect(events[i].description?.startsWith(kind)).toBe(true);
      expect(events[i].description?.endsWith(effect)).toBe(true);
    }
    expect(notes.some((note) => note.includes('as if they were UTC'))).toBe(ending === 'xlsx');
    expect(notes.some((note) => note.includes('none of the attacks'))).toBe(false);
  });

  it('prints tables that fit 80 columns, and names what the oracle knows', async () => {
    const { stdout, code } = await place.call('evaluate', 'plant.csv', '--pipeline', 'plant.yaml');
    expect(code).toBe(0);
    expect(stdout).toContain('At the threshold learned without labels');
    expect(stdout).toContain("at the oracle's threshold");
    expect(stdout).not.toContain('The report:');
    const tables = stdout.split('\n').filter((line) => /^(METHOD|random|always-positive|combined|constant-broken) /.test(line));
    expect(tables).toHaveLength(10);
    for (const line of tables) expect(line.length).toBeLessThanOrEqual(80);
    // Figures of a column end in one place.
    const own = tables.slice(0, 5).map((line) => line.indexOf('.'));
    expect(new Set(own.slice(1)).size).toBe(1);
  });

  it('evaluates the files of a folder, each by itself, and takes the mean; results go into a folder', async () => {
    const several = await workplace({ 'plant.yaml': plantPipeline });
    const { mkdir, writeFile, readdir } = await import('node:fs/promises');
    await mkdir(several.path('files'));
    const other = plantLines(2500, { attacks: [{ from: 1800, to: 1850, tag: 'LIT101', value: 300 }], seed: 2 });
    for (const [n, each] of [lines, other].entries()) {
      await writeFile(several.path(`files/part-${n}_train.csv`), plantText(each.slice(0, training)));
      await writeFile(several.path(`files/part-${n}_test.csv`), plantText(each.slice(training)));
    }
    const ended = await several.call('evaluate', 'files', '--train', 'files', '--pipeline', 'plant.yaml', '--out', 'results', '--json');
    const both = evaluationOf(ended);
    expect(both.files.map((each) => each.file)).toEqual(['files/part-0_test.csv', 'files/part-1_test.csv']);
    expect(both.training).toBe('2 training files, one for each file');
    const joint = both.files.map((each) => method(each, 'joint'));
    expect(both.mean.find(({ name }) => name === 'joint')).toMatchObject({
      aucPr: (joint[0].aucPr + joint[1].aucPr) / 2,
      own: { f1: (joint[0].own.f1 + joint[1].own.f1) / 2 },
      oracle: { far: (joint[0].oracle.far + joint[1].oracle.far) / 2 },
    });
    expect((await readdir(several.path('results'))).sort()).toEqual(['evaluation.json', 'report.html', 'scores-part-0_test.csv', 'scores-part-1_test.csv']);
    expect(await readFile(several.path('results/report.html'), 'utf8')).toContain('files/part-1_test.csv');
    expect(JSON.parse(await readFile(several.path('results/evaluation.json'), 'utf8'))).toEqual(both);
    // All rows of a file count when another file trains.
    expect((await readScores(several.path('results/scores-part-0_test.csv'))).rows).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(both.files[0].rows).toBe(1000);
  });

  it('says once what is to be noted of all files, and of each what is its own', async () => {
    const call = ['plant.csv', 'skab.csv', '--pipeline', 'plant.yaml'];
    const { stdout } = await place.call('evaluate', ...call);
    expect(stdout).toContain(`of each file\n  note on all 2 files: ${fewRows}\n\nplant.csv`);
    expect(stdout.split(fewRows)).toHaveLength(2);
    expect(stdout).toMatch(/skab\.csv {2}labels: .*\n.*\n.*\n {2}note: times have no zone/);
    // Programs find all that is to know of a file in its place.
    for (const { notes } of evaluationOf(await place.call('evaluate', ...call, '--json')).files) expect(notes).toContain(fewRows);
  });

  it('ends at the first Ctrl-C, as a program that leaves the terminal in order', async () => {
    const copies = Array.from({ length: 20 }, (_, n) => `again-${n}.csv`);
    for (const copy of copies) await place.write(copy, plantText(lines));
    const command = place.start('evaluate', ...copies, '--pipeline', 'plant.yaml');
    await command.line(({ text }) => text.startsWith('progress'));
    command.kill('SIGINT');
    expect(await command.ended).toMatchObject({ code: 130, signal: null, stdout: '' });
  });

  it('keeps the rows of the file apart from those that cannot be taken', async () => {
    const dirty = plantLines(2500, { attacks, dirt: true });
    await place.write('dirty.csv', plantText(dirty));
    const { files } = evaluationOf(await place.call('evaluate', 'dirty.csv', '--pipeline', 'plant.yaml', '--scores', 'dirty-scores.csv', '--json'));
    const { rows } = await readScores(place.path('dirty-scores.csv'));
    expect(rows[0]).toBe(linesUntilStored(dirty, training + 1) - 1);
    expect(rows).toHaveLength(countLines(dirty).stored - training);
    expect(files[0].notes[0]).toContain(`${countLines(dirty).dead} rows could not be taken; the first: `);
  });

  it('takes the built-in pipeline where none is named, with the detectors asked for', async () => {
    const built = evaluationOf(await place.call('evaluate', 'plant.csv', '--train-rows', '1500', '--detectors', 'mahalanobis,k-means', '--json'));
    expect(built.pipeline).toBe('built-in pipeline');
    expect(built.files[0].methods.map(({ name }) => name)).toEqual(['k-means', 'mahalanobis', 'constant-broken', 'combined', 'random', 'always-positive']);
  });

  describe('without a word on training', () => {
    const silent = plantPipeline.replace('train: { rows: 1500 }\n', '');
    const evaluateOf = async (text: string, ...args: string[]): Promise<Evaluation> => {
      await place.write('silent.yaml', silent);
      await place.write('own.csv', text);
      return evaluationOf(await place.call('evaluate', 'own.csv', '--pipeline', 'silent.yaml', '--json', ...args));
    };
    const rowsOf = async (text: string, ...args: string[]): Promise<number[]> => {
      await evaluateOf(text, '--scores', 'own-scores.csv', ...args);
      return (await readScores(place.path('own-scores.csv'))).rows;
    };
    const early = plantLines(2500, { attacks: [{ from: 700, to: 780, tag: 'LIT101', value: 3000 }] });

    it('learns from the rows before the first labelled anomaly, and says so to people, programs and in the report', async () => {
      const told = await evaluateOf(plantText(early), '--out', 'head');
      const text = 'rows 0 to 699, the rows before the first labelled anomaly';
      expect(told.training).toBe(text);
      expect(told.files[0]).toMatchObject({ training: text, rows: 1800, anomalousRows: 80, events: [{ from: 0, to: 80 }] });
      expect(await readFile(place.path('head/report.html'), 'utf8')).toContain(`<dt>Training</dt><dd>${text}</dd>`);
      expect((await place.call('evaluate', 'own.csv', '--pipeline', 'silent.yaml')).stdout).toContain(`silent.yaml, trained on ${text}\n`);
      // It is as if they had been counted by hand.
      const byHand = await evaluateOf(plantText(early), '--train-rows', '700');
      expect({ ...byHand.files[0], training: text }).toEqual(told.files[0]);
      expect(byHand.training).toBe('the first 700 rows of the file');
    });

    it('does so with the built-in pipeline too, unless --set says what to train on', async () => {
      await place.write('own.csv', plantText(early));
      const call = ['evaluate', 'own.csv', '--detectors', 'mahalanobis', '--json'];
      expect(evaluationOf(await place.call(...call)).training).toContain('rows 0 to 699, the rows before');
      expect(evaluationOf(await place.call(...call, '--set', 'train.rows=500')).training).toBe('the first 500 rows of the file');
      expect(evaluationOf(await place.call(...call, '--set', 'train={rows: 100-600}')).training).toBe('rows 100 to 599 of the file');
      expect(evaluationOf(await place.call(...call, '--set', 'train.calibrate=none')).training).toContain('rows 0 to 699, the rows before');
    });

    it('leaves half of the rows to judge', async () => {
      const late = plantLines(2501, { attacks: [{ from: 1400, to: 1480, tag: 'LIT101', value: 3000 }] });
      expect((await evaluateOf(plantText(late))).training).toBe('rows 0 to 1,249, half of the file; the first labelled anomaly is row 1,400');
      const normal = await evaluateOf(plantText(plantLines(1001)));
      expect(normal.training).toBe('rows 0 to 499, half of the file, as no row is labelled anomalous');
      expect(normal.files[0]).toMatchObject({ rows: 501, anomalousRows: 0 });
      expect(normal.files[0].notes[0]).toBe('no row is labelled as anomalous: only false alarms can be told');
    });

    it('counts rows as the pipeline takes them: no anomaly trains where rows are broken, repeated or late', async () => {
      const dirty = plantLines(2500, { attacks: [{ from: 700, to: 780, tag: 'LIT101', value: 3000 }], dirt: true });
      const first = dirty.findIndex((line) => line.endsWith(',Attack'));
      expect(countLines(dirty.slice(0, first)).dead).toBeGreaterThan(5);
      expect((await rowsOf(plantText(dirty)))[0]).toBe(first);
      const { training, files } = await evaluateOf(plantText(dirty));
      const taken = dirty.slice(0, first).findLastIndex((_, row) => countLines(dirty.slice(0, row + 1)).stored > countLines(dirty.slice(0, row)).stored);
      expect(training).toBe(`rows 0 to ${taken}, the rows before the first labelled anomaly`);
      expect(files[0].notes.join()).not.toContain('training rows are labelled');
    });

    it('goes by the labels that are asked for, and tells of rows without one', async () => {
      expect((await evaluateOf(plantText(early), '--label-from', '900')).training).toBe('rows 0 to 899, the rows before the first labelled anomaly');
      const gaps = early.map((line, row) => (row % 7 === 0 && line.endsWith(',Normal') ? line.replace(/Normal$/, '') : line));
      const { files } = await evaluateOf(plantText(gaps));
      expect(files[0].training).toBe('rows 0 to 699, the rows before the first labelled anomaly');
      expect(files[0].notes).toContain('100 of the 700 training rows have no label: they are taken for normal');
    });

    it('decides for each of several files, and says it beside each', async () => {
      await place.write('own.csv', plantText(early));
      await place.write('same.csv', plantText(early));
      await place.write('silent.yaml', silent);
      const call = ['--pipeline', 'silent.yaml'];
      const both = evaluationOf(await place.call('evaluate', 'own.csv', 'plant.csv', ...call, '--json'));
      expect(both.training).toBe('the rows before the first labelled anomaly of each file, at most half of its rows');
      expect(both.files.map(({ training, rows }) => [training, rows])).toEqual([
        ['rows 0 to 699, the rows before the first labelled anomaly', 1800],
        ['rows 0 to 1,249, half of the file; the first labelled anomaly is row 1,700', 1250],
      ]);
      const { stdout } = await place.call('evaluate', 'own.csv', 'plant.csv', ...call);
      for (const { training } of both.files) expect(stdout).toContain(`\n  trained on ${training}\n`);
      const alike = await place.call('evaluate', 'own.csv', 'same.csv', ...call);
      expect(alike.stdout).toContain('silent.yaml, trained on rows 0 to 699, the rows before the first labelled anomaly, in each file\n');
      expect(alike.stdout).not.toContain('\n  trained on');
    });

    it('refuses a head that cannot be learned from, and names the row', async () => {
      await place.write('silent.yaml', silent);
      const refused = async (text: string) => {
        await place.write('own.csv', text);
        return errorOf(await place.call('evaluate', 'own.csv', '--pipeline', 'silent.yaml', '--json'));
      };
      const error = { exit: 3, code: 'TRAINING_UNFIT', place: 'own.csv', fix: expect.stringMatching(/--train FILE.*--train-rows N/) };
      const attacked = (from: number, rows = 2500) => plantText(plantLines(rows, { attacks: [{ from, to: from + 80, tag: 'LIT101', value: 3000 }] }));
      expect(await refused(attacked(0))).toMatchObject({
        ...error,
        message: 'its first row, data row 0, is labelled anomalous: there is no normal row before it to learn from',
      });
      expect(await refused(attacked(99))).toMatchObject({
        ...error,
        message: 'its first labelled anomaly is data row 99: too few rows come before it to learn from (100 at least)',
      });
      expect(await refused(attacked(120, 180))).toMatchObject({ ...error, message: 'half of its 180 rows are too few to learn from (100 at least)' });
      // Long enough, but nothing moves.
      const still = early.map((line, row) => (row < 700 ? [line.split(',')[0], ...early[0].split(',').slice(1)].join(',') : line));
      expect(await refused(plantText(still))).toMatchObject({
        ...error,
        place: "own.csv, step 'drop-constant'",
        message: expect.stringMatching(/; it was to learn from rows 0 to 699, the rows before the first labelled anomaly$/),
      });
    });
  });

  describe('says what is wrong', () => {
    const call = async (...args: string[]) => errorOf(await place.call('evaluate', ...args, '--json'));

    it('with a file without labels', async () => {
      await place.write('bare.csv', plantText(lines).replaceAll(/,(Normal\/Attack|Normal|Attack)\n/g, '\n'));
      const error = await call('bare.csv', '--pipeline', 'plant.yaml');
      expect(error).toMatchObject({ exit: 3, code: 'SOURCE_LABELS', place: 'bare.csv', message: 'no column of labels was found' });
      for (const convention of ['Normal/Attack', 'anomaly', 'ATT_FLAG', '--label COLUMN']) expect(error.fix).toContain(convention);
      expect(await call('plant.csv', '--pipeline', 'plant.yaml', '--label', 'LIT10')).toMatchObject({ code: 'SOURCE_TAGS', fix: "Did you mean 'LIT101'?" });
    });

    it('with labels in the training rows alone', async () => {
      await place.write('head.csv', plantText(plantLines(2000, { attacks: [{ from: 900, to: 950, tag: 'LIT101', value: 640 }] })));
      expect(await call('head.csv', '--pipeline', 'plant.yaml')).toMatchObject({
        exit: 3,
        code: 'SOURCE_LABELS',
        message: 'all 50 anomalous rows are among those that train: nothing is left to find',
        fix: expect.stringContaining('--train-rows'),
      });
    });

    it('with more training rows than there are', async () => {
      expect(await call('plant.csv', '--pipeline', 'plant.yaml', '--train-rows', '2500')).toMatchObject({
        exit: 3,
        code: 'WARMUP_TOO_SHORT',
        message: 'no row is left to judge: the file has 2,500, and the first 2,500 train',
        fix: expect.stringContaining('--train-rows'),
      });
    });

    it('with options that contradict each other or cannot be', async () => {
      expect(await call('plant.csv', '--detectors', 'kmeans')).toMatchObject({ exit: 2, code: 'USAGE', fix: "Did you mean 'k-means'?" });
      expect(await call('plant.csv', '--train', 'skab.csv', '--train-rows', '100')).toMatchObject({ exit: 2, code: 'USAGE' });
      expect(await call('plant.csv', 'skab.csv', '--scores', 'x.csv')).toMatchObject({ exit: 2, code: 'USAGE', fix: expect.stringContaining('--out') });
      expect(await call('plant.csv', '--train-rows', 'all')).toMatchObject({ exit: 2, code: 'USAGE' });
      expect(await call('plant.csv', '--pipeline', 'plant.yaml', '--detectors', 'lof')).toMatchObject({ exit: 2, code: 'USAGE' });
    });
  });
});
