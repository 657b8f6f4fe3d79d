import { type MessagePort, Worker } from 'node:worker_threads';
import type { Registry } from '../core/registry.ts';
import { loadModel, type StreamModel } from './model.ts';
import { doTask, type ScoringWork, tasksOf } from './scoring-work.ts';
import { type DetectorTraining, type TrainedDetector, trainDetector } from './train.ts';
import { makeWorkspace, type Workspace } from './views.ts';

/** Told to a thread: a model to keep, and where to say that it has it; work to take part in; or that a model is needed no more. */
type Message =
  | { readonly kind: 'load'; readonly key: number; readonly bytes: Uint8Array; readonly ready: Int32Array }
  | { readonly kind: 'work'; readonly key: number; readonly rows: ViewedRows; readonly work: ScoringWork; readonly board: Int32Array }
  | { readonly kind: 'forget'; readonly key: number }
  | ({ readonly kind: 'train' } & TrainingWork);

/** Detectors to train; whoever is free takes the next of the board. */
interface TrainingWork {
  readonly id: number;
  readonly trainings: readonly DetectorTraining[];
  readonly board: Int32Array;
}

/** Told by a thread: a detector that it has trained, or that none is left to take. */
interface Trained {
  readonly id: number;
  readonly n?: number;
  readonly trained?: TrainedDetector;
}

/** What `applyViews` left of a batch. */
type ViewedRows = Pick<Workspace, 'raw' | 'stages' | 'out'>;

/** A board tells who does what: the next task that nobody has taken, how many are over, and of each task how it ended. */
const [next, over, header] = [0, 1, 2];
const [undone, doneHere, doneThere] = [0, 1, 2];

/** Threads keep so many models; streams of a further one are scored by the main thread alone. */
const mostModels = 16;
/** So often it is looked whether the last tasks are over before a thread is given up that has not finished its own. */
const mostWaits = 60;
/** One large batch is soon done; after so many there is a backlog, and threads start. */
const batchesToStart = 8;
/** Threads that had nothing to do for so long are ended, ms; they start again with the next large batch. */
const restAfter = 60_000;

interface ModelRecord {
  readonly bytes: Uint8Array;
  readonly hash: string;
}

interface ScoringWorkersOptions {
  readonly threads: number;
  /** Told of a thread that is lost. */
  readonly warn: (message: string) => void;
  /** Seconds that a thread may take for a task; then it counts as dead. */
  readonly patience?: number;
}

interface Thread {
  readonly worker: Worker;
  /** By key of the model: 1 once the thread has it. */
  readonly ready: Map<number, Int32Array>;
}

/**
 * Threads that score and explain the rows of large batches, and train detectors, beside the main thread, over shared memory.
 * Whoever is free takes the next task, so a slow or missing thread costs time, never a result.
 */
export class ScoringWorkers {
  readonly #script: URL;
  #count: number;
  readonly #threads: Thread[] = [];
  /** By hash, and how many scorers use each. */
  readonly #models = new Map<string, { readonly key: number; readonly bytes: Uint8Array; users: number }>();
  /** Milliseconds. */
  readonly #wait: number;
  #nextKey = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  /** Trainings under way. */
  #training = 0;
  /** Tasks that threads did, of all that were shared with them. */
  readonly shared = { tasks: 0, byThreads: 0 };

  readonly #warn: (message: string) => void;

  /** @param script runs `serveScoring` */
  constructor(script: URL, { threads, warn, patience = 60 }: ScoringWorkersOptions) {
    this.#script = script;
    this.#count = threads;
    this.#warn = warn;
    this.#wait = (patience * 1000) / mostWaits;
  }

