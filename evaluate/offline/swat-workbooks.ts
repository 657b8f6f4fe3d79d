import { fileURLToPath } from 'node:url';
import { type Batch, concatBatches, matrixOf, sliceBatch } from '../../core/batch.ts';
import type { Column, StepDefinition } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { averagePrecision } from '../../kernels/average-precision.ts';
import { rocAuc } from '../../kernels/roc-auc.ts';
import { collectRows } from '../../producer/collect.ts';
import xlsx from '../../producer/sources/xlsx.ts';
import { figures } from '../figures.ts';

/** Rows as a table of numbers, with their times (UTC nanoseconds). */
export interface Rows {
  readonly table: Matrix;
  readonly times: BigInt64Array;
}

/** What the offline scripts work on. */
export interface Recording {
  readonly columns: readonly Column[];
  /** Normal rows to learn from, and later ones to see how high normal rows score. */
  readonly normal: Rows;
  readonly keptBack: Rows;
  /** Rows to score, and per row 1 = attacked, 0 = normal. */
  readonly attack: Rows;
  readonly labels: Int8Array;
}

const sample = fileURLToPath(new URL('../../../data/swat-sample.xlsx', import.meta.url));
/** Rows at the head of the sample that are all normal. */
const sampleHead = 7200;
/** Of the normal rows, so many are learned from, and so many lie between those and the ones kept back, as neighbours in time are alike. */
const learned = 0.7;
const gap = 0.05;

/**
 * A workbook of normal rows and one with labelled attacks; without any, the head of the sample and the rest of it. Rows in
 * which a reading is missing are left out. What is wrong with a workbook is said, and ends the script.
 *
 * @param paths none or two: `process.argv.slice(2)`
 */
export async function readSwat(paths: readonly string[]): Promise<Recording> {
  try {
    const [head, rest] = paths.length === 0 ? await readSample() : await readBoth(paths);
    warnOfAnomalies(head);
    return recordingOf(head, rest, paths[1] ?? sample);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    console.error(error.message);
    process.exit(error.exitCode);
  }
}

async function readSample(): Promise<[Batch, Batch]> {
  const rows = await readWorkbook(sample);
  return [sliceBatch(rows, 0, sampleHead), sliceBatch(rows, sampleHead, rows.rows)];
}

async function readBoth(paths: readonly string[]): Promise<[Batch, Batch]> {
  if (paths.length !== 2) {
    throw new SluiceError('USAGE', `the number of workbooks is ${paths.length}`, { fix: 'Name a normal one and one with attacks, or none for the sample.' });
  }
  return [await readWorkbook(paths[0]), await readWorkbook(paths[1])];
}

/** What is in a normal row is normal to whoever learns from it. */
function warnOfAnomalies({ rows, labels }: Batch): void {
  const count = (n: number): string => n.toLocaleString('en-US');
  const anomalous = labels?.reduce((n, label) => n + Number(label === 1), 0) ?? 0;
  if (anomalous > 0) console.warn(`${count(anomalous)} of the ${count(rows)} normal rows are labelled anomalous: what is in them is learned as normal`);
}

function recordingOf(head: Batch, rest: Batch, place: string): Recording {
  const columns = head.schema.tags;
  const names = (batch: Batch): string => batch.schema.tags.map(({ name }) => name).join(', ');
  if (names(head) !== names(rest))
    throw new SluiceError('SCHEMA_MISMATCH', `its tags are ${names(rest)}; those of the normal rows are ${names(head)}`, { place });
  if (!rest.labels) throw new SluiceError('SOURCE_LABELS', 'the rows to score have no labels', { place, fix: 'Name the workbook with attacks second.' });
  const fit = Math.floor(head.rows * learned);
  const keptBack = fit + Math.floor(head.rows * gap);
  return {
    columns,
    normal: rowsOf(sliceBatch(head, 0, fit)),
    keptBack: rowsOf(sliceBatch(head, keptBack, head.rows)),
    attack: rowsOf(rest),
    labels: rest.labels,
  };
}

async function readWorkbook(path: string): Promise<Batch> {
  const options = xlsx.options.parse({ path, timezone: 'Asia/Singapore' });
  const source = xlsx.create(options, { stream: 'swat', lateness: 60_000, seed: 0, warn: console.warn });
  try {
    await source.open();
    const all = await collectRows(source, 'swat');
    const tags = all.schema.tags.length;
    const complete: Batch[] = [];
    for (let row = 0, from = 0; row <= all.rows; row++) {
      const missing = row === all.rows || all.values.subarray(row * tags, (row + 1) * tags).some(Number.isNaN);
      if (!missing) continue;
      if (row > from) complete.push(sliceBatch(all, from, row));
      from = row + 1;
    }
    if (complete.length === 0) {
      throw new SluiceError('SOURCE_EMPTY', `in each of ${all.rows} rows a reading is missing`, {
        place: path,
        fix: 'Take tags that are never read out of the workbook.',
      });
    }
    const kept = concatBatches(complete);
    if (kept.rows < all.rows) console.warn(`${path}: ${all.rows - kept.rows} of ${all.rows} rows left out, where a reading is missing`);
    return kept;
  } finally {
    await source.close();
  }
}

function rowsOf(batch: Batch): Rows {
  return { table: matrixOf(batch), times: batch.times };
}

/** The recording behind a step: what the step needs to know it learns from the normal rows alone. */
export function through(recording: Recording, step: StepDefinition, options: Record<string, unknown> = {}): Recording {
  const { normal } = recording;
  const { model, columns } = step.fit(normal.table, recording.columns, step.options.parse(options), normal.times);
  const after = ({ table, times }: Rows): Rows => {
    const out = makeMatrix(table.rows, columns.length);
    step.apply(model, step.start?.(model) ?? null, table, times, out.values);
    return { table: out, times };
  };
  return { ...recording, columns, normal: after(normal), keptBack: after(recording.keptBack), attack: after(recording.attack) };
}

/** How well the rows that score above `level` match the labels. */
export function printAgreement(method: string, recording: Recording, scores: Float64Array, level: number): void {
  const { normal, keptBack, attack, labels } = recording;
  const count = (n: number): string => n.toLocaleString('en-US');
  const attacked = labels.reduce((sum, label) => sum + (label === 1 ? 1 : 0), 0);
  const flagged = Uint8Array.from(scores, (score) => (score > level ? 1 : 0));
  const seconds = Float64Array.from(attack.times, (time) => Number(time / 1_000_000n) / 1000);
  const { precision, recall, f1 } = figures({ flagged, labels, seconds, incidents: [] });
  const line = { precision, recall, F1: f1, 'AUC-ROC': rocAuc(scores, labels), 'AUC-PR': averagePrecision(scores, labels) };
  console.log(`${method}: ${count(normal.table.rows)} normal rows learned from, ${recording.columns.length} columns`);
  console.log(`level: ${level.toPrecision(4)}, from ${count(keptBack.table.rows)} normal rows kept back`);
  console.log(
    `scored: ${count(attack.table.rows)} rows, ${count(attacked)} of them attacked; ${count(flagged.reduce((sum, flag) => sum + flag, 0))} flagged\n`,
  );
  console.log(
    Object.keys(line)
      .map((head) => head.padStart(9))
      .join(' '),
  );
  console.log(
    Object.values(line)
      .map((figure) => figure.toFixed(3).padStart(9))
      .join(' '),
  );
}
