import { effect, type Signal, signal } from '@preact/signals';

/** A choice of the person at this browser, kept in its local storage; the default where there is none to keep it in. */
export function remembered<T extends string>(name: string, fallback: T, allowed: readonly T[]): Signal<T> {
  const key = `sluice.${name}`;
  const kept = storage()?.getItem(key) as T | null | undefined;
  const choice = signal(kept != null && allowed.includes(kept) ? kept : fallback);
  effect(() => storage()?.setItem(key, choice.value));
  return choice;
}

function storage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    // Reading it throws where the browser is told to keep nothing.
    return undefined;
  }
}
