import type { ApiIncident } from '../../../../serve/api.ts';
import { formatDateTime, formatDuration, zoneLabel } from '../../time.ts';

const lengthOf = ({ start, end }: ApiIncident): number => Date.parse(end) - Date.parse(start);

/** `LIT101 ↑ 40 %, P101 ↓ 20 %`: above or below what was expected. */
export function topTags({ tags }: ApiIncident, count = 3): string {
  return tags
    .slice(0, count)
    .map(({ tag, share }) => `${tag} ${share < 0 ? '↓' : '↑'} ${Math.round(Math.abs(share) * 100)} %`)
    .join(', ');
}

/** An incident in a sentence, for those who cannot see its bar. */
export function describeIncident(incident: ApiIncident): string {
  const { detector, start, open, peak, tags, mark } = incident;
  const parts = [
    `${peak.grade >= 1 ? 'Error' : 'Warning'} by ${detector}`,
    `${formatDateTime(start)} ${zoneLabel(start)}`,
    `${formatDuration(lengthOf(incident))}${open ? ', still open' : ''}`,
  ];
  if (tags.length > 0)
    parts.push(
      tags
        .slice(0, 3)
        .map(({ tag, share }) => `${tag} ${share < 0 ? 'below' : 'above'} expected`)
        .join(', '),
    );
  if (mark !== null) parts.push(mark.alarm === 'true' ? 'marked as a true alarm' : 'marked as a false alarm');
  return parts.join('; ');
}
