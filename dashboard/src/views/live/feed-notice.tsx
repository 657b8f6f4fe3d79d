import { feedState } from '../../live-feed.ts';

/** Says that nothing comes, and why, while the feed is cut. */
export function FeedNotice() {
  const state = feedState.value;
  if (state === 'live' || state === 'connecting') return null;
  return (
    <p class={`live-notice live-notice-${state}`} role="status">
      {state === 'reconnecting' ? (
        <>
          <strong>The connection was cut.</strong> It is tried again; rows that come meanwhile are filled in.
        </>
      ) : (
        <>
          <strong>Sluice does not answer.</strong> What is shown stays as it was. It is still tried; if it was stopped, start it with <code>sh run.sh</code>
        </>
      )}
    </p>
  );
}
