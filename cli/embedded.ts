import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '../core/bus.ts';
import type { Output, ServiceContext } from '../core/component.ts';
import { quote, SluiceError } from '../core/errors.ts';
import type { Position } from '../core/manifest.ts';
import type { Pace } from '../core/pace.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import type { SimulatorControl } from '../core/simulator.ts';
import type { Store } from '../core/store.ts';
import { drain } from '../processor/drain.ts';
import { Pipeline, type PipelineObserver } from '../processor/pipeline.ts';
import { streamsOfRecords } from '../processor/stream.ts';
import { type ProduceProgress, type ProduceTotals, produce } from '../producer/producer.ts';
import { openScoringWorkers } from './open-scoring-workers.ts';
import { openSource, readingOf, shiftOf, trainingOf } from './pipeline-input.ts';

const group = 'sluice';

/** Milliseconds that messages which wait for people may still take at the end, and between looks at them once the source is drained. */
const [lastSending, attention] = [5000, 250];

export interface RunStart {
  readonly pipeline: Pipeline;
  /** What the source was found to be. */
  readonly description: string;
  /** Rows of the source, where known. */
  readonly rows: number | undefined;
  /** Data rows taken in by earlier runs. */
  readonly resumedAt: number;
  readonly shiftMs: number;
  /** Commands for a source that makes its rows up. */
  readonly simulator: SimulatorControl | undefined;
}

/** What a run shows of itself while it goes on; all optional. */
export interface RunWatch {
  /** After everything is open, before the first row. */
  started?(start: RunStart): void | Promise<void>;
  progress?(progress: ProduceProgress): void;
  /** The next row is so many milliseconds away. */
  gap?(wait: number): void;
  /** The source was read to its end, and all of it is committed. */
  ended?(): void;
  observer?: PipelineObserver;
  print(line: string): void;
  warn(message: string): void;
  /** For what talks to a service, by its name. */
  service?(name: string): ServiceContext;
  readonly colour: boolean;
}

export interface EmbeddedRun {
  readonly config: PipelineConfig;
  readonly registry: Registry;
  readonly store: Store;
  readonly fresh: boolean;
  readonly pace: Pace;
  /** Return when the source is drained; otherwise stay until the signal. */
  readonly untilEnd: boolean;
  readonly signal: AbortSignal;
  readonly watch: RunWatch;
}

export interface RunResult {
  readonly pipeline: Pipeline;
  readonly produced: ProduceTotals;
  /** The source was read to its end, and all of it taken in. */
  readonly ended: boolean;
}

function manifestKey(config: PipelineConfig): string {
  return `${onlyTopic(config)}/0`;
}

/** @throws CONFIG_INVALID where rows can go to one topic only and there are several */
export function onlyTopic({ topics }: PipelineConfig): string {
  if (topics.length === 1) return topics[0];
  throw new SluiceError('CONFIG_INVALID', `rows are sent to one topic, and here are ${topics.length}: ${topics.join(', ')}`, {
    place: 'topic',
    fix: 'Name one; only `sluice process` takes several.',
  });
}

/** @throws USAGE for a pace or an end that rows cannot have which come as they happen */
export function requireRunnable({ source }: PipelineConfig, { pace, untilEnd }: { readonly pace?: string; readonly untilEnd?: true }): void {
  const option = pace === undefined ? untilEnd && '--until-end' : '--pace';
  if (!source.live || !option) return;
  throw new SluiceError('USAGE', `${option} does not apply: rows of the source ${quote(source.type)} come as they happen, without an end`, {
    fix: `Leave out ${option}; Ctrl-C ends the run.`,
  });
}

