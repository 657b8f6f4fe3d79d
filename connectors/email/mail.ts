import { type Notice, openingKey } from '../../core/notice.ts';
import { noticeFacts, noticeTitle } from '../../core/notice-text.ts';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly inReplyTo?: string;
  readonly references?: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly link: string | undefined;
}

/** The mail of a notice: the same each time, with an id made of the notice's key, in the thread of the incident's opening. */
export function mailOf(notice: Notice, { from, to, subject, link }: Envelope): Mail {
  const title = noticeTitle(notice);
  const facts: [string, string][] = [...noticeFacts(notice), ...(link === undefined ? [] : [['link', link] as [string, string]])];
  const width = Math.max(...facts.map(([name]) => name.length));
  const opening = openingKey(notice);
  const thread = notice.key === opening ? {} : { inReplyTo: messageId(opening, from), references: messageId(opening, from) };
  return {
    from,
    to,
    subject: `${subject} ${title}`.trim(),
    text: `${title}\n\n${facts.map(([name, text]) => `${name.padEnd(width)}  ${text}`).join('\n')}\n`,
    html: page(title, facts, link),
    messageId: messageId(notice.key, from),
    ...thread,
    headers: { 'X-Sluice-Key': notice.key, 'Auto-Submitted': 'auto-generated' },
  };
}

function messageId(key: string, from: string): string {
  const domain = /@([^@>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
  return `<${key.replaceAll('/', '.')}.sluice@${domain}>`;
}

function page(title: string, facts: readonly [string, string][], link: string | undefined): string {
  const rows = facts.map(([name, text]) => {
    const shown = text === link ? `<a href="${escaped(text)}">${escaped(text)}</a>` : escaped(text);
    return `<tr><th align="left" valign="top">${escaped(name)}</th><td>${shown}</td></tr>`;
  });
  return `<!doctype html><html><body><p><b>${escaped(title)}</b></p><table cellpadding="3">${rows.join('')}</table></body></html>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
