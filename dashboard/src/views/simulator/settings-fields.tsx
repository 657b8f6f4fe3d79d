import { useId } from 'preact/hooks';
import type { ItemSettings, Limits } from './items.ts';
import { type SettingsErrors, type SettingsText, sliderRange } from './settings.ts';

interface SettingsFieldsProps {
  readonly text: SettingsText;
  readonly errors: SettingsErrors;
  readonly limits: Limits;
  readonly onChange: (text: SettingsText) => void;
}

const fields = [
  { name: 'mean', label: 'Mean', usual: { from: -100, to: 100 }, step: 0.5 },
  { name: 'variance', label: 'Variance', usual: { from: 0, to: 100 }, step: 0.5 },
] as const;

/** Mean, variance and rate, each by a slider and as a number. */
export function SettingsFields({ text, errors, limits, onChange }: SettingsFieldsProps) {
  const change = (name: keyof ItemSettings) => (value: string) => onChange({ ...text, [name]: value });
  return (
    <div class="item-settings">
      {fields.map(({ name, label, usual, step }) => (
        <SliderField
          key={name}
          label={label}
          value={text[name]}
          error={errors[name]}
          {...sliderRange(Number(text[name]), usual)}
          step={step}
          onInput={change(name)}
        />
      ))}
      <SliderField
        label="Rate"
        unit="messages a second"
        value={text.rate}
        error={errors.rate}
        from={limits.rate.min}
        to={limits.rate.max}
        step={1}
        onInput={change('rate')}
      />
    </div>
  );
}

interface SliderFieldProps {
  readonly label: string;
  readonly unit?: string;
  readonly value: string;
  readonly error: string | undefined;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly onInput: (value: string) => void;
}

function SliderField({ label, unit, value, error, from, to, step, onInput }: SliderFieldProps) {
  const id = useId();
  const number = Number(value);
  return (
    <div class="slider-field">
      <label for={id}>
        {label}
        {unit === undefined ? null : <small> {unit}</small>}
      </label>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        value={value}
        aria-invalid={error === undefined ? undefined : true}
        aria-describedby={error === undefined ? undefined : `${id}-error`}
        autocomplete="off"
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <input
        type="range"
        aria-label={`${label} slider`}
        min={from}
        max={to}
        step={step}
        value={Number.isFinite(number) ? number : from}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {error === undefined ? null : (
        <p id={`${id}-error`} class="hint hint-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
