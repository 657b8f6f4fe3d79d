import { formatDateTime, offsetLabel } from '../time.ts';
import { lowerBound } from './align.ts';
import { numberText } from './number-text.ts';
import { chartTheme, lineColor } from './theme.ts';
import type { ChartLevel, ChartSeries } from './types.ts';

interface Props {
  series: readonly ChartSeries[];
  levels: readonly ChartLevel[];
  hidden: ReadonlySet<string>;
  onToggle(name: string): void;
  /** Whose values stand beside the names: those at this time, or the newest up to it. */
  at: number;
  /** The time is the cursor's. */
  pointed: boolean;
  zone: string;
  /** Says the cursor's time too; of charts above each other the lowest does. */
  timed: boolean;
}

/** The row nearest to a time. */
function nearest(times: ArrayLike<number>, at: number): number {
  const after = lowerBound(times, at);
  if (after === 0) return 0;
  if (after === times.length) return after - 1;
  return at - times[after - 1] <= times[after] - at ? after - 1 : after;
}

/** Names of the series with their values; a press hides or shows one. */
export function ChartLegend({ series, levels, hidden, onToggle, at, pointed, zone, timed }: Props) {
  const theme = chartTheme();
  return (
    <div class="chart-legend">
      <ul>
        {series.map((one, index) => {
          const row = one.times.length === 0 ? -1 : pointed ? nearest(one.times, at) : lowerBound(one.times, at + 1) - 1;
          const shown = !hidden.has(one.name);
          return (
            <li key={one.name}>
              <button type="button" aria-pressed={shown} title={shown ? `Hide ${one.name}` : `Show ${one.name}`} onClick={() => onToggle(one.name)}>
                <span class="chart-swatch" style={{ background: lineColor(theme, one.color ?? index) }} />
                <span class="chart-name">{one.name}</span>
                <span class="chart-value">
                  {numberText(row < 0 ? null : one.values[row])}
                  {one.unit ? <span class="chart-unit"> {one.unit}</span> : null}
                </span>
              </button>
            </li>
          );
        })}
        {levels.map((level) => (
          <li key={level.label} class="chart-level">
            <span class={`chart-dash chart-dash-${level.tone}`} style={level.color === undefined ? {} : { borderColor: lineColor(theme, level.color) }} />
            <span class="chart-name">{level.label}</span>
            <span class="chart-value">{numberText(level.steps.findLast((step) => step.time <= at)?.value ?? level.steps.at(-1)?.value)}</span>
          </li>
        ))}
      </ul>
      {pointed && timed ? (
        <span class="chart-time">
          {formatDateTime(at, zone)} {offsetLabel(at, zone)}
        </span>
      ) : null}
    </div>
  );
}
