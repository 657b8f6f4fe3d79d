import type { Batch } from '../core/batch.ts';
import { SluiceError } from '../core/errors.ts';
import type { Incident } from '../core/incident.ts';
import type { IncidentMark } from '../core/incident-mark.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import { makeRandom } from '../core/random.ts';
import type { Registry } from '../core/registry.ts';
import { formatTime } from '../core/time.ts';
import type { StreamModel } from '../processor/model.ts';
import { Pipeline, type PipelineObserver } from '../processor/pipeline.ts';
import { type Attack, attackOf, readAttacks } from './attacks.ts';
import { alwaysPositive, randomScores } from './baselines.ts';
import type { FileEvaluation, LabelledEvent, MethodEvaluation } from './evaluation.ts';
import { incidentRows, type JudgedRows, judgedRows, keptOf, spanOf } from './judged-rows.ts';
import { type OpenedFile, openFile, type Reading, requireLabels } from './labelled-file.ts';
import { againstMarks } from './marks.ts';
import { evaluateMethod, type Said } from './method.ts';
import type { LabelOf } from './normal-head.ts';
import { passingStore } from './passing-store.ts';
import { type Scored, ScoredRows } from './scored-rows.ts';
import { planTraining, type Training, type TrainingPlan, unfitRows } from './training.ts';

export interface FileRequest {
  readonly path: string;
  readonly training: Training;
  readonly reading: Reading;
  /** From this data row (0-based) on everything is anomalous, before it nothing is; instead of a column of labels. */
  readonly labelFrom?: number | undefined;
  readonly config: PipelineConfig;
  readonly registry: Registry;
  /** What people said of incidents of the same plant. */
  readonly marks?: readonly IncidentMark[] | undefined;
  /** Told as rows are judged; the share of the file where that is known. */
  readonly onProgress?: (rows: number, share: number | undefined) => void;
  /** Told before, while it is looked for what to train on. */
  readonly onLooking?: () => void;
  /** Sees the rows as they are scored, with their raw scores. */
  readonly onScored?: NonNullable<PipelineObserver['scored']>;
}

export interface EvaluatedFile {
  readonly evaluation: FileEvaluation;
  /** Every row behind the training rows. */
  readonly scored: Scored;
  /** Of the file, those that trained or could not be taken included. */
  readonly rowsRead: number;
}

/** A detector that knows nothing flags as many rows as the warn level lets pass. */
const randomLevel = 0.99;

const count = (n: number): string => n.toLocaleString('en-US');

/**
 * Runs a labelled file through the pipeline, row for row as `run` does, and compares what it says with the labels.
 * @throws SOURCE_… , TRAINING_UNFIT, WARMUP_TOO_SHORT where no row is left to judge, SOURCE_LABELS where there is nothing to compare with
 */
export async function evaluateFile(request: FileRequest): Promise<EvaluatedFile> {
  const { path, reading, labelFrom, config: whole, registry } = request;
  const { attacks, notes } = await readAttacks(path);
  const opened = await openFile(path, reading, whole, registry);
  try {
    const labels = labelFrom === undefined ? `column '${requireLabels(path, opened.info)}'` : `rows from ${count(labelFrom)} on (--label-from)`;
    const run = await score(request, opened);
    const { scored, model, incidents } = run;
    const rows = judgedRows(scored);
    requireAnomalies(request, run, rows);
    const tags = model.schema.tags.map(({ name }) => name);
    const events = rows.events.map(({ from, to }) => eventOf(from, to, rows, attacks));
    const marks = request.marks && marksWithin(request.marks, scored.times);
    const evaluation: FileEvaluation = {
      file: path,
      labels,
      training: run.plan.text,
      rows: rows.labels.length,
      anomalousRows: anomalousRows(rows.labels),
      ...spanOf(rows),
      notes: [
        ...new Set(opened.notes),
        ...notes,
        ...notesOf(run, rows),
        ...(attacks.length > 0 && !events.some(({ tags }) => tags) ? [unmatched] : []),
        ...(marks?.length === 0 ? [unmarked] : []),
      ],
      events,
      methods: [...pipelineSays(scored, incidents, rows), ...baselinesSay(rows, whole.seed)].map((said) => {
        const method = evaluateMethod(said, rows, tags, whole.incidents);
        return { ...method, ...(marks ? heldAgainst(marks, said, incidents.get(said.name), method) : {}) };
      }),
    };
    return { evaluation, scored, rowsRead: run.rowsRead };
  } finally {
    await opened.source.close();
  }
}

