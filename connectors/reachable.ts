import { connect } from 'node:net';
import { type Finding, failed, ok } from '../core/finding.ts';

/** Whether a TCP connection opens; nothing is sent over it. */
export async function reachable(host: string, port: number, signal: AbortSignal, fix: string): Promise<Finding> {
  const check = `receiver ${host}:${port}`;
  const wrong = await new Promise<string | undefined>((resolve) => {
    const socket = connect({ host, port, signal, timeout: 5000 });
    const end = (why?: string): void => {
      socket.destroy();
      resolve(why);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end('does not answer within 5 s'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(`cannot be reached (${error.code ?? error.message})`));
  });
  return wrong === undefined ? ok(check, 'takes connections; nothing was sent') : failed(check, wrong, fix);
}
