import { useRef, useState } from 'preact/hooks';
import type { Span } from './lanes.ts';

/** Moving the pointer by less is a click, px. */
const still = 5;

/** A stretch of time chosen by dragging over a plot; Esc gives it up. */
export function useDragZoom(timeAt: (px: number) => number, onZoom: (range: Span) => void) {
  const start = useRef<{ px: number; pointer: number } | undefined>(undefined);
  const [chosen, setChosen] = useState<Span | undefined>();
  const px = (event: PointerEvent) => event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
  const giveUp = () => {
    start.current = undefined;
    setChosen(undefined);
  };
  return {
    chosen,
    handlers: {
      onPointerDown(event: PointerEvent) {
        if (event.button === 0) start.current = { px: px(event), pointer: event.pointerId };
      },
      onPointerMove(event: PointerEvent) {
        const from = start.current;
        if (from === undefined || from.pointer !== event.pointerId) return;
        const at = px(event);
        if (chosen === undefined && Math.abs(at - from.px) < still) return;
        // From now on it is ours, also outside of the plot; a bar that it began on is not clicked.
        (event.currentTarget as Element).setPointerCapture(event.pointerId);
        const [a, b] = [timeAt(from.px), timeAt(at)];
        setChosen({ from: Math.min(a, b), to: Math.max(a, b) });
      },
      onPointerUp() {
        if (chosen !== undefined && chosen.to > chosen.from) onZoom({ from: Math.round(chosen.from), to: Math.round(chosen.to) });
        giveUp();
      },
      onPointerCancel: giveUp,
      onKeyUp(event: KeyboardEvent) {
        if (event.key === 'Escape') giveUp();
      },
    },
  };
}
