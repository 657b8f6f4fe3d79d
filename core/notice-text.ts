import type { Notice, NoticeTag } from './notice.ts';
import { printable, showScore, showShare, showValue } from './shown.ts';
import { formatDuration, formatTime, nanosPerMilli } from './time.ts';

const verbs = { opened: 'began', continued: 'goes on', closed: 'is over' } as const;

/** Around an incident, so that its beginning and end are seen, milliseconds. */
const margin = 300_000;

/**
 * One line: `swat/combined: incident began, LIT101 ↑ 62 %`.
 * @example
 * noticeTitle({ change: 'closed', stream: 'swat', detector: 'var', tags: [{ tag: 'LIT101', share: 0.62 }] }); // "swat/var: incident is over, LIT101 ↑ 62 %"
 */
export function noticeTitle({ change, stream, detector, tags }: Pick<Notice, 'change' | 'stream' | 'detector' | 'tags'>): string {
  return `${printable(`${stream}/${detector}`)}: incident ${verbs[change]}${tags.length > 0 ? `, ${showShare(tags[0])}` : ''}`;
}

/** What there is to know of it, by name, for people. */
export function noticeFacts(notice: Notice): [name: string, text: string][] {
  const { change, start, end, rows, peakTime, peakScore, peakGrade, causes, detector, tags, heldBack, incident } = notice;
  const others = causes.filter((cause) => cause !== detector);
  return [
    ['state', change === 'closed' ? 'closed' : 'open'],
    ['start', formatTime(start)],
    [change === 'closed' ? 'end' : 'so far', formatTime(end)],
    ['length', `${formatDuration(noticeLength(notice))}, ${rows} flagged ${rows === 1 ? 'row' : 'rows'}`],
    ['peak', `score ${showScore(peakScore) || '?'}, grade ${showScore(peakGrade) || '?'} at ${formatTime(peakTime)}`],
    ...(others.length > 0 ? [['found by', printable(others.join(', '))] as [string, string]] : []),
    ...tags.map((tag, i): [string, string] => [i === 0 ? 'tags' : '', tagText(tag)]),
    ...(heldBack > 0 ? [['held back', heldBackText(heldBack)] as [string, string]] : []),
    ['incident', incident],
  ];
}

/** `LIT101 ↑ 62 %: 812.3 mm, expected 640 mm` */
function tagText(tag: NoticeTag): string {
  const { actual, expected, unit } = tag;
  if (actual === undefined || expected === undefined) return showShare(tag);
  const value = (x: number): string => `${showValue(x)}${unit === undefined ? '' : ` ${printable(unit)}`}`;
  return `${showShare(tag)}: ${value(actual)}, expected ${value(expected)}`;
}

function heldBackText(heldBack: number): string {
  return `${heldBack} ${heldBack === 1 ? 'incident' : 'incidents'} of this detector since the last message`;
}

/** Milliseconds from the first flagged row to the last. */
function noticeLength({ start, end }: Pick<Notice, 'start' | 'end'>): number {
  return Number((end - start) / nanosPerMilli);
}

/**
 * The notice as JSON has it: times as ISO 8601, numbers exact.
 * @param link where there is one
 */
export function noticeJson(notice: Notice, link: string | undefined): Record<string, unknown> {
  const { key, change, incident, stream, detector, start, end, rows, peakTime, peakScore, peakGrade, causes, tags, heldBack } = notice;
  return {
    key,
    event: `incident-${change}`,
    title: noticeTitle(notice),
    incident,
    stream,
    detector,
    open: change !== 'closed',
    start: formatTime(start),
    end: formatTime(end),
    lengthMs: noticeLength(notice),
    rows,
    peakTime: formatTime(peakTime),
    peakScore,
    peakGrade,
    causes,
    tags: tags.map(({ tag, unit, share, actual, expected }) => ({
      tag,
      share,
      direction: share > 0 ? 'above' : 'below',
      ...(actual === undefined ? {} : { actual }),
      ...(expected === undefined ? {} : { expected }),
      ...(unit === undefined ? {} : { unit }),
    })),
    heldBack,
    ...(link === undefined ? {} : { link }),
  };
}

/** What a link's template may name. */
export const linkNames = ['from', 'to', 'stream', 'detector', 'incident'] as const;

/**
 * Fills in a template: `{from}` and `{to}` are milliseconds since 1970, five minutes around the incident.
 * @example
 * noticeLink('http://page/{stream}?to={to}', { stream: 'a b', detector: 'knn', incident: 'f00d', start: 0n, end: 0n }); // "http://page/a%20b?to=300000"
 */
export function noticeLink(template: string, { start, end, ...names }: Pick<Notice, 'stream' | 'detector' | 'incident' | 'start' | 'end'>): string {
  const values = { ...names, from: Number(start / nanosPerMilli) - margin, to: Number(end / nanosPerMilli) + margin };
  return template.replace(/\{(\w+)\}/g, (written, name: string) =>
    (linkNames as readonly string[]).includes(name) ? encodeURIComponent(values[name as (typeof linkNames)[number]]) : written,
  );
}
