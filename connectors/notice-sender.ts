import type { NoticeSender, OutputContext } from '../core/component.ts';
import type { Delivery, Notice } from '../core/notice.ts';
import { type NoticeOptions, rulesOf } from './notice-options.ts';

/** Sends by `attempt`, and shows whether the receiver is there: nobody but its own messages waits for it, so the process stays ready. */
export function noticeSender(
  name: string,
  options: NoticeOptions,
  { unavailable, retried }: Pick<OutputContext, 'unavailable' | 'retried'>,
  attempt: (notice: Notice, signal: AbortSignal) => Promise<Delivery>,
): NoticeSender {
  let away = false;
  return {
    name: options.name ?? name,
    rules: rulesOf(options),
    async deliver(notice, signal) {
      if (away) retried?.();
      const delivery = await attempt(notice, signal);
      const before = away;
      away = delivery.outcome === 'again';
      if (away !== before) unavailable?.(delivery.outcome === 'again' ? delivery.why : undefined, { ready: true });
      return delivery;
    },
  };
}
