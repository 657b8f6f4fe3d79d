import 'uplot/dist/uPlot.min.css';
import './charts.css';
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { attachPanZoom, keyed } from './pan-zoom.ts';
import { themeChanges } from './theme.ts';
import type { Plot, PlotEvents, TimeInput } from './time-plot.ts';
import type { TimeRange } from './types.ts';

interface ChartFrameProps<Input extends TimeInput> {
  readonly title: string;
  readonly quietTitle: boolean;
  readonly height: number;
  readonly input: Input;
  /** What the plot is built of: while it stays the same, new data are painted without building anew. */
  readonly shape: string;
  readonly create: (host: HTMLElement, input: Input, size: { width: number; height: number }, events: PlotEvents) => Plot<Input>;
  readonly onRange: (range: TimeRange) => void;
  readonly onReset: () => void;
  readonly onPoint: (time: number | null) => void;
  /** The chart in words; asked for every other second at most. */
  readonly summary: () => string;
  /** What is said in place of a plot that has nothing to show. */
  readonly empty: string | undefined;
  /** Nothing says which stretch of time to show. */
  readonly blank: boolean;
  readonly loading: boolean;
  /** Between the heading and the plot. */
  readonly children?: ComponentChildren;
}

/** Heading, legend and a plot that fills the width: it takes pointers and keys, and draws once per frame of the screen at most. */
export function ChartFrame<Input extends TimeInput>(props: ChartFrameProps<Input>) {
  const { title, height, input, loading, empty } = props;
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  const summary = useRef({ text: '', at: 0 });
  const latest = useRef(props);
  latest.current = props;

  const built = useRef<{ plot: Plot<Input>; shape: string; size: string; detach: () => void } | null>(null);
  const awaited = useRef(0);
  const drop = () => {
    built.current?.detach();
    built.current?.plot.destroy();
    built.current = null;
  };
  const paint = () => {
    const { input, height, blank, shape: plain, create } = latest.current;
    if (host.current === null || width.peek() === 0) return;
    if (blank) return drop();
    const shape = `${plain} ${themeChanges.peek()}`;
    const size = { width: width.peek(), height };
    if (built.current?.shape !== shape) {
      drop();
      const plot = create(host.current, input, size, {
        select: (range) => latest.current.onRange(range),
        reset: () => latest.current.onReset(),
        cursor: (time) => latest.current.onPoint(time),
      });
      const detach = attachPanZoom(plot.over, {
        range: () => latest.current.input.range,
        set: (range) => latest.current.onRange(range),
        focused: () => frame.current === document.activeElement,
      });
      built.current = { plot, shape, size: JSON.stringify(size), detach };
    } else if (built.current.size !== JSON.stringify(size)) {
      built.current.plot.resize(size.width, size.height);
      built.current.size = JSON.stringify(size);
    }
    built.current?.plot.paint(input);
  };

  // However often the rows change between two frames of the screen, they are drawn once; not at all while the page is hidden.
  useLayoutEffect(() => {
    if (awaited.current !== 0) return;
    awaited.current = requestAnimationFrame(() => {
      awaited.current = 0;
      paint();
    });
  });

  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.value = Math.floor(entry!.contentRect.width);
    });
    observer.observe(host.current!);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(awaited.current);
      awaited.current = 0;
      drop();
    };
  }, []);

  // Read here, they draw anew when they change.
  const ready = width.value > 0 && themeChanges.value >= 0;
  const now = Date.now();
  if (now - summary.current.at > 2000) summary.current = { text: props.summary(), at: now };

  return (
    <figure class="chart" data-ready={ready} aria-busy={loading}>
      <figcaption id={`${id}-title`} class={props.quietTitle ? 'visually-hidden' : 'chart-title'}>
        {title}
      </figcaption>
      {props.children}
      <div
        ref={frame}
        class="chart-frame"
        role="application"
        aria-roledescription="chart"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-summary`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move and zoom it
        tabIndex={0}
        style={{ height: `${height}px` }}
        onKeyDown={(event) => {
          const next = keyed(event, input.range);
          if (next === null) return;
          event.preventDefault();
          if (next === 'reset') props.onReset();
          else props.onRange(next);
        }}
      >
        <div ref={host} class="chart-host" />
        {loading ? <div class="chart-loading" /> : null}
        {empty !== undefined && !loading ? <p class="chart-empty">{empty}</p> : null}
      </div>
      <p id={`${id}-summary`} class="visually-hidden">
        {summary.current.text} Arrow keys move, plus and minus zoom, 0 resets.
      </p>
    </figure>
  );
}