const unmatched = 'none of the attacks told of beside the file shares time with an event; --set source.timezone=ZONE says which clock wrote its times';

const unmarked = 'none of the marks lies within these rows: they are of another time, or `clock: shifted` moved the stored ones';

function marksWithin(marks: readonly IncidentMark[], times: BigInt64Array): IncidentMark[] {
  let [first, last] = [times[0], times[0]];
  for (const time of times) {
    if (time < first) first = time;
    if (time > last) last = time;
  }
  return marks.filter(({ from, to }) => from <= last && to >= first);
}

/** All incidents against the marks; by labels those of rows that have one. */
function heldAgainst(
  marks: readonly IncidentMark[],
  said: Said,
  incidents: ReadonlyMap<string, Incident> | undefined,
  { own }: MethodEvaluation,
): Pick<MethodEvaluation, 'marks'> {
  if (said.incidents === undefined) return {};
  const judged = said.incidents.length;
  const right = judged - own.falseIncidents;
  return { marks: { ...againstMarks([...(incidents?.values() ?? [])], marks), byLabels: { incidents: judged, true: right, precision: right / judged } } };
}

function eventOf(from: number, to: number, { times }: JudgedRows, attacks: readonly Attack[]): LabelledEvent {
  const attack = attackOf(times[from], times[to - 1], attacks);
  return {
    from,
    to,
    start: formatTime(times[from]),
    end: formatTime(times[to - 1]),
    ...(attack ? { description: attack.description, tags: attack.tags } : {}),
  };
}

interface Run {
  readonly scored: Scored;
  readonly model: StreamModel;
  /** Of the pipeline, per method. */
  readonly incidents: ReadonlyMap<string, ReadonlyMap<string, Incident>>;
  /** Rows of the file labelled as anomalous, those that trained included. */
  readonly anomalous: number;
  readonly plan: TrainingPlan;
  /** Rows that could not be taken, and what is wrong with the first. */
  readonly dead: number;
  readonly firstDead: string;
  readonly rowsRead: number;
}

async function score(
  { path, training, reading, labelFrom, config: whole, registry, onProgress, onLooking, onScored }: FileRequest,
  { source, info }: OpenedFile,
): Promise<Run> {
  const labelOf: LabelOf = labelFrom === undefined ? (_, label) => label : (origin) => Number(origin >= labelFrom);
  const plan = await planTraining({ training, path, source, reading, labelOf, config: whole, registry, onLooking });
  const config = { ...whole, train: plan.train };
  const scored = new ScoredRows(labelOf);
  const incidents = new Map<string, Map<string, Incident>>();
  let [dead, firstDead] = [0, ''];
  let anomalous = 0;
  const pipeline = await Pipeline.open({
    config,
    registry,
    store: passingStore(),
    key: 'evaluate',
    source: source.id,
    ...plan.learned,
    observer: {
      scored(scorer, batch, verdicts) {
        scored.take(scorer, batch, verdicts);
        onScored?.(scorer, batch, verdicts);
      },
      incident({ incident }) {
        const own = incidents.get(incident.detector) ?? new Map<string, Incident>();
        incidents.set(incident.detector, own.set(incident.id, incident));
      },
      dead(letters) {
        if (dead === 0 && letters.length > 0) firstDead = letters[0].message;
        dead += letters.length;
      },
    },
  });
  try {
    await pipeline.openStream(config.stream, info.schema);
    for await (const chunk of source.read(0)) {
      for (const batch of chunk.batches) {
        anomalous += anomalousIn(batch, labelOf);
        plan.count(batch);
      }
      await pipeline.process(chunk);
      onProgress?.(chunk.nextOffset, chunk.progress);
    }
  } catch (error) {
    throw unfitRows(error, path, plan);
  }
  const [warmUp] = pipeline.warmUp().values();
  if (warmUp.stage !== 'ready' || !scored.model) {
    const rows = count(pipeline.totals.stored);
    throw new SluiceError('WARMUP_TOO_SHORT', `no row is left to judge: the file has ${rows}, and the first ${count(warmUp.need)} train`, {
      place: path,
      fix: 'Lower --train-rows, or train on another file with --train.',
    });
  }
  return { scored: scored.result(), model: scored.model, incidents, anomalous, plan, dead, firstDead, rowsRead: pipeline.totals.read };
}

