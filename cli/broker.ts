import type { Bus } from '../core/bus.ts';
import type { ServiceContext } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import type { Metrics } from '../core/metrics.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Registry } from '../core/registry.ts';

/** The bus of `produce` and `process`. @throws CONFIG_INVALID for one that lives in one process */
export async function openBroker({ bus: { type, options } }: PipelineConfig, registry: Registry, context: ServiceContext): Promise<Bus> {
  const definition = await registry.load('bus', type);
  if (definition.embedded) {
    throw new SluiceError('CONFIG_INVALID', `bus '${type}' lives in one process, and \`produce\` and \`process\` are two`, {
      place: 'bus',
      fix: 'Use `bus: kafka`, or `sluice run`, which is both in one process.',
    });
  }
  return await definition.create(options, context);
}

/** The consumer group that shares the work: of the bus, or `sluice`. */
export function groupOf({ bus: { options } }: PipelineConfig): string {
  return typeof options.group === 'string' ? options.group : 'sluice';
}

/** Partitions of a topic that is made anew. */
export function partitionsOf({ bus: { options } }: PipelineConfig): number {
  return typeof options.partitions === 'number' ? options.partitions : 1;
}

/** Services that are away, for people, the log, the metrics and the readiness of the process. */
export class Services {
  /** By context: several of the same name may come and go apart. */
  readonly #away = new Map<object, { readonly service: string; readonly reason: string; readonly ready: boolean }>();
  readonly #warn: (message: string) => void;
  readonly #signal: AbortSignal;
  readonly #metrics: Metrics | undefined;
  #tell: () => void = () => {};
  /** In the order in which they were first named. */
  readonly #names = new Set<string>();

  constructor(warn: (message: string) => void, signal: AbortSignal, metrics?: Metrics) {
    this.#warn = warn;
    this.#signal = signal;
    this.#metrics = metrics;
  }

  /** Shows a service among the metrics before it is first asked for anything. */
  expect(service: string): void {
    this.#names.add(service);
    this.#metrics?.serviceUp.set({ service }, this.#isAway(service) ? 0 : 1);
    this.#metrics?.outages.inc({ service }, 0);
    this.#metrics?.retries.inc({ service }, 0);
  }

  /** What a component that talks to a service is given. @param service its name, e.g. `store` */
  context(service: string): ServiceContext {
    const own = {};
    this.expect(service);
    return {
      warn: this.#warn,
      signal: this.#signal,
      unavailable: (reason, { ready } = { ready: false }) => {
        const before = this.#isAway(service);
        if (reason === undefined) this.#away.delete(own);
        else this.#away.set(own, { service, reason, ready });
        const now = this.#isAway(service);
        this.#metrics?.serviceUp.set({ service }, now ? 0 : 1);
        if (now && !before) this.#metrics?.outages.inc({ service });
        this.#tell();
      },
      retried: () => this.#metrics?.retries.inc({ service }),
    };
  }

  /** What ended a command, for people: in place of the signal's bare reason, what was waited for in vain. */
  told(error: unknown): unknown {
    if (!this.#signal.aborted || error !== this.#signal.reason) return error;
    return new SluiceError('BUS_UNAVAILABLE', `told to end while waiting for ${this.away ?? 'the bus'}`, {
      fix: 'What was not acknowledged by then is sent or taken in again at the next start.',
      cause: error,
    });
  }

  /** Calls whenever a service goes or comes back. */
  changed(tell: () => void): void {
    this.#tell = tell;
  }

  /** Whether each service answers. */
  get states(): ReadonlyMap<string, boolean> {
    return new Map([...this.#names].map((name) => [name, !this.#isAway(name)]));
  }

  /** Why the process is not ready; undefined when every service is there. */
  get away(): string | undefined {
    const first = [...this.#away.values()].find(({ ready }) => !ready);
    return first && `${first.service}: ${first.reason}`;
  }

  #isAway(service: string): boolean {
    return [...this.#away.values()].some((away) => away.service === service);
  }
}
