import { useId } from 'preact/hooks';

interface SparklineProps {
  readonly values: readonly (number | null)[];
  readonly label: string;
  /** Bounds of the vertical axis; without them those of the values. */
  readonly min?: number;
  readonly max?: number;
  /** A line across, e.g. the level of a warning; what is above it stands out. */
  readonly level?: number;
  readonly height?: number;
}

const width = 200;

/** The last values as a small line. Null leaves a gap. */
export function Sparkline({ values, label, min, max, level, height = 32 }: SparklineProps) {
  const clip = useId();
  const known = values.filter((value) => value !== null);
  const low = min ?? Math.min(...known);
  const high = max ?? Math.max(...known);
  const y = (value: number) => height - 2 - ((Math.min(high, Math.max(low, value)) - low) / (high - low || 1)) * (height - 4);
  const x = (index: number) => (index / Math.max(1, values.length - 1)) * width;
  let path = '';
  values.forEach((value, index) => {
    if (value !== null) path += `${path === '' || values[index - 1] == null ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label} height={height}>
      <path class="sparkline-line" d={path} />
      {level === undefined ? null : (
        <>
          <clipPath id={clip}>
            <rect width={width} height={y(level)} />
          </clipPath>
          <path class="sparkline-high" d={path} clip-path={`url(#${clip})`} />
          <path class="sparkline-level" d={`M0 ${y(level)}H${width}`} />
        </>
      )}
    </svg>
  );
}
