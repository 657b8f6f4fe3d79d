import type { Bus } from '../core/bus.ts';
import { attachPosition, type Position } from '../core/manifest.ts';
import type { Pace } from '../core/pace.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';
import { type ProduceProgress, type ProduceTotals, produce } from '../producer/producer.ts';
import { partitionsOf } from './broker.ts';
import { onlyTopic } from './embedded.ts';
import { openSource, readingOf, requirePast, shiftOf } from './pipeline-input.ts';

export interface Producing {
  readonly config: PipelineConfig;
  readonly registry: Registry;
  readonly bus: Bus;
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly watch: {
    /** Everything is open; the first row is next. */
    started(start: ProducingStart): void;
    progress(progress: ProduceProgress): void;
    gap(wait: number): void;
    warn(message: string): void;
  };
}

export interface ProducingStart {
  readonly description: string;
  /** Rows of the source, where known. */
  readonly rows: number | undefined;
  readonly topic: string;
  readonly position: Position;
}

/**
 * Sends the source's rows to the topic, from where the topic's own rows say that this source stands. Consumers hear that it has
 * ended where it has, not where it broke down.
 */
export async function produceSource({ config, registry, bus, pace, signal, watch }: Producing): Promise<ProduceTotals> {
  const topic = onlyTopic(config);
  requirePast(config.source, 'be sent to a topic', 'Send messages of such items by `sluice simulate service`, or run them in one process by `sluice run`.');
  const source = await openSource(config.source, config, registry, watch);
  try {
    const info = await source.open();
    await bus.ensureTopic(topic, { partitions: partitionsOf(config) });
    const producer = await bus.producer(topic, { source: source.id });
    const before = await producer.position();
    const shiftMs = before ? before.shiftMs : await shiftOf(config, source);
    const position = attachPosition(before, { fingerprint: info.fingerprint, shiftMs, reading: readingOf(config.source) }, source.id);
    await producer.remember(position);
    watch.started({ description: info.description, rows: info.rows, topic, position });
    const { nextOffset } = position;
    const totals = await produce({
      source,
      info,
      bus: producer,
      from: nextOffset,
      pace,
      freeRows: config.train.kind === 'rows' ? Math.max(0, config.train.to - nextOffset) : 0,
      loop: config.source.loop,
      shift: BigInt(shiftMs) * 1_000_000n,
      signal,
      onProgress: watch.progress,
      onGap: watch.gap,
    });
    await producer.end();
    return totals;
  } finally {
    await source.close();
  }
}
