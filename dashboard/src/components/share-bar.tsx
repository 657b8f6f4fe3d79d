/** Part of a score that a tag, or a stage, accounts for. Its sign: above (+) or below (-) what was expected. */
export interface Share {
  readonly name: string;
  readonly detail?: string | null;
  readonly share: number;
}

const percent = (share: number) => `${Math.round(Math.abs(share) * 100)} %`;

/** Shares as bars from the middle: to the right above what was expected, to the left below. With `signed` false all go to the right. */
export function ShareBar({ shares, label, signed = true }: { shares: readonly Share[]; label: string; signed?: boolean }) {
  const largest = Math.max(...shares.map(({ share }) => Math.abs(share)), 1e-9);
  return (
    <ul class={signed ? 'shares shares-signed' : 'shares'} aria-label={label}>
      {shares.map(({ name, detail, share }) => (
        <li key={name}>
          <span class="share-name">
            {name}
            {detail == null ? null : <small> {detail}</small>}
          </span>
          <span class="share-track" aria-hidden="true">
            <span
              class={`share-fill ${share < 0 && signed ? 'share-below' : 'share-above'}`}
              style={{ width: `${(Math.abs(share) / largest) * (signed ? 50 : 100)}%` }}
            />
          </span>
          <span class="figure">
            {percent(share)}
            {signed ? <span class="visually-hidden">{share < 0 ? ' below what was expected' : ' above what was expected'}</span> : null}
          </span>
        </li>
      ))}
    </ul>
  );
}
