import { quote, SluiceError } from '../../core/errors.ts';
import { makeRandom, type Random } from '../../core/random.ts';
import type { ItemSettings, SimulatedAnomaly, SimulatedItem, SimulatorControl } from '../../core/simulator.ts';
import { Overlay } from './anomaly.ts';
import { simulatorLimits } from './settings.ts';

/** Messages of one item that are due, in order. */
export interface ItemMessages {
  readonly id: string;
  /** When each was due, milliseconds since 1970. */
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** Whether an anomaly lay over the value. */
  readonly anomalous: readonly boolean[];
}

/** Messages that are due within so many milliseconds leave together. */
const tick = 20;
/** What was due up to so long ago is made up for, ms; older messages are missed. */
const catchUp = 5000;

/**
 * Items and what of them is due. An item's k-th message is due k/rate after its start, and its time is when it was due: nothing
 * drifts. After a change of rate the next message is due one new interval after the last one, or now where that has passed. When
 * nobody took messages for a while they are made up for as far back as five seconds; those before are missed, and counted.
 *
 * The n-th item that is started gives values that follow from seed, n and its id alone.
 */
export class Items implements SimulatorControl {
  readonly limits = simulatorLimits;
  readonly #random: Random;
  readonly #clock: () => number;
  readonly #items = new Map<string, Item>();
  #started = 0;
  #ended = { sent: 0, missed: 0 };
  #wake = (): void => undefined;

  /** @param clock milliseconds since 1970 */
  constructor(random: Random = makeRandom(0, 'simulator'), clock: () => number = Date.now) {
    this.#random = random;
    this.#clock = clock;
  }

