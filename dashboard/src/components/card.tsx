import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface CardProps {
  readonly title?: ComponentChildren;
  /** Beside the title: buttons, a badge, a link. */
  readonly actions?: ComponentChildren;
  /** Under the title, in a quiet colour. */
  readonly hint?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A part of a view, with a heading that is also its name for screen readers. */
export function Card({ title, actions, hint, class: name = '', children }: CardProps) {
  const id = useId();
  return (
    <section class={`card ${name}`} aria-labelledby={title === undefined ? undefined : id}>
      {title === undefined && actions === undefined ? null : (
        <header class="card-head">
          {title === undefined ? null : <h2 id={id}>{title}</h2>}
          {actions === undefined ? null : <div class="card-actions">{actions}</div>}
        </header>
      )}
      {hint === undefined ? null : <p class="hint">{hint}</p>}
      {children}
    </section>
  );
}
