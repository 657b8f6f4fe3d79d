import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api.ts';

/**
 * What was asked for, as it stands. While it is asked for again, the old data stays and `reloading` is true; after a failed
 * request the old data is still there, if there ever was any.
 */
export type Resource<T> = { readonly reload: () => void } & (
  | { readonly state: 'loading'; readonly data?: undefined; readonly error?: undefined; readonly reloading: true }
  | { readonly state: 'ready'; readonly data: T; readonly error?: undefined; readonly reloading: boolean }
  | { readonly state: 'error'; readonly data?: T | undefined; readonly error: ApiError; readonly reloading: boolean }
);

/** Grows when everything on the page is out of date, e.g. the server was started anew; every resource is then asked for again. */
export const generation = signal(0);

type Answer<T> = { readonly data?: T; readonly error?: ApiError };

/**
 * Asks for something when `key` changes, and gives the request up when the component goes. A null key asks for nothing.
 * `const incident = useResource(id, (signal) => getIncident(id, signal));`
 */
export function useResource<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Resource<T> {
  const [answer, setAnswer] = useState<Answer<T>>({});
  const [asked, setAsked] = useState(0);
  const [settled, setSettled] = useState<string>();
  const latest = useRef(load);
  latest.current = load;
  const question = key === null ? null : `${key} ${asked} ${generation.value}`;

  useEffect(() => {
    if (question === null) return;
    const controller = new AbortController();
    latest
      .current(controller.signal)
      .then((data) => ({ data }))
      .catch((error: unknown) => (old: Answer<T>) => ({ ...old, error: asApiError(error) }))
      .then((next) => {
        if (controller.signal.aborted) return;
        setAnswer(next);
        setSettled(question);
      });
    return () => controller.abort();
  }, [question]);

  const reload = () => setAsked((times) => times + 1);
  const reloading = settled !== question;
  if (answer.error !== undefined) return { state: 'error', ...answer, error: answer.error, reloading, reload };
  if ('data' in answer) return { state: 'ready', data: answer.data as T, reloading, reload };
  return { state: 'loading', reloading: true, reload };
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError({ code: 'PAGE', message: String(error), fix: 'Reload the page. If it stays, the browser console says more.' }, 0);
}
