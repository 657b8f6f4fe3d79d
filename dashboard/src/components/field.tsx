import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  /** Gets the id to put on the control, and the id of hint or error for aria-describedby. */
  readonly children: (control: { id: string; describedBy: string | undefined }) => ComponentChildren;
}

/** A label, a control, and what to know about it or what is wrong with it. */
export function Field({ label, hint, error, children }: FieldProps) {
  const id = useId();
  const describedBy = hint === undefined && error === undefined ? undefined : `${id}-hint`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, describedBy })}
      {describedBy === undefined ? null : (
        <p id={describedBy} class={error === undefined ? 'hint' : 'hint hint-error'} role={error === undefined ? undefined : 'alert'}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

interface InputProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: 'text' | 'number' | 'password' | 'search' | 'datetime-local';
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  readonly min?: number | string;
  readonly max?: number | string;
  readonly step?: number | string;
  readonly disabled?: boolean;
  readonly autocomplete?: string;
  /** Focused by the key /. One on each view at most. */
  readonly filter?: boolean;
}

export function Input({ label, value, onInput, type = 'text', hint, error, filter = false, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {({ id, describedBy }) => (
        <input
          id={id}
          type={type}
          value={value}
          onInput={(event) => onInput(event.currentTarget.value)}
          aria-describedby={describedBy}
          aria-invalid={error === undefined ? undefined : true}
          data-filter={filter ? '' : undefined}
          {...rest}
        />
      )}
    </Field>
  );
}

interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { value: string; label: string; disabled?: boolean }[];
  readonly onChange: (value: string) => void;
  readonly hint?: string | undefined;
}

export function Select({ label, value, options, onChange, hint }: SelectProps) {
  return (
    <Field label={label} hint={hint}>
      {({ id, describedBy }) => (
        <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)} aria-describedby={describedBy}>
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.disabled ?? false}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly onInput: (value: number) => void;
  /** The value as people read it, e.g. `15 min`; also read out. */
  readonly format?: (value: number) => string;
}

export function Slider({ label, value, min, max, step = 1, onInput, format = String }: SliderProps) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>{label}</label>
      <output for={id}>{format(value)}</output>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={format(value)}
        onInput={(event) => onInput(Number(event.currentTarget.value))}
      />
    </div>
  );
}

/** On or off, at once: `<Toggle label="Live" on={live} onChange={setLive} />` */
export function Toggle({ label, on, onChange, disabled = false }: { label: string; on: boolean; onChange: (on: boolean) => void; disabled?: boolean }) {
  return (
    <button type="button" class="toggle" role="switch" aria-checked={on} disabled={disabled} onClick={() => onChange(!on)}>
      <span class="toggle-track" aria-hidden="true">
        <span class="toggle-thumb" />
      </span>
      {label}
    </button>
  );
}
