import { numberText } from '../../charts/number-text.ts';
import { formatCount } from '../../numbers.ts';
import { formatDuration } from '../../time.ts';
import type { ItemSettings } from './items.ts';
import { type Anomaly, previewOf } from './preview.ts';

const width = 600;
const height = 130;
/** More points than this would not be seen. */
const most = 600;

/** What an anomaly would do to an item, on values as it might give them. */
export function AnomalyPreview({ anomaly, settings }: { anomaly: Anomaly; settings: ItemSettings }) {
  const { plain, altered, start, length } = previewOf(anomaly, settings);
  const low = Math.min(...minMax(plain), ...minMax(altered));
  const high = Math.max(...minMax(plain), ...minMax(altered));
  const x = (index: number) => (index / (plain.length - 1)) * width;
  const y = (value: number) => height - 6 - ((value - low) / (high - low || 1)) * (height - 12);
  const line = (values: readonly number[], from: number, to: number) => {
    const step = Math.max(1, Math.floor(values.length / most));
    let path = '';
    for (let k = from; k < to; k += step) path += `${path === '' ? 'M' : 'L'}${x(k).toFixed(1)} ${y(values[k]!).toFixed(1)}`;
    return path;
  };
  const seconds = formatDuration((length / settings.rate) * 1000);
  const values = `${formatCount(length)} ${length === 1 ? 'value' : 'values'}, ${seconds} at ${settings.rate} a second`;
  return (
    <figure class="anomaly-preview">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Example of the anomaly: ${values}, between ${numberText(low)} and ${numberText(high)}`}
      >
        <rect class="anomaly-preview-span" x={x(start - 0.5)} width={Math.max(2, x(length))} height={height} />
        <path class="anomaly-preview-plain" d={line(plain, 0, plain.length)} />
        <path class="anomaly-preview-line" d={line(altered, start - 1, start + length + 1)} />
      </svg>
      <figcaption class="hint">
        {values}; from {numberText(low)} to {numberText(high)}
      </figcaption>
    </figure>
  );
}

/** Of lists of any length; spreading one into Math.min has a limit. */
function minMax(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}
