import type { Notice } from '../../core/notice.ts';
import { noticeFacts, noticeTitle } from '../../core/notice-text.ts';

/** Characters that Slack takes in a section's text, and in a header's. */
const [longestSection, longestHeader] = [3000, 150];

const signs = { opened: ':red_circle:', continued: ':large_orange_circle:', closed: ':white_check_mark:' } as const;

/** `text` is what a notification shows, `blocks` what stands in the channel. */
export function slackMessage(notice: Notice, link: string | undefined): Record<string, unknown> {
  const title = noticeTitle(notice);
  const facts = noticeFacts(notice).map(([name, text]) => `${name === '' ? '' : `*${name}*  `}${escaped(text)}`);
  const linked = link === undefined ? '' : `<${escaped(link).replaceAll('|', '%7C')}|Look at it>`;
  return {
    text: escaped(`${title}`),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(`${signs[notice.change]} ${title}`, longestHeader), emoji: true } },
      { type: 'section', text: { type: 'mrkdwn', text: cut(facts.join('\n'), longestSection), verbatim: true } },
      ...(linked === '' ? [] : [{ type: 'section', text: { type: 'mrkdwn', text: cut(linked, longestSection), verbatim: true } }]),
      { type: 'context', elements: [{ type: 'plain_text', text: `key ${notice.key}` }] },
    ],
  };
}

/** The three characters that Slack gives a meaning. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