/** @throws CONFIG_INVALID for a bus or a store that one process alone cannot go on with after a crash */
export async function requireEmbeddable({ bus, store }: PipelineConfig, registry: Registry): Promise<void> {
  if (!(await registry.load('bus', bus.type)).embedded) {
    throw new SluiceError('CONFIG_INVALID', `bus '${bus.type}' connects two processes, \`run\` is one`, {
      place: 'bus',
      fix: 'Use `bus: memory`, or `sluice produce` and `sluice process`.',
    });
  }
  if (!(await registry.load('store', store.type)).transactional) {
    throw new SluiceError('CONFIG_INVALID', `store '${store.type}' keeps rows, but not how far they were read, and neither does bus '${bus.type}'`, {
      place: 'store',
      fix: 'Use `store: duckdb`, or `bus: kafka` with `sluice produce` and `sluice process`.',
    });
  }
}

/** Source, bus, pipeline and outputs in this process: produces and drains side by side. */
export async function runEmbedded(run: EmbeddedRun): Promise<RunResult> {
  const { config, registry, store, watch, signal } = run;
  const busDefinition = await registry.load('bus', config.bus.type);
  const key = manifestKey(config);
  const source = await openSource(config.source, config, registry, watch);
  let bus: Bus | undefined;
  const outputs: Output[] = [];
  let pipeline: Pipeline | undefined;
  const workers = openScoringWorkers(config, watch.warn);
  try {
    const info = await source.open();
    for (const { type, options } of config.outputs) {
      outputs.push(
        (await registry.load('output', type)).create(options, {
          stream: config.stream,
          topic: onlyTopic(config),
          bus: config.bus,
          print: watch.print,
          colour: watch.colour,
          warn: watch.warn,
          ...watch.service?.(`output ${type}`),
        }),
      );
    }
    const taught = await trainingOf(run);
    // Not before everything that the new start needs is there.
    if (run.fresh) await forgetAll(store, key, config.stream);
    pipeline = await Pipeline.open({
      config,
      registry,
      store,
      key,
      source: source.id,
      outputs,
      workers,
      ...(watch.observer ? { observer: watch.observer } : {}),
      ...taught,
    });
    // Tags first: a source that lost or renamed one is also another source, which says less.
    for (const name of info.streamsByRow ? pipeline.savedStreams.slice(0, config.streams.inMemory) : [config.stream])
      await pipeline.openStream(name, info.schema);
    requireSameClock(config, pipeline.position, source.id);
    pipeline.attach({ fingerprint: info.fingerprint, shiftMs: pipeline.position ? 0 : await shiftOf(config, source), reading: readingOf(config.source) });
    const position = pipeline.position as NonNullable<typeof pipeline.position>;
    await watch.started?.({
      pipeline,
      description: info.description,
      rows: info.rows,
      resumedAt: position.nextOffset,
      shiftMs: position.shiftMs,
      simulator: source.simulator,
    });
    bus = await busDefinition.create(config.bus.options);
    await bus.ensureTopic(onlyTopic(config), { partitions: 1 });
    const producer = await bus.producer(onlyTopic(config));
    const consumer = await bus.consumer(onlyTopic(config), { group, position: async () => position.nextOffset });
    // When the source breaks down, what came before is still taken in; when the pipeline does, nothing more is read.
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const produced = produce({
      source,
      info,
      bus: producer,
      from: position.nextOffset,
      pace: run.pace,
      freeRows: warmUpRows(config, pipeline),
      loop: config.source.loop,
      shift: BigInt(position.shiftMs) * 1_000_000n,
      signal: stop,
      onProgress: watch.progress,
      onGap: watch.gap,
    });
    // What is still on the bus is read again from the source, where that is possible; otherwise it is taken in first.
    const untilStopped = config.source.live ? failed.signal : stop;
    const drained = drain(pipeline, consumer, { maxRows: config.batch.rows, maxWaitMs: config.batch.wait, signal: untilStopped }).catch((error) => {
      failed.abort(error);
      throw error;
    });
    const [production, draining] = await Promise.allSettled([produced, drained]);
    if (draining.status === 'rejected') throw draining.reason;
    if (production.status === 'rejected') throw production.reason;
    // The bus is at its end too when the source was stopped.
    const ended = draining.value === 'end' && !production.value.aborted;
    if (ended) {
      requireWarm(pipeline, config, watch);
      watch.ended?.();
    }
    if (ended && !run.untilEnd) await untilAborted(signal, pipeline);
    await pipeline.sendWaiting(lastSending);
    await pipeline.stopSending(0);
    await pipeline.commit();
    await consumer.close();
    return { pipeline, produced: production.value, ended };
  } finally {
    await pipeline?.stopSending(0);
    // All are closed, whatever one of them says, and no fault of closing hides one of the run.
    const closings = await Promise.allSettled([...outputs.map((output) => output.close()), bus?.close(), source.close(), workers.close()]);
    const failure = closings.find((closing) => closing.status === 'rejected');
    if (failure) watch.warn(`closing: ${failure.reason instanceof Error ? failure.reason.message : String(failure.reason)}`);
  }
}

