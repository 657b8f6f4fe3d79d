import { z } from 'zod';
import { defineOutput, type Output } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';
import type { Delivery, Notice } from '../../core/notice.ts';
import { noticeLink } from '../../core/notice-text.ts';
import { noticeOptions, rulesText } from '../notice-options.ts';
import { noticeSender } from '../notice-sender.ts';
import { reachable } from '../reachable.ts';
import { mailOf } from './mail.ts';
import { SmtpSender } from './smtp-sender.ts';

/** `Plant <plant@example.org>` or `plant@example.org`; a line break would begin another header. */
const address = z
  .string()
  .regex(/^(?:[^<>\r\n]*<[^<>@\s,;]+@[^<>@\s,;]+>|[^<>@\s,;]+@[^<>@\s,;]+)$/, { error: 'expected an e-mail address, or a name with one in <>' })
  .meta({ examples: ['plant@example.org'] });

export default defineOutput({
  type: 'email',
  summary: 'Sends a mail over SMTP when an incident begins, goes on after all, or is over; one incident is one thread.',
  fails:
    'Sends a mail again after a crash between its arrival and the next commit; it has the same Message-ID then. A mail that the server refuses for good (5xx) is given ' +
    'up, and so are recipients that it refuses. While the server is away or refuses the login up to 1,000 mails wait.',
  cost: 'One connection a mail, beside the rows; some 1 kB for each that waits, written with every commit.',
  source: 'SMTP: RFC 5321; threads by Message-ID, In-Reply-To and References: RFC 5322, section 3.6.4',
  options: z.strictObject({
    host: z
      .string()
      .min(1)
      .describe('Mail server.')
      .meta({ examples: ['mail.example.org'] }),
    port: z.int().min(1).max(65_535).optional().describe('Default: 465 with `tls: direct`, otherwise 587.'),
    tls: z
      .enum(['starttls', 'direct', 'off'])
      .default('starttls')
      .describe(
        '`starttls`: the connection must become encrypted before anything is said. `direct`: encrypted from the start. `off`: plain text, for a server on this machine.',
      ),
    ca: z.string().min(1).optional().describe("PEM file of the authority that signed the server's certificate, where that is not a public one."),
    user: z.string().min(1).optional().describe('Login; without one none is made.'),
    password: z.string().min(1).optional().describe('Password of the login; take it from the environment.'),
    from: address.describe('Sender: an address, or a name with one in <>.'),
    to: z.union([address.transform((one) => [one]), z.array(address).min(1).max(50)]).describe('Recipients.'),
    subject: z
      .string()
      .max(100)
      .regex(/^[^\r\n]*$/)
      .default('[sluice]')
      .describe('Stands before each subject.'),
    timeout: duration().prefault('20s').describe('How long the server may take to answer.'),
    ...noticeOptions,
  }),
  describe: (options) => [`to ${options.to.join(', ')} by ${options.host}:${portOf(options)}`, rulesText(options)].filter(Boolean).join(', '),
  async *diagnose(options, { signal }) {
    yield await reachable(options.host, portOf(options), signal, 'Start the mail server, or correct host and port.');
  },
  create(options, context): Output {
    const { from, to, subject, link } = options;
    const sender = new SmtpSender({ ...options, port: portOf(options) });
    const send = (notice: Notice, signal: AbortSignal): Promise<Delivery> =>
      sender.send(mailOf(notice, { from, to, subject, link: link && noticeLink(link, notice) }), signal);
    return { notices: noticeSender('email', options, context, send), async close() {} };
  },
});

function portOf({ port, tls }: { readonly port?: number | undefined; readonly tls: string }): number {
  return port ?? (tls === 'direct' ? 465 : 587);
}
