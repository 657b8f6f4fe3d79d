import type { ComponentChildren } from 'preact';

/** OK, warning, error, undefined: what verdicts and everything made from them say. */
export type Status = 'ok' | 'warning' | 'error' | 'undefined';

/** The status that a verdict's number stands for: -1 error, 0 warning, 1 OK, 2 undefined. */
export function statusOf(code: number | null | undefined): Status {
  return code === -1 ? 'error' : code === 0 ? 'warning' : code === 1 ? 'ok' : 'undefined';
}

const shapes: Record<Status, string> = {
  // A disc with a tick, a triangle, a diamond, a ring: told apart without colour.
  ok: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM5.2 8.2 7.2 10.2 11 6.2',
  warning: 'M8 1.8 15 14H1zM8 6.3v3.6M8 11.9v.1',
  error: 'M8 .9 15.1 8 8 15.1.9 8zM8 4.8v3.9M8 10.9v.1',
  undefined: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z',
};

const words: Record<Status, string> = { ok: 'OK', warning: 'Warning', error: 'Error', undefined: 'No verdict' };

/** A status as a shape in its colour. With `label`, the word beside it; without, the word is there for screen readers. */
export function StatusMark({ status, label, size = 16 }: { status: Status; label?: ComponentChildren | true; size?: number }) {
  return (
    <span class={`status-mark status-${status}`}>
      <svg
        width={size}
        height={size}
        viewBox="0 0 16 16"
        role={label === undefined ? 'img' : undefined}
        aria-hidden={label === undefined ? undefined : 'true'}
        aria-label={label === undefined ? words[status] : undefined}
      >
        <path d={shapes[status]} />
      </svg>
      {label === undefined ? null : <span>{label === true ? words[status] : label}</span>}
    </span>
  );
}

/** A short word on a tinted ground; with a status it carries that status's shape too. */
export function Badge({ status, children }: { status?: Status; children: ComponentChildren }) {
  return (
    <span class={`badge ${status === undefined ? '' : `badge-${status}`}`}>
      {status === undefined ? children : <StatusMark status={status} label={children} size={12} />}
    </span>
  );
}
