import type { ComponentChildren } from 'preact';

/** The heading of a view: what it is, a line about what is shown, and what can be done with all of it. */
export function PageHead({ title, hint, actions }: { title: ComponentChildren; hint?: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <header class="page-head">
      <div>
        <h1>{title}</h1>
        {hint === undefined ? null : <p class="hint">{hint}</p>}
      </div>
      {actions === undefined ? null : <div class="row">{actions}</div>}
    </header>
  );
}
