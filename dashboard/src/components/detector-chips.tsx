import './detector-chips.css';
import { pipeline } from '../plant.ts';

interface DetectorChipsProps {
  readonly detectors: readonly string[];
  readonly selected: readonly string[];
  readonly onChange: (selected: readonly string[]) => void;
  readonly label?: string;
  /** So many stay chosen at least. */
  readonly min?: number;
}

/** Detectors and combinations to press on and off; what they do is in their tooltips. */
export function DetectorChips({ detectors, selected, onChange, label = 'Detectors', min = 0 }: DetectorChipsProps) {
  const about = new Map(pipeline.value?.detectors.map((one) => [one.name, one]));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset does not lay out as a row in every browser
    <div class="field" role="group" aria-label={label}>
      <span class="field-label">
        {label}{' '}
        <span class="figure">
          · {selected.length} of {detectors.length}
        </span>
      </span>
      <div class="detector-chips">
        {detectors.map((name) => {
          const on = selected.includes(name);
          const detector = about.get(name);
          return (
            <button
              key={name}
              type="button"
              class={detector?.kind === 'combination' ? 'detector-chip detector-combined' : 'detector-chip'}
              aria-pressed={on}
              disabled={on && selected.length <= min}
              title={detector === undefined ? name : detector.kind === 'combination' ? `Joins ${detector.of.join(', ')}` : detector.summary}
              onClick={() => onChange(detectors.filter((other) => (other === name ? !on : selected.includes(other))))}
            >
              {name}
            </button>
          );
        })}
      </div>
    </div>
  );
}
