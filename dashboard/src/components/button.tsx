import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  readonly onClick?: (() => void) | undefined;
  readonly kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly icon?: IconName;
  /** Says what an icon alone does; with children it is their tooltip. */
  readonly label?: string;
  readonly disabled?: boolean;
  /** For buttons that are on or off. */
  readonly pressed?: boolean | undefined;
  readonly type?: 'button' | 'submit';
  readonly children?: ComponentChildren;
}

export function Button({ onClick, kind = 'plain', icon, label, disabled = false, pressed, type = 'button', children }: ButtonProps) {
  return (
    <button
      type={type}
      class={`button button-${kind} ${children === undefined ? 'button-icon' : ''}`}
      onClick={onClick}
      disabled={disabled}
      aria-pressed={pressed}
      aria-label={children === undefined ? label : undefined}
      title={label}
    >
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A download or a link that looks like a button. */
export function ButtonLink({ href, icon, download, children }: { href: string; icon?: IconName; download?: string; children: ComponentChildren }) {
  return (
    <a class="button button-plain" href={href} {...(download === undefined ? {} : { download })}>
      {icon === undefined ? null : <Icon name={icon} />}
      {children}
    </a>
  );
}