/** Forgets the streams that the manifest knows, and the pipeline's own. The manifest, which names them, goes with the last. */
async function forgetAll(store: Store, key: string, own: string): Promise<void> {
  const manifest = await store.manifest(key);
  for (const stream of streamsOfRecords(Object.keys(manifest?.records ?? {}))) if (stream !== own) await store.forget(stream);
  await store.forget(own, key);
}

function requireSameClock({ clock }: PipelineConfig, position: Position | undefined, place: string): void {
  if (position === undefined || position.nextOffset === 0 || (position.shiftMs !== 0) === (clock === 'shifted')) return;
  const before = clock === 'shifted' ? 'original' : 'shifted';
  throw new SluiceError('CONFIG_INVALID', `its rows so far were taken in with \`clock: ${before}\`, and it is ${clock} now`, {
    place,
    fix: 'Undo the change, or begin anew with --fresh.',
  });
}

/** Rows of the warm-up that are still to come: they are read as fast as possible, whatever the pace. */
function warmUpRows({ train }: PipelineConfig, pipeline: Pipeline): number {
  const stages = [...pipeline.warmUp().values()].map(({ stage }) => stage);
  if (train.kind !== 'rows' || (stages.length > 0 && stages.every((stage) => stage === 'ready'))) return 0;
  return Math.max(0, train.to - (pipeline.position?.nextOffset ?? 0));
}

/** Where others were judged, a stream that came to its end before its warm-up was over is no error of the run. */
function requireWarm(pipeline: Pipeline, config: PipelineConfig, { warn }: RunWatch): void {
  const young = [...pipeline.warmUp()].filter(([, { stage }]) => stage !== 'ready');
  if (young.length === 0) return;
  const far = young.slice(0, 3).map(([stream, { have, need }]) => `${quote(stream)} ${have.toLocaleString('en-US')} of ${need.toLocaleString('en-US')}`);
  if (pipeline.warmth.ready > 0) {
    const more = young.length > far.length ? `, and ${young.length - far.length} more` : '';
    warn(`of these streams no row was judged, they ended before their warm-up was over: ${far.join(', ')}${more}`);
    return;
  }
  const [stream, { have, need }] = young[0];
  throw new SluiceError(
    'WARMUP_TOO_SHORT',
    `the stream ended after ${have.toLocaleString('en-US')} of ${need.toLocaleString('en-US')} warm-up rows; its rows are stored, none is judged`,
    {
      place: `stream '${stream}', ${config.file}`,
      fix: 'Lower train.rows, or train on another file with train.file, and begin anew with --fresh.',
    },
  );
}

/** Messages are sent meanwhile, and that they were is kept. */
async function untilAborted(signal: AbortSignal, pipeline: Pipeline): Promise<void> {
  while (!signal.aborted) {
    await sleep(attention, undefined, { signal }).catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
    });
    if (pipeline.due) await pipeline.commit();
  }
}
