import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, signIn, signInNeeded } from './api.ts';
import { Button } from './components/button.tsx';
import { Input } from './components/field.tsx';
import mark from './mark.svg';
import { generation } from './resource.ts';

/** Where the server asks for a token: in place of everything else until it has been shown. */
export function SignIn() {
  const [token, setToken] = useState('');
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // There is nothing else to do here.
  useEffect(() => form.current?.querySelector('input')?.focus(), []);
  const submit = async () => {
    setBusy(true);
    try {
      await signIn(token.trim());
      signInNeeded.value = false;
      generation.value++;
    } catch (problem) {
      setError(problem instanceof ApiError && problem.status !== 401 ? problem.message : 'This is not the token.');
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form
        ref={form}
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div class="brand">
          <img src={mark} alt="" width={32} height={32} />
          <h1>Sluice</h1>
        </div>
        <p>This server can be reached from other machines, so it asks who you are.</p>
        <Input
          label="Token"
          type="password"
          autocomplete="current-password"
          value={token}
          onInput={(value) => {
            setToken(value);
            setError(undefined);
          }}
          error={error}
          hint="The value of SLUICE_TOKEN where Sluice was started. It is kept in a cookie of this browser."
        />
        <Button type="submit" kind="primary" disabled={busy || token.trim() === ''}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