function anomalousIn({ rows, origins, labels }: Batch, labelOf: (origin: number, label: number) => number): number {
  let n = 0;
  for (let row = 0; row < rows; row++) if (labelOf(origins[row], labels?.[row] ?? -1) === 1) n++;
  return n;
}

function anomalousRows(labels: Int8Array): number {
  return labels.reduce((n, label) => n + Number(label === 1), 0);
}

function requireAnomalies({ path }: FileRequest, { scored, anomalous }: Run, { labels }: JudgedRows): void {
  if (labels.length === 0) {
    throw new SluiceError('SOURCE_LABELS', `none of the ${count(scored.labels.length)} rows behind the training rows has a label that can be read`, {
      place: path,
      fix: 'Labels are Normal and Attack, 0 and 1, or -1 and -999 for unlabelled rows; name their column with --label.',
    });
  }
  if (anomalous > 0 && anomalousRows(labels) === 0) {
    throw new SluiceError('SOURCE_LABELS', `all ${count(anomalous)} anomalous rows are among those that train: nothing is left to find`, {
      place: path,
      fix: 'Lower --train-rows, or train on another file with --train.',
    });
  }
}

function notesOf({ scored, model, anomalous, plan, dead, firstDead }: Run, { labels }: JudgedRows): string[] {
  const behind = anomalousRows(labels);
  const { trained, train, head } = plan;
  const lost = anomalous - behind - (train.kind === 'rows' ? trained.anomalous : 0);
  const unlabelled = scored.labels.length - labels.length;
  const wants = Math.max(
    0,
    ...[...model.detectors, ...model.combinations.flatMap(({ parts }) => parts)].flatMap(({ calibration }) => [
      calibration?.warnWants ?? 0,
      calibration?.errorWants ?? 0,
    ]),
  );
  return [
    ...(behind === 0 ? ['no row is labelled as anomalous: only false alarms can be told'] : []),
    ...(trained.anomalous > 0
      ? [`${count(trained.anomalous)} of the ${count(trained.rows)} training rows are labelled anomalous: what is in them is learned as normal`]
      : []),
    ...(head && trained.unlabelled > 0
      ? [`${count(trained.unlabelled)} of the ${count(trained.rows)} training rows have no label: they are taken for normal`]
      : []),
    ...(lost > 0 ? [`${count(lost)} anomalous rows could not be taken, or come before those that train: they are not judged`] : []),
    ...(unlabelled > 0 ? [`${count(unlabelled)} rows have no label: they are scored and count for nothing`] : []),
    ...(dead > 0 ? [`${count(dead)} rows could not be taken; the first: ${firstDead}`] : []),
    ...(wants > 0 ? [`thresholds are set on ${count(model.calibrationRows)} rows; ${count(wants)} would be needed to tell their levels`] : []),
  ];
}

function pipelineSays(scored: Scored, incidents: Run['incidents'], { kept }: JudgedRows): Said[] {
  return scored.methods.map(({ name, kind, score, flagged, peaks }) => ({
    name,
    kind,
    score: keptOf(score, kept),
    flagged: kept ? Uint8Array.from(kept, (row) => flagged[row]) : flagged,
    incidents: incidentRows([...(incidents.get(name)?.values() ?? [])], { flagged, times: scored.times }, kept),
    peaks,
  }));
}

function baselinesSay({ labels }: JudgedRows, seed: number): Said[] {
  const say = (name: string, score: Float64Array): Said => ({
    name,
    kind: 'baseline',
    score,
    flagged: Uint8Array.from(score, (value) => Number(value >= randomLevel)),
    incidents: undefined,
    peaks: undefined,
  });
  return [say('random', randomScores(labels.length, makeRandom(seed, 'random baseline'))), say('always-positive', alwaysPositive(labels.length))];
}
