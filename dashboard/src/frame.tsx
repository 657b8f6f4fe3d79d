import type { ComponentChildren } from 'preact';
import { Icon } from './components/icon.tsx';
import { hrefTo } from './router.ts';
import { type View, views } from './routes.tsx';

/** What stands around every view: navigation, state of the feed, settings of this browser. */
export function Frame({ view, children }: { view: View | undefined; children: ComponentChildren }) {
  return (
    <>
      <a class="skip-link" href="#content">
        Skip to the content
      </a>
      <div class="frame">
        <nav class="sidebar" aria-label="Views">
          {views.map(({ path, title, icon }) => (
            <a key={path} class="nav-link" href={hrefTo(path)} aria-current={path === view?.path ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{title}</span>
            </a>
          ))}
        </nav>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
    </>
  );
}