  /** A model's share of the threads, which get it when there is work. */
  share(record: ModelRecord): SharedScoring {
    let key: number | undefined;
    let asked = 0;
    return {
      ready: () => {
        if (this.#threads.length === 0 && ++asked < batchesToStart) return false;
        key ??= this.#use(record);
        if (key === undefined) return false;
        this.#load(key, record.bytes);
        return this.#having(key).length > 0;
      },
      run: (work, workspace, model, meanwhile) => this.#run(key!, work, workspace, model, meanwhile),
      end: () => {
        if (key !== undefined) this.#release(record.hash);
      },
    };
  }

  /** Starts the threads, so that they are there when they are needed. */
  start(): void {
    while (this.#threads.length < this.#count) this.#start();
    this.#restLater();
  }

  /**
   * Trains detectors, here one after the other by `alone`, and in threads whichever nobody has begun.
   * @throws what `alone` throws
   */
  async train(trainings: readonly DetectorTraining[], alone: (n: number) => Promise<TrainedDetector>): Promise<TrainedDetector[]> {
    this.#training++;
    this.start();
    const work = { id: this.#nextKey++, trainings, board: new Int32Array(new SharedArrayBuffer(4)) };
    const trained = new Map<number, TrainedDetector>();
    const away = this.#threads.map(({ worker }) => trainIn(worker, work, (n, one) => trained.set(n, one)));
    try {
      return await this.#trainHere(work, alone, trained, away);
    } finally {
      this.#training--;
      this.#restLater();
    }
  }

  async #trainHere(
    { trainings, board }: TrainingWork,
    alone: (n: number) => Promise<TrainedDetector>,
    trained: Map<number, TrainedDetector>,
    away: readonly Promise<void>[],
  ): Promise<TrainedDetector[]> {
    let here = 0;
    for (let n = Atomics.add(board, next, 1); n < trainings.length; n = Atomics.add(board, next, 1)) {
      trained.set(n, await alone(n));
      here++;
    }
    await Promise.all(away);
    this.shared.tasks += trainings.length;
    this.shared.byThreads += trained.size - here;
    const all: TrainedDetector[] = [];
    // What a thread could not do is done here, and says why if that cannot be either.
    for (let n = 0; n < trainings.length; n++) all.push(trained.get(n) ?? (await alone(n)));
    return all;
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    clearTimeout(this.#rest);
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  /** Undefined where threads keep too many models already. */
  #use({ bytes, hash }: ModelRecord): number | undefined {
    const known = this.#models.get(hash);
    if (known) known.users++;
    else if (this.#models.size >= mostModels) return undefined;
    else this.#models.set(hash, { key: this.#nextKey++, bytes, users: 1 });
    return this.#models.get(hash)!.key;
  }

  #release(hash: string): void {
    const model = this.#models.get(hash);
    if (!model || --model.users > 0) return;
    this.#models.delete(hash);
    for (const { worker, ready } of this.#threads) if (ready.delete(model.key)) worker.postMessage({ kind: 'forget', key: model.key } satisfies Message);
  }

  /** Sees to it that all threads are there and have the model, or soon will. */
  #load(key: number, bytes: Uint8Array): void {
    this.start();
    for (const { worker, ready } of this.#threads) {
      if (ready.has(key)) continue;
      const flag = new Int32Array(new SharedArrayBuffer(4));
      ready.set(key, flag);
      worker.postMessage({ kind: 'load', key, bytes, ready: flag } satisfies Message);
    }
  }

  #start(): void {
    // A thread's own heap hardly fills, and what it was handed is held until it is collected: each batch, though all are done with it.
    const worker = new Worker(this.#script, { resourceLimits: { maxYoungGenerationSizeMb: 1 } });
    const thread: Thread = { worker, ready: new Map() };
    // It keeps no process alive. What one that breaks down leaves undone is done here.
    worker.unref();
    worker.on('error', ({ message }) => this.#drop(thread, message)).on('exit', (code) => this.#drop(thread, `exit code ${code}`));
    this.#threads.push(thread);
  }

  /** Does without a thread from now on; it is not started again. */
  #drop(thread: Thread, why: string): void {
    const at = this.#threads.indexOf(thread);
    if (at < 0) return;
    this.#warn(`a thread that helped to score was lost: ${why}. Nothing else is; it goes on with one thread less.`);
    this.#threads.splice(at, 1);
    this.#count--;
    void thread.worker.terminate();
  }

  #having(key: number): readonly Thread[] {
    return this.#threads.filter(({ ready }) => {
      const flag = ready.get(key);
      return flag !== undefined && Atomics.load(flag, 0) === 1;
    });
  }

