import type { DiagnoseContext, Finding } from '../../core/finding.ts';
import { reachable } from '../reachable.ts';

/** What `sluice doctor` finds of a webhook. */
export async function* diagnoseWebhook({ url }: { readonly url: string }, { signal }: DiagnoseContext): AsyncGenerator<Finding> {
  const { hostname, port, protocol } = new URL(url);
  yield await reachable(
    hostname.replace(/^\[|\]$/g, ''),
    Number(port || (protocol === 'https:' ? 443 : 80)),
    signal,
    'Start the receiver, or correct the url.',
  );
}
