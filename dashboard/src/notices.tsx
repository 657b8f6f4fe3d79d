import { StatusMark } from './components/status-mark.tsx';
import { type FeedState, feedState, status } from './live-feed.ts';
import { formatCount } from './numbers.ts';
import { streamName } from './plant.ts';

/** What one should know on every view: no connection, not ready, nothing more to come. One at a time, the gravest first. */
export function Notices() {
  const now = status.value;
  const learning = now?.streams.some(({ stream, warmUp }) => stream === streamName.value && warmUp.stage !== 'ready') === true;
  return (
    <div role="status">
      <Notice
        feed={feedState.value}
        reason={now === null || now.ready || learning ? null : (now.reason ?? 'it does not say why')}
        ended={now?.ended === true}
        stored={now?.rows.stored ?? 0}
      />
    </div>
  );
}

function Notice({ feed, reason, ended, stored }: { feed: FeedState; reason: string | null; ended: boolean; stored: number }) {
  if (feed === 'offline') {
    return (
      <p class="notice notice-error">
        <StatusMark status="error" label="Sluice does not answer. What you see is the last that came; the page goes on by itself when it is back." />
      </p>
    );
  }
  if (reason !== null) {
    return (
      <p class="notice">
        <StatusMark status="warning" label={`Not ready: ${reason}`} />
      </p>
    );
  }
  if (ended) {
    return (
      <p class="notice notice-ok">
        <StatusMark status="ok" label={`The recording has ended: all ${formatCount(stored)} rows are stored, and stay here to look at.`} />
      </p>
    );
  }
  return null;
}
