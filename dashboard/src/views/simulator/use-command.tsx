import { useState } from 'preact/hooks';
import type { ApiError } from '../../api.ts';
import { StatusMark } from '../../components/status-mark.tsx';
import { asApiError } from '../../resource.ts';

/** What a form asks of the server: one request at a time, and what the last one was refused with. */
export function useCommand(send: () => Promise<unknown>) {
  const [error, setError] = useState<ApiError>();
  const [sending, setSending] = useState(false);
  const onSubmit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (sending) return;
    setSending(true);
    try {
      await send();
      setError(undefined);
    } catch (failure) {
      setError(asApiError(failure));
    }
    setSending(false);
  };
  return { onSubmit, sending, refusal: error === undefined ? null : <Refusal error={error} /> };
}

function Refusal({ error: { message, fix = '' } }: { error: ApiError }) {
  return (
    <p role="alert">
      <StatusMark status="error" label={`${message}. ${fix}`} />
    </p>
  );
}
