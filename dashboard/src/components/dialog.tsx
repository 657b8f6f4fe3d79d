import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button.tsx';

interface DialogProps {
  readonly title: string;
  readonly open: boolean;
  readonly onClose: () => void;
  /** A panel from the side, e.g. for settings on a phone. */
  readonly side?: boolean;
  readonly children: ComponentChildren;
}

/** A modal dialog: takes the focus, gives it back, closed by Esc, the cross or a click beside it. */
export function Dialog({ title, open, onClose, side = false, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    if (open && dialog?.open === false) dialog.showModal();
    else if (!open && dialog?.open === true) dialog.close();
  }, [open]);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the key is Esc, which every dialog has
    <dialog
      ref={element}
      class={side ? 'dialog dialog-side' : 'dialog'}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      {open ? (
        <div class="dialog-body">
          <header class="dialog-head">
            <h2 id={id}>{title}</h2>
            <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
          </header>
          {children}
        </div>
      ) : null}
    </dialog>
  );
}
