import { z } from 'zod';
import { type ErrorCode, quote, SluiceError } from '../../core/errors.ts';
import type { ItemSettings, SimulatedAnomaly, SimulatedItem, SimulatorControl } from '../../core/simulator.ts';
import { simulatorLimits } from './settings.ts';

/** A service that is well answers within this, ms. */
const patience = 5000;

const shownItem = z.object({
  id: z.string(),
  mean: z.number(),
  variance: z.number(),
  rate: z.number(),
  startedAt: z.string(),
  sent: z.number(),
  missed: z.number(),
  pending: z.number(),
  last: z.object({ timestamp: z.string(), value: z.number() }).nullable(),
});
const problem = z.object({ error: z.object({ code: z.string(), message: z.string(), place: z.string().optional(), fix: z.string().optional() }) });

/** What is wrong with the command, not with the service. */
const ofCommand: readonly string[] = ['ITEM_INVALID', 'ITEM_UNKNOWN', 'ITEM_EXISTS', 'ITEM_LIMIT'] satisfies ErrorCode[];

/** The items of a `sluice simulate service`, commanded over HTTP. */
export class RemoteItems implements SimulatorControl {
  readonly limits = simulatorLimits;
  readonly #url: string;
  readonly #token: string | undefined;

  /** @param token shown with each request */
  constructor(url: string, token?: string) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  async list(): Promise<SimulatedItem[]> {
    return (await this.#ask('GET', '/items', z.object({ items: z.array(shownItem) }))).items;
  }

  get(id: string): Promise<SimulatedItem> {
    return this.#ask('GET', itemPath(id), shownItem);
  }

  start(id: string, settings: ItemSettings): Promise<SimulatedItem> {
    return this.#ask('POST', itemPath(id), shownItem, settings);
  }

  update(id: string, settings: Partial<ItemSettings>): Promise<SimulatedItem> {
    return this.#ask('PATCH', itemPath(id), shownItem, settings);
  }

  stop(id: string): Promise<SimulatedItem> {
    return this.#ask('DELETE', itemPath(id), shownItem);
  }

  inject(id: string, anomaly: SimulatedAnomaly): Promise<SimulatedItem> {
    return this.#ask('POST', `${itemPath(id)}/anomaly`, shownItem, anomaly);
  }

  async #ask<T>(method: string, path: string, answer: z.ZodType<T>, body?: object): Promise<T> {
    const { status, json } = await this.#answer(method, path, body);
    const error = problem.safeParse(json).data?.error;
    if (error && ofCommand.includes(error.code)) {
      const { code, message, place, fix } = error;
      throw new SluiceError(code as ErrorCode, message, { ...(place === undefined ? {} : { place }), ...(fix === undefined ? {} : { fix }) });
    }
    if (status === 401) throw this.#unavailable('asks for another token', 'Put the one that it has into SLUICE_TOKEN here, too.');
    const parsed = answer.safeParse(json);
    if (status < 300 && parsed.success) return parsed.data;
    throw this.#unavailable(
      `answers ${status}${error ? `: ${error.message}` : ', and not as the simulator does'}`,
      'See whether it is `sluice simulate service` of this version.',
    );
  }

  async #answer(method: string, path: string, body: object | undefined): Promise<{ status: number; json: unknown }> {
    const headers = {
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...(body ? { 'content-type': 'application/json' } : {}),
    };
    const sent = body ? { body: JSON.stringify(body) } : {};
    try {
      // Elsewhere than where it was sent to the token has no business.
      const response = await fetch(this.#url + path, { method, headers, ...sent, redirect: 'error', signal: AbortSignal.timeout(patience) });
      const text = await response.text();
      return { status: response.status, json: asJson(text) };
    } catch (error) {
      const { message } = ((error as Error).cause as Error | undefined) ?? (error as Error);
      throw this.#unavailable(`cannot be asked: ${message}`, 'Start it with `sluice simulate service`, or correct serve.simulator.', error);
    }
  }

  #unavailable(what: string, fix: string, cause?: unknown): SluiceError {
    return new SluiceError('SIMULATOR_UNAVAILABLE', `the simulator service at ${quote(this.#url)} ${what}`, { fix, cause });
  }
}

const itemPath = (id: string): string => `/items/${encodeURIComponent(id)}`;

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no answer of the simulator; the caller says so.
    return undefined;
  }
}
