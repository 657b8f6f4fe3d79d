import type { ComponentChildren } from 'preact';
import type { ApiStatus } from '../../../../serve/api.ts';
import { Time } from '../../components/time.tsx';
import { formatCount, formatRate } from '../../numbers.ts';
import { formatDuration, type Instant } from '../../time.ts';

/** How the work goes: rate, lag, what is stored and what could not be read. */
export function Figures({ status: { rows, rowsPerSecond, lag, ended }, newest }: { status: ApiStatus; newest: Instant | null }) {
  const extra = [rows.duplicate > 0 ? `${formatCount(rows.duplicate)} doubled, left out` : '', rows.late > 0 ? `${formatCount(rows.late)} late` : ''].filter(
    Boolean,
  );
  return (
    <dl class="overview-figures">
      <Figure label="Rows a second" value={formatRate(rowsPerSecond)} note={ended ? 'the recording has ended' : 'over the last ten seconds'} />
      <Figure
        label="Lag"
        value={lag.rows === null ? 'unknown' : `${formatCount(lag.rows)} ${lag.rows === 1 ? 'row' : 'rows'}`}
        note={lag.seconds === null ? 'waiting to be read' : `the newest is ${formatDuration(lag.seconds * 1000)} old`}
      />
      <Figure label="Rows stored" value={formatCount(rows.stored)} note={extra.length > 0 ? extra.join(', ') : `${formatCount(rows.read)} read`} />
      <Figure
        label="Dead letters"
        value={formatCount(rows.dead)}
        note={rows.dead === 0 ? 'every row could be read' : 'see them: ./sluice dead-letters'}
        tone={rows.dead > 0 ? 'warning' : undefined}
      />
      <Figure label="Newest row" value={newest === null ? 'none yet' : <Time at={newest} />} wide />
    </dl>
  );
}

function Figure({
  label,
  value,
  note,
  tone,
  wide = false,
}: {
  label: string;
  value: ComponentChildren;
  note?: string;
  tone?: 'warning' | undefined;
  wide?: boolean;
}) {
  return (
    <div class={`figure-box ${tone === undefined ? '' : `figure-${tone}`} ${wide ? 'figure-wide' : ''}`}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      {note === undefined ? null : <dd class="hint">{note}</dd>}
    </div>
  );
}
