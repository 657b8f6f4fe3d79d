import './charts.css';
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { numberText } from './number-text.ts';

interface HistogramProps {
  readonly title: string;
  readonly quietTitle?: boolean;
  /** One more than bins, ascending. */
  readonly edges: readonly number[];
  /** Counts of each bin, stacked in this order from the bottom. */
  readonly parts: readonly { readonly name: string; readonly tone: 'normal' | 'anomalous' | 'undefined'; readonly counts: readonly number[] }[];
  readonly unit?: string | null | undefined;
  readonly height?: number;
}

const width = 600;
const count = (value: number) => value.toLocaleString('en');

/** How often each value came. The bins can be walked with ← → once it has the focus. */
export function Histogram({ title, quietTitle = false, edges, parts, unit, height = 180 }: HistogramProps) {
  const id = useId();
  const chosen = useSignal<number | null>(null);
  const bins = Math.max(0, edges.length - 1);
  const totals = Array.from({ length: bins }, (_, bin) => parts.reduce((sum, part) => sum + (part.counts[bin] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const suffix = unit ? ` ${unit}` : '';
  const at = chosen.value;
  const choose = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    chosen.value = Math.min(bins - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * bins)));
  };
  if (bins === 0 || totals.every((total) => total === 0)) {
    return (
      <figure class="chart">
        <figcaption class={quietTitle ? 'visually-hidden' : 'chart-title'}>{title}</figcaption>
        <div class="chart-frame" style={{ height: `${height}px` }}>
          <p class="chart-empty">No values in this stretch of time.</p>
        </div>
      </figure>
    );
  }
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => edges[0] + share * (edges[bins] - edges[0]));
  return (
    <figure class="chart">
      <figcaption id={`${id}-title`} class={quietTitle ? 'visually-hidden' : 'chart-title'}>
        {title}
      </figcaption>
      <div class="chart-legend">
        <ul>
          {parts.map(({ name, tone, counts }) => (
            <li key={name} class="chart-level">
              <span class={`chart-block chart-bar-${tone}`} />
              <span class="chart-name">{name}</span>
              <span class="chart-value">{count(at === null ? counts.reduce((sum, one) => sum + one, 0) : (counts[at] ?? 0))}</span>
            </li>
          ))}
        </ul>
        {at === null ? null : (
          <span class="chart-time">
            {numberText(edges[at])} to {numberText(edges[at + 1])}
            {suffix}
          </span>
        )}
      </div>
      <div class="chart-bars">
        <span class="chart-bars-most">{count(most)}</span>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          style={{ height: `${height}px` }}
          role="application"
          aria-roledescription="histogram"
          aria-labelledby={`${id}-title`}
          aria-describedby={`${id}-now`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: keys walk its bins
          tabIndex={0}
          onPointerMove={choose}
          onPointerLeave={() => {
            chosen.value = null;
          }}
          onBlur={() => {
            chosen.value = null;
          }}
          onKeyDown={(event) => {
            const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
            if (step === 0) return;
            event.preventDefault();
            chosen.value = Math.min(bins - 1, Math.max(0, (chosen.value ?? (step > 0 ? -1 : bins)) + step));
          }}
        >
          {totals.map((_, bin) => {
            let bottom = height;
            return (
              <g key={bin} class={at === bin ? 'chart-bin chart-bin-chosen' : 'chart-bin'}>
                <rect x={(bin / bins) * width} y={0} width={width / bins} height={height} class="chart-bin-ground" />
                {parts.map(({ name, tone, counts }) => {
                  const value = counts[bin] ?? 0;
                  // What is rare beside the rest is what is looked for: never less than two pixels.
                  const size = value === 0 ? 0 : Math.max(2, (value / most) * (height - 4));
                  bottom -= size;
                  const slit = width / bins > 6 ? 1 : 0;
                  return size === 0 ? null : (
                    <rect key={name} x={(bin / bins) * width + slit / 2} y={bottom} width={width / bins - slit} height={size} class={`chart-bar-${tone}`} />
                  );
                })}
              </g>
            );
          })}
        </svg>
        <div class="chart-bars-marks" aria-hidden="true">
          {marks.map((mark) => (
            <span key={mark}>{numberText(mark)}</span>
          ))}
        </div>
        {unit ? <span class="chart-bars-unit">{unit}</span> : null}
      </div>
      <p id={`${id}-now`} class="visually-hidden" aria-live="polite">
        {at === null
          ? `From ${numberText(edges[0])} to ${numberText(edges[bins])}${suffix}; most in a bin: ${count(most)}. Arrow keys walk the bins.`
          : `${numberText(edges[at])} to ${numberText(edges[at + 1])}${suffix}: ${parts.map(({ name, counts }) => `${name} ${count(counts[at] ?? 0)}`).join(', ')}.`}
      </p>
    </figure>
  );
}