  /** Messages of all items so far, of those that have ended too. */
  get totals(): { readonly items: number; readonly sent: number; readonly missed: number; readonly rate: number } {
    const items = [...this.#items.values()];
    const sum = (of: (item: Item) => number): number => items.reduce((total, item) => total + of(item), 0);
    return {
      items: items.length,
      sent: this.#ended.sent + sum(({ sent }) => sent),
      missed: this.#ended.missed + sum(({ missed }) => missed),
      rate: sum(({ settings }) => settings.rate),
    };
  }

  async list(): Promise<SimulatedItem[]> {
    return [...this.#items.values()].map((item) => item.shown());
  }

  async get(id: string): Promise<SimulatedItem> {
    return this.#find(id).shown();
  }

  async start(id: string, settings: ItemSettings): Promise<SimulatedItem> {
    if (this.#items.has(id)) {
      throw new SluiceError('ITEM_EXISTS', `item ${quote(id)} is running already`, { place: `item ${id}`, fix: 'Update it, or stop it first.' });
    }
    const { items } = this.limits;
    if (this.#items.size >= items) {
      throw new SluiceError('ITEM_LIMIT', `there are ${count(items)} items, which is all that there can be`, {
        place: `item ${id}`,
        fix: 'Stop another one first.',
      });
    }
    this.#requireRate(id, settings.rate);
    const item = new Item(id, settings, this.#random.fork(`${++this.#started} ${id}`), this.#clock());
    this.#items.set(id, item);
    this.#wake();
    return item.shown();
  }

  async update(id: string, settings: Partial<ItemSettings>): Promise<SimulatedItem> {
    const item = this.#find(id);
    if (settings.rate !== undefined) this.#requireRate(id, settings.rate - item.settings.rate);
    item.update(settings, this.#clock());
    this.#wake();
    return item.shown();
  }

  async stop(id: string): Promise<SimulatedItem> {
    const item = this.#find(id);
    this.#items.delete(id);
    this.#ended = { sent: this.#ended.sent + item.sent, missed: this.#ended.missed + item.missed };
    return item.shown();
  }

  async inject(id: string, anomaly: SimulatedAnomaly): Promise<SimulatedItem> {
    const item = this.#find(id);
    const { pending } = this.limits;
    const length = 'deltas' in anomaly ? anomaly.deltas.length : anomaly.length;
    if (item.pending + length > pending) {
      throw new SluiceError('ITEM_LIMIT', `anomalies can wait for ${count(pending)} values, ${count(item.pending)} are waited for already`, {
        place: `item ${id}`,
        fix: `Ask for ${count(pending - item.pending)} values or fewer, or wait.`,
      });
    }
    item.inject(anomaly);
    return item.shown();
  }

  /** What is due by now and was not taken yet. */
  take(): ItemMessages[] {
    const now = this.#clock();
    return [...this.#items.values()].filter((item) => item.due(now) <= now).map((item) => item.take(now));
  }

  /**
   * What is due, over and over, until the signal. Whoever is slow to ask for more lets the items stand still.
   * @param idle when nothing was due for so many milliseconds, that is yielded
   * @param warn told in words when messages were missed
   */
  async *run({ signal, idle, warn }: { readonly signal?: AbortSignal; readonly idle: number; warn(message: string): void }): AsyncGenerator<ItemMessages[]> {
    const end = (): void => this.#wake();
    signal?.addEventListener('abort', end);
    try {
      let idleSince = performance.now();
      let missedBefore = 0;
      while (!signal?.aborted) {
        const due = this.take();
        const { missed } = this.totals;
        if (missed > missedBefore)
          warn(`${count(missed - missedBefore)} simulated messages were missed: what is not taken within ${catchUp / 1000} s is left out`);
        missedBefore = missed;
        if (due.length > 0 || performance.now() - idleSince >= idle) {
          yield due;
          idleSince = performance.now();
        }
        if (!signal?.aborted) await this.#untilDue(idleSince + idle - performance.now());
      }
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  /** Until the next message is due, a command changes when that is, or so many milliseconds have passed. */
  #untilDue(longest: number): Promise<void> {
    const now = this.#clock();
    let wait = longest;
    for (const item of this.#items.values()) wait = Math.min(wait, item.due(now) - now);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(tick, wait));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #find(id: string): Item {
    const item = this.#items.get(id);
    if (item) return item;
    throw new SluiceError('ITEM_UNKNOWN', `there is no item ${quote(id)}`, { place: `item ${id}`, fix: 'Start it first.' });
  }

  #requireRate(id: string, more: number): void {
    const { total } = this.limits.rate;
    const { rate } = this.totals;
    if (rate + more <= total) return;
    throw new SluiceError('ITEM_LIMIT', `all items together would send ${count(rate + more)} messages/s, more than ${count(total)}`, {
      place: `item ${id}`,
      fix: 'Choose a lower rate, or stop or slow down others.',
    });
  }
}

class Item {
  readonly id: string;
  readonly #startedAt: number;
  readonly #values: Random;
  readonly #anomalies: Random;
  readonly #pending: Overlay[] = [];
  settings: ItemSettings;
  sent = 0;
  missed = 0;
  /** Message number `#from` is due at `#anchor`; those after it follow at the rate. */
  #anchor: number;
  #from = 0;
  /** Number of the next message; those that were missed count. */
  #next = 0;
  #injected = 0;
  #last: { readonly time: number; readonly value: number } | undefined;

  constructor(id: string, settings: ItemSettings, random: Random, now: number) {
    this.id = id;
    this.settings = settings;
    this.#startedAt = now;
    this.#anchor = now;
    this.#values = random.fork('values');
    this.#anomalies = random.fork('anomalies');
  }

  get pending(): number {
    return this.#pending.reduce((sum, { left }) => sum + left, 0);
  }

  shown(): SimulatedItem {
    const last = this.#last && { timestamp: new Date(this.#last.time).toISOString(), value: this.#last.value };
    const startedAt = new Date(this.#startedAt).toISOString();
    return { id: this.id, ...this.settings, startedAt, sent: this.sent, missed: this.missed, pending: this.pending, last: last ?? null };
  }

  update(change: Partial<ItemSettings>, now: number): void {
    const before = this.settings.rate;
    this.settings = { ...this.settings, ...change };
    const { rate } = this.settings;
    if (rate === before) return;
    const next = this.#next === 0 ? this.#dueAt(0) : this.#timeBefore(before) + 1000 / rate;
    this.#anchor = Math.max(now, next);
    this.#from = this.#next;
  }

  inject(anomaly: SimulatedAnomaly): void {
    this.#pending.push(new Overlay(anomaly, this.#anomalies.fork(String(++this.#injected))));
  }

  /** When the next message is due, ms. */
  due(now: number): number {
    // The clock was set back: what is due is due now.
    if (this.#dueAt(this.#next) > now + 1000 / this.settings.rate + catchUp) {
      this.#anchor = now;
      this.#from = this.#next;
    }
    return this.#dueAt(this.#next);
  }

  take(now: number): ItemMessages {
    const times: number[] = [];
    const values: number[] = [];
    const anomalous: boolean[] = [];
    if (this.due(now) < now - catchUp) {
      const late = Math.ceil(((now - catchUp - this.#dueAt(this.#next)) * this.settings.rate) / 1000);
      this.missed += late;
      this.#next += late;
    }
    for (; this.#dueAt(this.#next) <= now; this.#next++) {
      times.push(Math.round(this.#dueAt(this.#next)));
      anomalous.push(this.#pending.length > 0);
      values.push(this.#value());
      this.#last = { time: times[times.length - 1], value: values[values.length - 1] };
    }
    this.sent += times.length;
    return { id: this.id, times, values, anomalous };
  }

  #value(): number {
    const { mean, variance } = this.settings;
    const value = mean + Math.sqrt(variance) * this.#values.normal();
    const [overlay] = this.#pending;
    if (!overlay) return value;
    const result = overlay.next(value, this.#last?.value);
    if (overlay.left === 0) this.#pending.shift();
    return result;
  }

  #dueAt(message: number): number {
    return this.#anchor + ((message - this.#from) * 1000) / this.settings.rate;
  }

  /** When the last message was due, at the rate that it had. */
  #timeBefore(rate: number): number {
    return this.#anchor + ((this.#next - 1 - this.#from) * 1000) / rate;
  }
}

function count(n: number): string {
  return n.toLocaleString('en-US');
}
