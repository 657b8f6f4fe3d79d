import { signal } from '@preact/signals';
import type {
  Agreement,
  ApiIncident,
  ApiStatus,
  ApiStream,
  ApiTagStatistics,
  Distribution,
  IncidentDetail,
  MarkBody,
  PipelineInfo,
  Problem,
  Rows,
  Scores,
  Series,
} from '../../serve/api.ts';

/** What a request failed with, as the server said it; code NO_CONNECTION when it said nothing. */
export class ApiError extends Error {
  readonly code: string;
  readonly place: string | undefined;
  readonly fix: string | undefined;
  readonly status: number;

  constructor({ code, message, place, fix }: Problem['error'], status: number) {
    super(message);
    this.code = code;
    this.place = place;
    this.fix = fix;
    this.status = status;
  }
}

/** True once a request was refused for want of a token. */
export const signInNeeded = signal(false);

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Which rows, in every request about rows: [from, to), `last` such as 5m, or so many newest `rows`. */
export type RangeQuery = { readonly from?: string; readonly to?: string; readonly last?: string; readonly rows?: number };

/** The address of a request, e.g. for a download link. Undefined parameters are left out, lists joined by commas. */
export function apiUrl(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return `/api${path}${params.size > 0 ? `?${params}` : ''}`;
}

/** A request with JSON both ways. @throws ApiError, or AbortError when given up by `signal`. */
export async function request<T>(method: string, path: string, options: { query?: Query; body?: unknown; signal?: AbortSignal | undefined } = {}): Promise<T> {
  const { query, body, signal } = options;
  let response: Response;
  try {
    response = await fetch(apiUrl(path, query), {
      method,
      signal: signal ?? null,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({ code: 'NO_CONNECTION', message: 'the server does not answer', fix: 'Is Sluice still running? Start it again with: sh run.sh' }, 0);
  }
  if (response.ok) return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
  if (response.status === 401) signInNeeded.value = true;
  throw new ApiError(await problemOf(response), response.status);
}

async function problemOf(response: Response): Promise<Problem['error']> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as Problem).error;
  } catch {
    // A proxy in front answers in its own words.
    return { code: `HTTP_${response.status}`, message: text.slice(0, 200) || response.statusText };
  }
}

const get = <T>(path: string, query: Query, signal: AbortSignal | undefined) => request<T>('GET', path, { query, signal });
const of = (stream: string, what: string) => `/streams/${encodeURIComponent(stream)}/${what}`;
type Signal = AbortSignal | undefined;

export const getPipeline = (signal?: Signal) => get<PipelineInfo>('/pipeline', {}, signal);
export const getStatus = (signal?: Signal) => get<ApiStatus>('/status', {}, signal);
export const getStreams = (signal?: Signal) => get<ApiStream[]>('/streams', {}, signal);
export const getSeries = (stream: string, query: RangeQuery & { tags: readonly string[]; points?: number }, signal?: Signal) =>
  get<Series>(of(stream, 'series'), query, signal);
export const getScores = (stream: string, query: RangeQuery & { detectors?: readonly string[]; points?: number }, signal?: Signal) =>
  get<Scores>(of(stream, 'scores'), query, signal);
export const getRows = (stream: string, query: RangeQuery & { tags?: readonly string[]; detector?: string; limit?: number }, signal?: Signal) =>
  get<Rows>(of(stream, 'rows'), query, signal);
export const getStatistics = (stream: string, query: RangeQuery & { tags?: readonly string[] }, signal?: Signal) =>
  get<ApiTagStatistics[]>(of(stream, 'statistics'), query, signal);
export const getDistribution = (stream: string, query: RangeQuery & { tag: string; detector?: string; bins?: number }, signal?: Signal) =>
  get<Distribution>(of(stream, 'distribution'), query, signal);
export const getAgreement = (stream: string, query: RangeQuery & { detectors?: readonly string[] }, signal?: Signal) =>
  get<Agreement>(of(stream, 'agreement'), query, signal);
export const getIncidents = (query: { stream?: string; detector?: string; from?: string; to?: string; open?: boolean; limit?: number }, signal?: Signal) =>
  get<{ incidents: ApiIncident[]; more: boolean }>('/incidents', query, signal);
export const getIncident = (id: string, signal?: Signal) => get<IncidentDetail>(`/incidents/${encodeURIComponent(id)}`, {}, signal);
export const markIncident = (id: string, body: MarkBody) => request<unknown>('PUT', `/incidents/${encodeURIComponent(id)}/mark`, { body });
export const unmarkIncident = (id: string) => request<unknown>('DELETE', `/incidents/${encodeURIComponent(id)}/mark`);
export const csvUrl = (stream: string, query: { from?: string; to?: string; last?: string; tags?: readonly string[] }) => apiUrl(of(stream, 'rows.csv'), query);
export const getSession = (signal?: Signal) => get<{ required: boolean; signedIn: boolean }>('/session', {}, signal);
export const signIn = (token: string) => request<unknown>('POST', '/session', { body: { token } });
export const signOut = () => request<unknown>('DELETE', '/session');
