import type { Status } from './status-mark.tsx';

interface MeterProps {
  readonly label: string;
  /** 0 to `of`. */
  readonly value: number;
  readonly of?: number;
  /** What stands beside the label, e.g. `3,200 of 7,200`. */
  readonly text?: string;
  readonly status?: Status;
}

/** How full, how far: a bar with its label and figure. */
export function Meter({ label, value, of = 1, text, status }: MeterProps) {
  const share = of > 0 ? Math.min(1, Math.max(0, value / of)) : 0;
  return (
    <div class={`meter ${status === undefined ? '' : `meter-${status}`}`}>
      <div class="meter-text">
        <span>{label}</span>
        <span class="figure">{text ?? `${Math.round(share * 100)} %`}</span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: what is inside a <meter> cannot be styled in every browser */}
      <div
        class="meter-track"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={text}
      >
        <div class="meter-fill" style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
