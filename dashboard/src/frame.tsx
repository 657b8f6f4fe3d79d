import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from './components/button.tsx';
import { Dialog } from './components/dialog.tsx';
import { Icon } from './components/icon.tsx';
import { Time } from './components/time.tsx';
import { HelpDialog } from './help-dialog.tsx';
import { helpShown } from './keyboard.ts';
import { type FeedState, feedState, status } from './live-feed.ts';
import mark from './mark.svg';
import { Notices } from './notices.tsx';
import { pipeline, stream, streamName, streams, useStream } from './plant.ts';
import { hrefTo } from './router.ts';
import { type View, views } from './routes.tsx';
import { Settings } from './settings.tsx';

/** In the bar at the bottom of a phone; the others are behind More. */
const inTabBar = ['/', '/live', '/incidents', '/data'];

/** What stands around every view: navigation, the stream, state of the feed, settings of this browser. */
export function Frame({ view, children }: { view: View | undefined; children: ComponentChildren }) {
  const [more, setMore] = useState(false);
  const current = view?.path;
  const links = (shown: readonly View[]) => shown.map((one) => <NavLink key={one.path} view={one} current={one.path === current} />);
  return (
    <>
      <a class="skip-link" href="#content">
        Skip to the content
      </a>
      <div class="frame">
        <aside class="sidebar" aria-label="Views and settings">
          <Brand />
          <nav aria-label="Views">{links(views)}</nav>
          <Settings />
        </aside>
        <div class="topbars">
          <Topbar />
          <Notices />
        </div>
        <main id="content" tabIndex={-1}>
          <div class="view">{children}</div>
        </main>
      </div>
      <nav class="tabbar" aria-label="Main views">
        {links(views.filter(({ path }) => inTabBar.includes(path)))}
        <button
          type="button"
          aria-haspopup="dialog"
          aria-current={current !== undefined && !inTabBar.includes(current) ? 'page' : undefined}
          onClick={() => setMore(true)}
        >
          <Icon name="menu" />
          More
        </button>
      </nav>
      <Dialog title="Sluice" side open={more} onClose={() => setMore(false)}>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: a link that is followed by Enter is clicked too */}
        <nav aria-label="All views" onClick={() => setMore(false)}>
          {links(views)}
        </nav>
        <Settings />
      </Dialog>
      <HelpDialog />
    </>
  );
}

function Brand() {
  return (
    <a class="brand" href={hrefTo('/')} aria-label="Sluice, overview">
      <img src={mark} alt="" width={28} height={28} />
      <span>Sluice</span>
    </a>
  );
}

function NavLink({ view: { path, title, icon }, current }: { view: View; current: boolean }) {
  const open = path === '/incidents' ? (status.value?.openIncidents ?? 0) : 0;
  return (
    <a class="nav-link" href={hrefTo(path)} aria-current={current ? 'page' : undefined}>
      <Icon name={icon} />
      <span>{title}</span>
      {open === 0 ? null : (
        <span class="nav-count">
          {open}
          <span class="visually-hidden"> open</span>
        </span>
      )}
    </a>
  );
}

/** So many streams fit in a list; more are chosen on the overview. */
const inList = 200;

function Topbar() {
  const [name, choose] = useStream();
  const known = streams.value ?? [];
  const newest = status.value?.streams.find((one) => one.stream === streamName.value)?.newest ?? stream.value?.last ?? null;
  return (
    <header class="topbar">
      <Brand />
      <div class="topbar-stream">
        {known.length > 1 ? (
          <select aria-label="Stream" value={name} onChange={(event) => choose(event.currentTarget.value)}>
            {known.some(({ stream: one }) => one === name) ? null : <option value={name}>{name}</option>}
            {known.slice(0, inList).map(({ stream: one }) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        ) : (
          <span title="Stream">{name}</span>
        )}
      </div>
      <div class="topbar-end">
        {newest === null ? null : (
          <span class="wide hint">
            {pipeline.value?.clock === 'shifted' ? 'Newest row (moved to now) ' : 'Newest row '}
            <Time at={newest} />
          </span>
        )}
        <Feed state={feedState.value} />
        <Button kind="quiet" icon="help" label="Keys and help (?)" onClick={() => (helpShown.value = true)} />
      </div>
    </header>
  );
}

const feedWords: Record<FeedState, string> = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', offline: 'No connection' };

function Feed({ state }: { state: FeedState }) {
  const ended = state === 'live' && status.value?.ended === true;
  return (
    <span class={`feed feed-${ended ? 'ended' : state}`} role="status" title={ended ? 'The recording was read to its end; nothing more will come.' : undefined}>
      {ended ? 'Recording ended' : feedWords[state]}
    </span>
  );
}