  #run(key: number, work: ScoringWork, workspace: Workspace, model: StreamModel, meanwhile: () => void): boolean {
    const tasks = tasksOf(work);
    const board = new Int32Array(new SharedArrayBuffer((header + tasks) * 4));
    const helping = this.#having(key);
    const { raw, stages, out } = workspace;
    for (const { worker } of helping) worker.postMessage({ kind: 'work', key, rows: { raw, stages, out }, work, board } satisfies Message);
    meanwhile();
    takeTasks(board, tasks, doneHere, (task) => doTask(work, task, model, workspace));
    for (let waits = 0; waits < mostWaits; ) {
      const count = Atomics.load(board, over);
      if (count === tasks) break;
      if (Atomics.wait(board, over, count, this.#wait) === 'timed-out') waits++;
    }
    const allCame = Atomics.load(board, over) === tasks;
    if (!allCame) for (const thread of helping) this.#drop(thread, 'it did not finish a task');
    for (let task = 0; task < tasks; task++) {
      const end = Atomics.load(board, header + task);
      if (end === doneThere) this.shared.byThreads++;
      // What a thread could not do is done here, and says why if that cannot be either.
      if (end === undone) doTask(work, task, model, workspace);
    }
    this.shared.tasks += tasks;
    this.#restLater();
    return allCame;
  }

  #restLater(): void {
    if (this.#rest) this.#rest.refresh();
    else {
      this.#rest = setTimeout(() => (this.#training > 0 ? this.#restLater() : void this.close()), restAfter);
      this.#rest.unref();
    }
  }
}

/** The threads as one model's scorer sees them. */
export interface SharedScoring {
  /** Has a thread the model by now? */
  ready(): boolean;
  /**
   * Returns when all of the work is done, by whomever; `meanwhile` is done here first, beside it.
   * @returns false when a thread was given up: it might still write to what the work consists of
   */
  run(work: ScoringWork, workspace: Workspace, model: StreamModel, meanwhile: () => void): boolean;
  /** The model is needed no more. */
  end(): void;
}

/** What a thread does: takes tasks as long as there are any, of whichever work it is told. */
export function serveScoring(port: MessagePort, registry: Registry): void {
  const models = new Map<number, { readonly model: StreamModel; readonly workspace: Workspace }>();
  port.on('message', (message: Message) => {
    if (message.kind === 'forget') models.delete(message.key);
    else if (message.kind === 'load') {
      const { key, bytes, ready } = message;
      // A model of components that only the main thread knows is scored by it alone.
      loadModel(bytes, registry, 'model').then(
        (model) => {
          models.set(key, { model, workspace: makeWorkspace(model.views) });
          Atomics.store(ready, 0, 1);
        },
        () => undefined,
      );
    } else if (message.kind === 'train') void trainTaken(port, registry, message);
    else {
      const { key, work, board, rows } = message;
      const own = models.get(key);
      if (!own) return;
      const workspace = { ...own.workspace, ...rows };
      takeTasks(board, tasksOf(work), doneThere, (task) => doTask(work, task, own.model, workspace));
    }
  });
}

/** Has a thread train what it takes. Resolves when it has no more, or is gone. */
function trainIn(worker: Worker, work: TrainingWork, take: (n: number, trained: TrainedDetector) => void): Promise<void> {
  return new Promise((done) => {
    const told = ({ id, n, trained }: Trained): void => {
      if (id !== work.id) return;
      if (n === undefined) end();
      else if (trained) take(n, trained);
    };
    const end = (): void => {
      worker.off('message', told).off('error', end).off('exit', end).unref();
      done();
    };
    worker.on('message', told).once('error', end).once('exit', end).ref();
    worker.postMessage({ kind: 'train', ...work } satisfies Message);
  });
}

async function trainTaken(port: MessagePort, registry: Registry, { id, trainings, board }: TrainingWork): Promise<void> {
  for (let n = Atomics.add(board, next, 1); n < trainings.length; n = Atomics.add(board, next, 1)) {
    const { type, threshold } = trainings[n];
    try {
      const thresholds = [threshold.warn.type, threshold.error.type].map(async (name) => [name, await registry.load('threshold', name)] as const);
      const definitions = { detectors: new Map([[type, await registry.load('detector', type)]]), thresholds: new Map(await Promise.all(thresholds)) };
      port.postMessage({ id, n, trained: trainDetector(trainings[n], definitions) } satisfies Trained);
    } catch {
      // The main thread trains it again, and says what is wrong.
    }
  }
  port.postMessage({ id } satisfies Trained);
}

function takeTasks(board: Int32Array, tasks: number, done: number, doOne: (task: number) => void): void {
  for (let task = Atomics.add(board, next, 1); task < tasks; task = Atomics.add(board, next, 1)) {
    let end = undone;
    try {
      doOne(task);
      end = done;
    } finally {
      Atomics.store(board, header + task, end);
      Atomics.add(board, over, 1);
      Atomics.notify(board, over);
    }
  }
}
