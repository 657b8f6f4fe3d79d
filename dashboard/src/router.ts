import { computed, signal } from '@preact/signals';
import { type Param, queryText, readParam, writeParam } from './query.ts';

interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const here = (): Place => ({ path: window.location.pathname, query: new URLSearchParams(window.location.search) });

/** Where the page is now. */
export const place = signal<Place>(here());
export const path = computed(() => place.value.path);

/** Changes of one setting within this time are one step of the history, so that a slider does not fill it. */
const oneStep = 1_000;
let lastChange = { name: '', time: 0 };

export function navigate(href: string, { replace = false } = {}): void {
  if (replace) window.history.replaceState(null, '', href);
  else window.history.pushState(null, '', href);
  place.value = here();
}

/** An address of this page that keeps the chosen stream. Parameters that are undefined are left out. */
export function hrefTo(to: string, params: Readonly<Record<string, string | number | undefined>> = {}): string {
  const query = new URLSearchParams();
  const stream = place.value.query.get('stream');
  if (stream !== null) query.set('stream', stream);
  for (const [name, value] of Object.entries(params)) if (value !== undefined) query.set(name, String(value));
  return to + queryText(query);
}

/**
 * A setting that lives in the address, so that every view can be linked to and the back button undoes it.
 * `const [minutes, setMinutes] = useParam('minutes', 5);`
 */
export function useParam<T extends Param>(name: string, fallback: T): [Widened<T>, (value: Widened<T>) => void] {
  const value = readParam<Param>(place.value.query, name, fallback) as Widened<T>;
  return [value, (next) => setParams({ [name]: [next, fallback] })];
}

/** `5` is a number and `'a'` a text: a default does not narrow what may be set. */
type Widened<T extends Param> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : readonly string[];

/** Sets several settings in one step of the history: name to [value, default]. */
export function setParams(changes: Readonly<Record<string, readonly [Param, Param]>>): void {
  let { query } = place.peek();
  for (const [name, [value, fallback]] of Object.entries(changes)) query = writeParam(query, name, value, fallback);
  const name = Object.keys(changes).sort().join();
  const replace = name === lastChange.name && performance.now() - lastChange.time < oneStep;
  lastChange = { name, time: performance.now() };
  const href = place.peek().path + queryText(query);
  if (href !== window.location.pathname + window.location.search) navigate(href, { replace });
}

/** Links are plain `<a href>`; those to this page's views change the view instead of loading the page again. */
export function followLinks(isView: (path: string) => boolean): void {
  window.addEventListener('popstate', () => {
    place.value = here();
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest('a');
    if (link === null || link.target !== '' || link.hasAttribute('download') || link.origin !== window.location.origin) return;
    if (!isView(link.pathname) || link.hash !== '') return;
    event.preventDefault();
    if (link.href === window.location.href) return;
    const elsewhere = link.pathname !== window.location.pathname;
    navigate(link.href);
    if (elsewhere) window.scrollTo(0, 0);
  });
}
