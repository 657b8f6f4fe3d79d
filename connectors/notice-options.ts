import { z } from 'zod';
import { duration } from '../core/config/duration.ts';
import type { NoticeRules } from '../core/notice.ts';
import { linkNames } from '../core/notice-text.ts';
import { formatDuration } from '../core/time.ts';

const ignoreRule = z.strictObject({
  tag: z.string().min(1).describe('The tag with the largest share of the score.'),
  direction: z.enum(['above', 'below']).describe('On which side of the expected value it lies.'),
  within: z.number().min(0).describe('How far from the expected value, per cent of it.'),
});

const webAddress = z.string().refine((text) => /^https?:\/\//i.test(text), { error: 'expected a link that begins with http:// or https://' });
const knownNames = (text: string): boolean => [...text.matchAll(/\{(\w+)\}/g)].every(([, name]) => (linkNames as readonly string[]).includes(name));

/** What every output that tells people of incidents can be asked. */
export const noticeOptions = {
  name: z
    .string()
    .min(1)
    .max(60)
    .optional()
    .describe('Tells it apart from others of its type: in metrics, in the log, and for what waits to be sent. Default: its type.'),
  detectors: z.array(z.string().min(1)).min(1).optional().describe('Detectors and combinations whose incidents are told; all unless given.'),
  cooldown: duration()
    .prefault('0s')
    .describe(
      "After a message, so long by the rows' own time, none about another incident of the same detector and stream; the next says how many were held back.",
    ),
  ignore: z.array(ignoreRule).default([]).describe('Incidents that are not told as long as their peak deviates no more than this.'),
  link: webAddress
    .refine(knownNames, { error: `expected no other names in braces than ${linkNames.join(', ')}` })
    .optional()
    .describe('A link to look at the incident: {from} and {to} become milliseconds since 1970 around it, {stream}, {detector} and {incident} its names.'),
};

export type NoticeOptions = z.output<z.ZodObject<typeof noticeOptions>>;

export function rulesOf({ detectors, cooldown, ignore }: NoticeOptions): NoticeRules {
  return { detectors, cooldown, ignore };
}

/** `of combined, cool-down 10 min, 2 ignored kinds`; empty where all is told. */
export function rulesText({ detectors, cooldown, ignore }: NoticeOptions): string {
  return [
    ...(detectors ? [`of ${detectors.join(', ')}`] : []),
    ...(cooldown > 0 ? [`cool-down ${formatDuration(cooldown)}`] : []),
    ...ignore.map(({ tag, direction, within }) => `not ${tag} ${direction} within ${within} %`),
  ].join(', ');
}
