import { signal } from '@preact/signals';
import { Button } from './button.tsx';
import { type Status, StatusMark } from './status-mark.tsx';

interface Message {
  readonly id: number;
  readonly text: string;
  readonly status: Status;
}

/** So long a message stays, ms. One about an error stays until it is closed. */
const stay = 5_000;
const messages = signal<readonly Message[]>([]);
let made = 0;

/** Says in a corner what has just been done or has failed: `toast('Marked as a false alarm')`. */
export function toast(text: string, status: Status = 'ok'): void {
  const message: Message = { id: ++made, text, status };
  messages.value = [...messages.value, message];
  if (status !== 'error') setTimeout(() => close(message.id), stay);
}

const close = (id: number) => {
  messages.value = messages.value.filter((message) => message.id !== id);
};

/** Where they appear; once, in the page's frame. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {messages.value.map(({ id, text, status }) => (
        <div key={id} class="toast">
          <StatusMark status={status} label={text} />
          <Button kind="quiet" icon="close" label="Close" onClick={() => close(id)} />
        </div>
      ))}
    </div>
  );
}
