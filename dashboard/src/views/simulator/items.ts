import { request } from '../../api.ts';
import type { Anomaly } from './preview.ts';

export interface ItemSettings {
  readonly mean: number;
  readonly variance: number;
  /** Messages a second. */
  readonly rate: number;
}

/** A simulated signal; its id is also the name of its stream. */
export interface Item extends ItemSettings {
  readonly id: string;
  readonly startedAt: string;
  /** Messages since its start. */
  readonly sent: number;
  /** Messages that were left out because nobody took them when they were due. */
  readonly missed: number;
  /** Values that anomalies are still to be laid over. */
  readonly pending: number;
  readonly last: { readonly timestamp: string; readonly value: number } | null;
}

export interface Limits {
  /** Items at the same time. */
  readonly items: number;
  /** Messages a second: of one item, and of all together. */
  readonly rate: { readonly min: number; readonly max: number; readonly total: number };
  /** Values that anomalies may wait for in one item. */
  readonly pending: number;
}

const of = (id: string) => `/simulator/items/${encodeURIComponent(id)}`;

export const getItems = (signal?: AbortSignal) => request<{ items: Item[]; limits: Limits }>('GET', '/simulator/items', { signal });
export const startItem = (id: string, settings: ItemSettings) => request<Item>('POST', of(id), { body: settings });
export const updateItem = (id: string, settings: Partial<ItemSettings>) => request<Item>('PATCH', of(id), { body: settings });
export const stopItem = (id: string) => request<Item>('DELETE', of(id));
export const injectAnomaly = (id: string, anomaly: Anomaly) => request<Item>('POST', `${of(id)}/anomaly`, { body: anomaly });
