import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { hrefTo, navigate } from './router.ts';
import { views } from './routes.tsx';

/** Whether the list of keys is shown. */
export const helpShown = signal(false);

interface Shortcut {
  readonly key: string;
  readonly says: string;
  readonly run: () => void;
}

/** Keys of the view on show, for the list of keys. */
export const viewShortcuts = signal<readonly Shortcut[]>([]);

/** So long after g the next key still counts, ms. */
const together = 1_500;
let afterG = Number.NEGATIVE_INFINITY;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type=checkbox], [type=radio], [type=range]), textarea, select'))
  );
}

/** Controls that have a meaning of their own for the space bar. */
const takesSpace = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches('button, a, input, summary, [role=option], [role=switch], [role=row]');

export function listenForKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const { key } = event;
    if (event.timeStamp - afterG < together) {
      afterG = Number.NEGATIVE_INFINITY;
      const view = views.find((candidate) => candidate.key === key);
      if (view === undefined) return;
      event.preventDefault();
      navigate(hrefTo(view.path));
      return;
    }
    if (key === 'g') {
      afterG = event.timeStamp;
    } else if (key === '?') {
      event.preventDefault();
      helpShown.value = true;
    } else if (key === '/') {
      const field = document.querySelector<HTMLElement>('[data-filter]');
      if (field === null) return;
      event.preventDefault();
      field.focus();
    } else {
      const shortcut = viewShortcuts.value.find((candidate) => candidate.key === key);
      if (shortcut === undefined || (key === ' ' && takesSpace(event.target))) return;
      event.preventDefault();
      shortcut.run();
    }
  });
}

/** A key of a view while it is on show: `useShortcut(' ', 'Hold or follow the newest rows', toggle);` */
export function useShortcut(key: string, says: string, run: () => void): void {
  const latest = useRef(run);
  latest.current = run;
  useEffect(() => {
    const shortcut: Shortcut = { key, says, run: () => latest.current() };
    viewShortcuts.value = [...viewShortcuts.peek(), shortcut];
    return () => {
      viewShortcuts.value = viewShortcuts.peek().filter((other) => other !== shortcut);
    };
  }, [key, says]);
}
