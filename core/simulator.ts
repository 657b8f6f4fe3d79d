/**
 * Simulated signals that are commanded while they run: each item gives values around its mean, so many a second. The items live in
 * this process (source `simulator`) or in a service of their own (`sluice simulate service`); both are commanded alike.
 */

/** What an item gives. */
export interface ItemSettings {
  readonly mean: number;
  readonly variance: number;
  /** Messages a second. */
  readonly rate: number;
}

export interface SimulatedItem extends ItemSettings {
  /** Also its stream and the `source_id` of its messages. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Messages since its start. */
  readonly sent: number;
  /** Messages that were left out because nobody took them when they were due. */
  readonly missed: number;
  /** Values that anomalies are still to be laid over. */
  readonly pending: number;
  readonly last: { readonly timestamp: string; readonly value: number } | null;
}

/** Anomalies by shape; producer/simulator/anomaly.ts says what each does. */
export type AnomalyShape = 'spike' | 'step' | 'ramp' | 'drop' | 'stuck' | 'noise';

/** `deltas` are added to the next values one by one; a shape lies over `length` values, its `size` in the unit of the values. */
export type SimulatedAnomaly = { readonly deltas: readonly number[] } | { readonly shape: AnomalyShape; readonly size: number; readonly length: number };

export interface SimulatorLimits {
  /** Items at the same time. */
  readonly items: number;
  /** Messages a second: of one item, and of all together. */
  readonly rate: { readonly min: number; readonly max: number; readonly total: number };
  /** Values that anomalies may wait for in one item. */
  readonly pending: number;
}

/** Commands for the items. @throws SIMULATOR_UNAVAILABLE where they live in a service that cannot be asked */
export interface SimulatorControl {
  readonly limits: SimulatorLimits;
  /** In the order of their starts. */
  list(): Promise<SimulatedItem[]>;
  /** @throws ITEM_UNKNOWN */
  get(id: string): Promise<SimulatedItem>;
  /** @throws ITEM_EXISTS, ITEM_LIMIT */
  start(id: string, settings: ItemSettings): Promise<SimulatedItem>;
  /** From the next message on; what is not given stays. @throws ITEM_UNKNOWN, ITEM_LIMIT */
  update(id: string, settings: Partial<ItemSettings>): Promise<SimulatedItem>;
  /** The item as it was at its end. @throws ITEM_UNKNOWN */
  stop(id: string): Promise<SimulatedItem>;
  /** Behind those that are pending. @throws ITEM_UNKNOWN, ITEM_LIMIT */
  inject(id: string, anomaly: SimulatedAnomaly): Promise<SimulatedItem>;
}
