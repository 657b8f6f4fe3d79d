import type { ApiSimulator, SimulatedItems } from '../../../../serve/api.ts';
import { request } from '../../api.ts';
import type { Anomaly } from './preview.ts';

/** A simulated signal; its id is also the name of its stream. */
export type Item = SimulatedItems['items'][number];
export type Limits = SimulatedItems['limits'];
export type ItemSettings = Pick<Item, 'mean' | 'variance' | 'rate'>;

const items = '/simulator/items';
const of = (id: string) => `${items}/${encodeURIComponent(id)}`;

/** Whether there are items here, and why not. */
export const getSimulator = (signal?: AbortSignal) => request<ApiSimulator>('GET', '/simulator', { signal });
export const getItems = (signal?: AbortSignal) => request<SimulatedItems>('GET', items, { signal });
export const startItem = (id: string, settings: ItemSettings) => request<Item>('POST', of(id), { body: settings });
export const updateItem = (id: string, settings: Partial<ItemSettings>) => request<Item>('PATCH', of(id), { body: settings });
export const stopItem = (id: string) => request<Item>('DELETE', of(id));
export const injectAnomaly = (id: string, anomaly: Anomaly) => request<Item>('POST', `${of(id)}/anomaly`, { body: anomaly });
