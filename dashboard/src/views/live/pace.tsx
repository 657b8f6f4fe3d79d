import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { StatusMark, statusOf } from '../../components/status-mark.tsx';
import { feedState, status } from '../../live-feed.ts';
import { formatDuration } from '../../time.ts';
import type { LiveModel } from './live-model.ts';

/** Rows older than this are of another time, such as a recording's: how old they are says nothing. */
const present = 86_400_000;

/** How the view stands to the stream: whether it follows, how fast rows come, how old the newest is, what was said of it. */
export function Pace({ model, onFollow }: { model: LiveModel; onFollow: () => void }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const held = model.view.value !== null;
  const { rate, cameAt } = model.pace(Math.max(now, Date.now()));
  const { newest } = model.rows;
  const behind = model.behind();
  const ended = status.value?.ended === true;
  const cut = feedState.value === 'reconnecting' || feedState.value === 'offline';
  const came = cameAt === null ? null : Math.max(0, now - cameAt);
  return (
    <div class="live-pace">
      <span class={`live-state ${held ? 'live-held' : cut ? 'live-cut' : ''}`}>
        {held ? 'Held' : cut ? 'No rows come' : ended ? 'At the end' : 'Following'}
      </span>
      {held ? (
        <span class="live-behind">
          {behind === 0 ? 'at the newest row' : `${formatDuration(Math.round(behind / 1000) * 1000 || behind)} behind`}
          <Button kind="quiet" icon="play" label="Follow the newest rows (space)" onClick={onFollow}>
            Resume
          </Button>
        </span>
      ) : null}
      <dl>
        <div>
          <dt>Rows a second</dt>
          <dd>{rate === 0 ? '0' : rate.toFixed(rate < 10 ? 1 : 0)}</dd>
        </div>
        {came === null ? null : (
          <div>
            <dt>Newest row came</dt>
            <dd>{came < 950 ? 'just now' : `${formatDuration(Math.round(came / 1000) * 1000)} ago`}</dd>
          </div>
        )}
        {newest !== null && now - newest < present ? (
          <div>
            <dt>Its age</dt>
            <dd>{formatDuration(Math.max(0, Math.round((now - newest) / 100) * 100))}</dd>
          </div>
        ) : null}
        {status.value?.lag.rows == null || ended ? null : (
          <div>
            <dt>Waiting</dt>
            <dd>{status.value.lag.rows.toLocaleString('en')} rows</dd>
          </div>
        )}
      </dl>
      {model.rows.detectors.map((detector) => {
        const { status: verdicts } = model.rows.verdicts(detector);
        return (
          <span key={detector} class="live-verdict">
            <StatusMark status={cut ? 'undefined' : statusOf(verdicts[verdicts.length - 1])} label={detector} size={14} />
          </span>
        );
      })}
    </div>
  );
}
