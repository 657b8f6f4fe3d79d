/** Counts since the streams of a manifest began; saved with it. */
export interface Totals {
  /** Rows that came, dead ones included. */
  read: number;
  stored: number;
  duplicate: number;
  late: number;
  dead: number;
  /** Incidents that opened, per detector. */
  incidents: Record<string, number>;
}

const incidentPrefix = 'incidents/';

export function emptyTotals(): Totals {
  return { read: 0, stored: 0, duplicate: 0, late: 0, dead: 0, incidents: {} };
}

/** As a manifest keeps them. */
export function flattenTotals({ incidents, ...counts }: Totals): Record<string, number> {
  return { ...counts, ...Object.fromEntries(Object.entries(incidents).map(([detector, n]) => [`${incidentPrefix}${detector}`, n])) };
}

export function unflattenTotals(totals: Readonly<Record<string, number>>): Totals {
  const out = emptyTotals();
  for (const [name, n] of Object.entries(totals)) {
    if (name.startsWith(incidentPrefix)) out.incidents[name.slice(incidentPrefix.length)] = n;
    else Object.assign(out, { [name]: n });
  }
  return out;
}
