import { type Delivery, loginPause } from '../../core/notice.ts';
import { printable } from '../../core/shown.ts';

/** Bytes that are read of an answer, and characters that are shown. */
const [answerBytes, answerShown] = [2048, 200];
/** What is wrong with the login is wrong with no message: it is put right, and all that waits can go. */
const loginRefused = [401, 403];
/** Characters; less is a word like any other. */
const shortestSecret = 4;

interface Bounds {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** One attempt. Redirects are not followed: a secret may stand in the URL and in the headers. */
export async function post(url: string, headers: Readonly<Record<string, string>>, body: string, { timeout, signal }: Bounds): Promise<Delivery> {
  const { origin } = new URL(url);
  // A timer of its own: AbortSignal.any holds its sources weakly, so one of AbortSignal.timeout is collected and never fires.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('late', 'TimeoutError')), timeout);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'User-Agent': 'sluice', ...headers, 'Content-Type': 'application/json' },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, late.signal]),
    });
    if (response.ok) {
      // What it says besides does not matter, nor whether it ever ends.
      await response.body?.cancel();
      return { outcome: 'sent' };
    }
    const answer = shortened(withoutSecrets(await beginningOf(response), url, headers));
    const why = `${origin} answers ${response.status}${answer === '' ? '' : `: ${answer}`}`;
    if (response.status >= 500 || [408, 425, 429].includes(response.status)) return { outcome: 'again', why, ...retryAfter(response) };
    if (loginRefused.includes(response.status)) return { outcome: 'again', why, after: loginPause };
    return { outcome: 'failed', why: response.status >= 300 && response.status < 400 ? `${why}; redirects are not followed` : why };
  } catch (error) {
    return { outcome: 'again', why: `${origin} cannot be reached: ${reasonOf(error as Error, timeout)}` };
  } finally {
    clearTimeout(timer);
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  if (!body) return '';
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  try {
    for (let size = 0; size < answerBytes; ) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      size += value.length;
    }
    await reader.cancel();
  } catch {
    // It broke off or never ended: the status is known, and what came is shown.
  }
  return printable(Buffer.concat(pieces).toString('utf8').replace(/\s+/g, ' ').trim());
}

function shortened(text: string): string {
  return text.length > answerShown ? `${text.slice(0, answerShown - 3)}...` : text;
}

/** Many a server repeats the address that it does not know, and some repeat what they were sent. */
function withoutSecrets(answer: string, url: string, headers: Readonly<Record<string, string>>): string {
  const { pathname, search } = new URL(url);
  const secrets = [`${pathname}${search}`, pathname, ...Object.values(headers).flatMap((value) => [value, ...value.split(' ')])];
  return secrets.filter(({ length }) => length >= shortestSecret).reduce((text, secret) => text.replaceAll(secret, '[...]'), answer);
}

/** Seconds or a date. */
function retryAfter({ headers }: Response): { after?: number } {
  const asked = headers.get('retry-after');
  if (asked === null) return {};
  const after = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return after > 0 ? { after } : {};
}

function reasonOf(error: Error, timeout: number): string {
  if (error.name === 'TimeoutError') return `no answer within ${timeout} ms`;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? error.message;
}
