import { useState } from 'preact/hooks';
import type { IncidentDetail } from '../../../../serve/api.ts';
import { getRows, getStatistics } from '../../api.ts';
import { numberText } from '../../charts/number-text.ts';
import { Button } from '../../components/button.tsx';
import { streams } from '../../plant.ts';
import { useResource } from '../../resource.ts';
import { iso } from '../../time.ts';

/** Tags shown before the rest is asked for. */
const first = 10;
/** So long before an incident its readings are compared with those in it, ms. */
const usualSpan = 600_000;

/** What each tag had in an incident's peak: its share, above or below what was expected, and the reading beside the expected one. */
export function Contributions({ incident }: { incident: IncidentDetail }) {
  const [all, setAll] = useState(false);
  const { stream, peak } = incident;
  const readings = useResource(`peak ${incident.id} ${peak.time}`, async (abort) => {
    const { tags, columns } = await getRows(stream, { from: peak.time, to: iso(Date.parse(peak.time) + 1), limit: 1 }, abort);
    return new Map(tags.map((tag, t) => [tag, columns[t][0] ?? null]));
  });
  // What it usually was: as long as the incident could not have touched it yet.
  const before = useResource(`before ${incident.id}`, async (abort) => {
    const start = Date.parse(incident.start);
    const tags = await getStatistics(stream, { from: iso(start - usualSpan), to: incident.start }, abort);
    return new Map(tags.map(({ tag, mean }) => [tag, mean]));
  });
  const known = incident.contributions.filter(({ share }) => share !== 0);
  if (known.length === 0) return <p class="hint">This detector does not say which tags it looked at.</p>;
  const shown = all ? known : known.slice(0, first);
  const largest = Math.abs(known[0].share);
  const units = new Map(streams.value?.find((one) => one.stream === stream)?.tags.map(({ name, unit }) => [name, unit]));
  return (
    <>
      <div class="table-scroll">
        <table class="figures contributions">
          <caption class="visually-hidden">Tags by their share of the peak</caption>
          <thead>
            <tr>
              <th scope="col">Tag</th>
              <th scope="col" class="contributions-direction">
                <span>below</span>
                <span>above</span>
              </th>
              <th scope="col" class="number">
                Share
              </th>
              <th scope="col" class="number">
                At the peak
              </th>
              <th scope="col" class="number">
                Mean before
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ tag, stage, share }) => (
              <tr key={tag}>
                <th scope="row">
                  {tag}
                  {stage === null ? null : <small> {stage}</small>}
                </th>
                <td>
                  <span class="share-track" aria-hidden="true">
                    <span class={`share-fill ${share < 0 ? 'share-below' : 'share-above'}`} style={{ width: `${(Math.abs(share) / largest) * 50}%` }} />
                  </span>
                  <span class="visually-hidden">{share < 0 ? 'below' : 'above'}</span>
                </td>
                <td class="number">{(Math.abs(share) * 100).toFixed(Math.abs(share) < 0.095 ? 1 : 0)} %</td>
                <td class="number">
                  {numberText(readings.data?.get(tag))}
                  {units.get(tag) ? <small> {units.get(tag)}</small> : null}
                </td>
                <td class="number">{numberText(before.data?.get(tag))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {known.length > first ? (
        <Button kind="quiet" onClick={() => setAll(!all)}>
          {all ? `Show the first ${first}` : `Show all ${known.length} tags`}
        </Button>
      ) : null}
    </>
  );
}
