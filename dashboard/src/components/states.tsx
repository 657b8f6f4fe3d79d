import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api.ts';
import type { Resource } from '../resource.ts';
import { Button } from './button.tsx';
import { Command } from './command.tsx';
import { Icon, type IconName } from './icon.tsx';

/** Nothing to show yet, and what to do about it. `command` is shown as something to type. */
export function EmptyState({ title, icon = 'search', command, children }: { title: string; icon?: IconName; command?: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <span class="state-icon">
        <Icon name={icon} size={26} />
      </span>
      <p class="state-title">{title}</p>
      {children === undefined ? null : <div class="state-text">{children}</div>}
      {command === undefined ? null : <Command text={command} />}
    </div>
  );
}

/** What went wrong, in the server's words, what to do, and a way to try again. */
export function ErrorState({ error, retry }: { error: ApiError; retry?: (() => void) | undefined }) {
  return (
    <div class="state state-error" role="alert">
      <span class="state-icon">
        <Icon name="incidents" size={26} />
      </span>
      <p class="state-title">{error.message}</p>
      {error.fix === undefined ? null : <p class="state-text">{error.fix}</p>}
      <p class="hint">
        {error.code}
        {error.place === undefined ? '' : ` at ${error.place}`}
      </p>
      {retry === undefined ? null : (
        <Button icon="reload" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Where something will be, while it is asked for: `lines` of text, or a block `height` px high. */
export function Skeleton({ lines = 3, height }: { lines?: number; height?: number }) {
  if (height !== undefined) return <div class="skeleton" style={{ height: `${height}px` }} aria-hidden="true" />;
  return (
    <div class="skeleton-lines" aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        <div key={line} class="skeleton" />
      ))}
    </div>
  );
}

/** One of the three: a skeleton, the error, or what the data is shown as. Old data stays under a later error. */
export function Loaded<T>({ resource, skeleton, children }: { resource: Resource<T>; skeleton?: ComponentChildren; children: (data: T) => ComponentChildren }) {
  if (resource.state === 'loading')
    return (
      <div aria-busy="true">
        <span class="visually-hidden">Loading</span>
        {skeleton ?? <Skeleton />}
      </div>
    );
  if (resource.state === 'error' && resource.data === undefined) return <ErrorState error={resource.error} retry={resource.reload} />;
  return (
    <>
      {resource.state === 'error' ? <ErrorState error={resource.error} retry={resource.reload} /> : null}
      {children(resource.data as T)}
    </>
  );
}
