import { useState } from 'preact/hooks';
import type { ApiIncident, ApiStatus } from '../../../../serve/api.ts';
import { Card } from '../../components/card.tsx';
import { Input } from '../../components/field.tsx';
import { type Status, StatusMark } from '../../components/status-mark.tsx';
import { Time } from '../../components/time.tsx';
import { severity } from './stage-state.ts';

interface StreamListProps {
  readonly status: ApiStatus;
  readonly open: readonly ApiIncident[];
  readonly chosen: string;
  readonly onChoose: (stream: string) => void;
}

/** Many small streams, the troubled ones first; choosing one shows the rest of the page for it. */
export function StreamList({ status: { streams, streamCount }, open, chosen, onChoose }: StreamListProps) {
  const [search, setSearch] = useState('');
  const stateOf = (name: string, ready: boolean): Status => {
    const own = open.filter(({ stream }) => stream === name);
    if (own.length > 0) return own.some((incident) => severity(incident) === 'error') ? 'error' : 'warning';
    return ready ? 'ok' : 'undefined';
  };
  const rows = streams
    .map((one) => ({ ...one, state: stateOf(one.stream, one.warmUp.stage === 'ready') }))
    .filter(({ stream }) => stream.toLowerCase().includes(search.toLowerCase()))
    .toSorted((a, b) => rank[a.state] - rank[b.state] || byName.compare(a.stream, b.stream));
  const hint = streamCount > streams.length ? `The ${streams.length} that had rows last, of ${streamCount.toLocaleString('en')}.` : undefined;
  return (
    <Card title="Streams" hint={hint}>
      <Input label="Find a stream" type="search" value={search} onInput={setSearch} filter />
      <ul class="streams">
        {rows.map(({ stream, state, warmUp, rowsPerSecond, newest }) => (
          <li key={stream}>
            <button type="button" class="stream" aria-pressed={stream === chosen} onClick={() => onChoose(stream)}>
              <StatusMark status={state} />
              <strong>{stream}</strong>
              <small>
                {warmUp.stage === 'ready'
                  ? `${rowsPerSecond.toFixed(1)} rows/s`
                  : `learning: ${warmUp.have.toLocaleString('en')} of ${warmUp.need.toLocaleString('en')}`}
                {newest === null ? null : (
                  <>
                    {' · '}
                    <Time at={newest} clock quiet />
                  </>
                )}
              </small>
            </button>
          </li>
        ))}
      </ul>
      {rows.length === 0 ? <p class="hint">No stream has “{search}” in its name.</p> : null}
    </Card>
  );
}

/** By name, so that the list stands still while rows come. */
const byName = new Intl.Collator('en', { numeric: true });
const rank: Record<Status, number> = { error: 0, warning: 1, undefined: 2, ok: 3 };
