import type { TimeRange } from './types.ts';

export interface PanZoom {
  range(): TimeRange;
  set(range: TimeRange): void;
  /** Whether a plain turn of the wheel belongs to the chart and not to the page: it does while the chart has the focus. */
  focused(): boolean;
}

const shortest = 50;
const longest = 20 * 366 * 86_400_000;

/** Moves a range by a share of its length. */
function panned({ from, to }: TimeRange, share: number): TimeRange {
  const by = (to - from) * share;
  return { from: from + by, to: to + by };
}

/** Makes a range `factor` times as long about a point of it, 0 its beginning and 1 its end. */
function zoomed({ from, to }: TimeRange, factor: number, about = 0.5): TimeRange {
  const length = Math.min(longest, Math.max(shortest, (to - from) * factor));
  const centre = from + (to - from) * about;
  return { from: centre - length * about, to: centre + length * (1 - about) };
}

/**
 * Wheel, shift-drag and fingers on a plot. The wheel zooms with ctrl (as a pinch on a touch pad does) or when the chart has the
 * focus, and moves with shift or sideways; one finger moves, two fingers zoom and move.
 *
 * @returns takes the listeners off again
 */
export function attachPanZoom(over: HTMLElement, view: PanZoom): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  const share = (clientX: number) => {
    const box = over.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - box.left) / box.width));
  };

  over.addEventListener(
    'wheel',
    (event) => {
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const unit = event.deltaMode === 1 ? 16 : 1;
      if (sideways || event.shiftKey) view.set(panned(view.range(), ((sideways ? event.deltaX : event.deltaY) * unit) / over.clientWidth));
      else if (event.ctrlKey || event.metaKey || view.focused())
        view.set(zoomed(view.range(), Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * unit * 0.002))), share(event.clientX)));
      else return;
      event.preventDefault();
    },
    { signal, passive: false },
  );

  // Fingers and the shifted mouse, by where they were put down.
  const down = new Map<number, number>();
  let start: { range: TimeRange; points: number[] } | undefined;
  const begin = () => {
    start = down.size === 0 ? undefined : { range: view.range(), points: [...down.values()] };
  };
  const lift = (event: PointerEvent) => {
    if (down.delete(event.pointerId)) begin();
  };
  over.style.touchAction = 'pan-y';
  over.addEventListener(
    'pointerdown',
    (event) => {
      if (event.pointerType === 'mouse' && !(event.shiftKey && event.button === 0)) return;
      over.setPointerCapture(event.pointerId);
      down.set(event.pointerId, event.clientX);
      begin();
    },
    { signal },
  );
  over.addEventListener(
    'pointermove',
    (event) => {
      if (!down.has(event.pointerId) || start === undefined) return;
      down.set(event.pointerId, event.clientX);
      const now = [...down.values()];
      const { range, points } = start;
      const length = range.to - range.from;
      const box = over.getBoundingClientRect();
      if (now.length < 2 || points.length < 2) {
        view.set(panned(range, (points[0] - now[0]) / box.width));
        return;
      }
      // The times under the two fingers stay under them.
      const apart = Math.max(20, Math.abs(now[1] - now[0])) / Math.max(20, Math.abs(points[1] - points[0]));
      const centre = range.from + (length * ((points[0] + points[1]) / 2 - box.left)) / box.width;
      const next = Math.min(longest, Math.max(shortest, length / apart));
      const from = centre - (next * ((now[0] + now[1]) / 2 - box.left)) / box.width;
      view.set({ from, to: from + next });
    },
    { signal },
  );
  over.addEventListener('pointerup', lift, { signal });
  over.addEventListener('pointercancel', lift, { signal });
  return () => abort.abort();
}

/** What a key of a focused chart does; null: not the chart's. */
export function keyed(event: KeyboardEvent, range: TimeRange): TimeRange | 'reset' | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const far = event.shiftKey ? 0.5 : 0.1;
  switch (event.key) {
    case 'ArrowLeft':
      return panned(range, -far);
    case 'ArrowRight':
      return panned(range, far);
    case '+':
    case '=':
      return zoomed(range, 1 / 1.5);
    case '-':
    case '_':
      return zoomed(range, 1.5);
    case '0':
    case 'Escape':
      return 'reset';
    default:
      return null;
  }
}
