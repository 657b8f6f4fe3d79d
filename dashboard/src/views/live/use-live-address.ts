import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { TimeRange } from '../../charts/types.ts';
import { setParams, useParam } from '../../router.ts';
import { instant, iso } from '../../time.ts';
import type { LiveModel } from './live-model.ts';

export const usualMinutes = 5;
const minute = 60_000;

/** Milliseconds after the last change until the address follows: while a chart is dragged it stays. */
const rests = 300;

interface Place {
  readonly view: TimeRange | null;
  /** Milliseconds in sight while it follows the newest row. */
  readonly length: number;
}

/** What the address asks for: `window` in minutes, and `from` and `to` of a view that is held, or `live=0`. */
export function useLivePlace(): Place & { readonly held: boolean } {
  const [window] = useParam('window', usualMinutes);
  const [from] = useParam('from', '');
  const [to] = useParam('to', '');
  const [live] = useParam('live', 1);
  const view = { from: instant(from), to: instant(to) };
  const given = Number.isFinite(view.from) && Number.isFinite(view.to) && view.from < view.to;
  return { view: given ? view : null, length: Math.min(60, Math.max(1, window)) * minute, held: given || live === 0 };
}

/** Keeps the address and the model the same: each change of one is a change of the other. */
export function useLiveAddress(model: LiveModel): void {
  const { view, length, held } = useLivePlace();
  const asked = JSON.stringify([view, length]);
  const agreed = useRef(asked);

  // The back button, a link, or the sliders of another time.
  useEffect(() => {
    if (asked === agreed.current) return;
    agreed.current = asked;
    model.setLength(length);
    model.look(view);
  }, [asked]);

  // A link that says no more than "not live" holds what is there when it opens.
  const holds = useRef(held && view === null);
  useSignalEffect(() => {
    if (model.version.value > 0 && holds.current && model.rows.newest !== null) {
      holds.current = false;
      model.hold();
    }
  });

  useSignalEffect(() => {
    const now = model.view.value;
    const rounded = now === null ? null : { from: Math.round(now.from), to: Math.round(now.to) };
    const minutes = Math.round((model.length.value / minute) * 100) / 100;
    const timer = setTimeout(() => {
      const next = JSON.stringify([rounded, minutes * minute]);
      if (next === agreed.current || holds.current) return;
      agreed.current = next;
      setParams({
        window: [minutes, usualMinutes],
        from: [rounded === null ? '' : iso(rounded.from), ''],
        to: [rounded === null ? '' : iso(rounded.to), ''],
        live: [rounded === null ? 1 : 0, 1],
      });
    }, rests);
    return () => clearTimeout(timer);
  });
}
