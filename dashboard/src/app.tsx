import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { signInNeeded } from './api.ts';
import { ErrorState, Skeleton } from './components/states.tsx';
import { Toasts } from './components/toast.tsx';
import { Frame } from './frame.tsx';
import { startFeed } from './live-feed.ts';
import { usePlant } from './plant.ts';
import { path } from './router.ts';
import { type View, viewOf } from './routes.tsx';
import { SignIn } from './sign-in.tsx';
import { NotFound } from './views/not-found.tsx';

export function App() {
  const view = viewOf(path.value);
  const plant = usePlant();
  useEffect(startFeed, []);
  const first = useRef(true);
  useEffect(() => {
    // Who uses a screen reader or the keyboard goes on from the top of the new view.
    if (!first.current) document.getElementById('content')?.focus({ preventScroll: true });
    first.current = false;
  }, [view?.path]);
  useEffect(() => {
    document.title = `${view?.title ?? 'Not found'} · Sluice`;
  }, [view]);
  if (signInNeeded.value) return <SignIn />;
  return (
    <Frame view={view}>
      {plant.state === 'error' && plant.data === undefined ? (
        <ErrorState error={plant.error} retry={plant.reload} />
      ) : plant.state === 'loading' ? (
        <Skeleton height={320} />
      ) : view === undefined ? (
        <NotFound />
      ) : (
        <Lazy key={view.path} view={view} />
      )}
      <Toasts />
    </Frame>
  );
}

/** A view's part of the program, fetched when it is first shown. */
function Lazy({ view }: { view: View }) {
  const [Loaded, setLoaded] = useState<ComponentType | undefined>(() => fetched.get(view.path));
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (Loaded !== undefined) return;
    let wanted = true;
    view.load().then(
      ({ default: component }) => {
        fetched.set(view.path, component);
        if (wanted) setLoaded(() => component);
      },
      () => setFailed(true),
    );
    return () => {
      wanted = false;
    };
  }, [view]);
  if (failed) {
    return (
      <div class="state state-error" role="alert">
        <p class="state-title">This view could not be loaded</p>
        <p class="state-text">The server may have been updated or stopped meanwhile.</p>
        <button type="button" class="button" onClick={() => window.location.reload()}>
          Reload the page
        </button>
      </div>
    );
  }
  return Loaded === undefined ? <Skeleton height={320} /> : <Loaded />;
}

const fetched = new Map<string, ComponentType>();
