import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { defineOutput, type Output } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';
import type { Delivery, Notice } from '../../core/notice.ts';
import { noticeJson, noticeLink } from '../../core/notice-text.ts';
import { noticeOptions, rulesText } from '../notice-options.ts';
import { noticeSender } from '../notice-sender.ts';
import { diagnoseWebhook } from './diagnose.ts';
import { post } from './post.ts';
import { slackMessage } from './slack.ts';

/** Set by the output itself, or by what sends it. */
const ownHeaders = /^(content-type|content-length|host|idempotency-key|x-sluice-signature|connection|keep-alive|upgrade|transfer-encoding|expect|te|trailer)$/i;
/** What HTTP lets a header be. */
const [headerName, headerValue] = [/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, /^[\t\x20-\x7e\x80-\xff]*$/];

export default defineOutput({
  type: 'webhook',
  summary: 'Posts a message to a URL when an incident begins, goes on after all, or is over: JSON, or what Slack takes.',
  fails:
    'Sends a message again after a crash between its arrival and the next commit; it has the same key then. A message that the receiver refuses (4xx but 408, 425 and ' +
    '429, or a redirect) is given up. While the receiver is away up to 1,000 messages wait.',
  cost: 'One request a message, beside the rows; some 1 kB for each that waits, written with every commit.',
  source: 'Idempotency-Key: draft-ietf-httpapi-idempotency-key-header; Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks',
  options: z.strictObject({
    url: z
      .string()
      .refine(isWebUrl, { error: 'expected a URL that begins with http:// or https://, without a login (headers can hold one)' })
      .describe('Where messages are posted. It often is a secret: take it from the environment.')
      .meta({ examples: ['https://hooks.example.org/plant'] }),
    format: z
      .enum(['json', 'slack'])
      .default('json')
      .describe('`json`: every field, see docs/notifications.md. `slack`: text and blocks of an incoming webhook.'),
    headers: z
      .record(
        z
          .string()
          .regex(headerName, { error: 'expected the name of an HTTP header' })
          .refine((name) => !ownHeaders.test(name), { error: 'this header is set by the output' }),
        z.string().regex(headerValue, { error: 'expected the value of an HTTP header' }),
      )
      .default({})
      .describe('Headers to send along, such as Authorization; secrets best taken from the environment.'),
    secret: z
      .string()
      .min(8)
      .optional()
      .describe('Signs each message: X-Sluice-Signature is `sha256=` and the HMAC-SHA-256 of the body, hex. Take it from the environment.'),
    timeout: duration().prefault('10s').describe('How long the receiver may take to answer.'),
    ...noticeOptions,
  }),
  describe: (options) => [`${options.format} to ${new URL(options.url).origin}`, rulesText(options)].filter(Boolean).join(', '),
  diagnose: diagnoseWebhook,
  create(options, context): Output {
    const { url, format, headers, secret, timeout, link } = options;
    const send = async (notice: Notice, signal: AbortSignal): Promise<Delivery> => {
      const target = link === undefined ? undefined : noticeLink(link, notice);
      const body = JSON.stringify(format === 'slack' ? slackMessage(notice, target) : noticeJson(notice, target));
      const signature = secret === undefined ? {} : { 'X-Sluice-Signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
      return await post(url, { ...headers, ...signature, 'Idempotency-Key': notice.key }, body, { timeout, signal });
    };
    return { notices: noticeSender('webhook', options, context, send), async close() {} };
  },
});

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
