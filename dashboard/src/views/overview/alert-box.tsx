import type { ApiIncident } from '../../../../serve/api.ts';
import { Icon } from '../../components/icon.tsx';
import { StatusMark } from '../../components/status-mark.tsx';
import { Time } from '../../components/time.tsx';
import { hrefTo } from '../../router.ts';
import { formatDuration, type Instant, instant } from '../../time.ts';
import { suspectsOf } from './stage-state.ts';

interface AlertBoxProps {
  readonly open: readonly ApiIncident[];
  /** The newest that is over, if there was one. */
  readonly last: ApiIncident | undefined;
  readonly newest: Instant | null;
  /** Why nothing is known, e.g. still learning. */
  readonly waiting: string | undefined;
  /** Nothing more will come. */
  readonly ended: boolean;
  /** Open incidents of other streams. */
  readonly elsewhere: number;
}

/** Quiet when all is well; red with since when, who says so and which tags when it is not. */
export function AlertBox({ open, last, newest, waiting, ended, elsewhere }: AlertBoxProps) {
  return (
    <section class={open.length > 0 ? 'alert alert-open' : 'alert'} aria-label="State of the plant" aria-live="polite">
      {open.length > 0 ? <Open open={open} newest={newest} /> : <Quiet last={last} waiting={waiting} ended={ended} elsewhere={elsewhere} />}
    </section>
  );
}

function Quiet({ last, waiting, ended, elsewhere }: Omit<AlertBoxProps, 'open' | 'newest'>) {
  const title = waiting !== undefined ? 'No verdict now' : ended ? 'All was well at the end' : 'All is well';
  const others = elsewhere === 0 ? '' : `, but ${elsewhere} in other streams`;
  const quiet = ended
    ? `The recording has been read to its end, and no incident is open${others}.`
    : `No incident is open${elsewhere === 0 ? '' : ' here'}${others}.`;
  return (
    <div class="alert-quiet">
      <StatusMark status={waiting === undefined ? 'ok' : 'undefined'} size={28} />
      <div>
        <p class="alert-title">{title}</p>
        <p class="hint">
          {waiting ?? quiet}{' '}
          {last === undefined ? null : (
            <>
              The last one ended at <Time at={last.end} />: <a href={hrefTo(`/incidents/${last.id}`)}>{last.detector}</a>.
            </>
          )}
        </p>
      </div>
    </div>
  );
}

function Open({ open, newest }: { open: readonly ApiIncident[]; newest: Instant | null }) {
  const since = Math.min(...open.map(({ start }) => instant(start)));
  const detectors = [...new Set(open.map(({ detector }) => detector))];
  const tags = new Map<string, number>();
  for (const { tag, share } of open.flatMap(suspectsOf)) if (Math.abs(share) > Math.abs(tags.get(tag) ?? 0)) tags.set(tag, share);
  const suspects = [...tags].sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).slice(0, 6);
  const only = open.length === 1 ? open[0] : undefined;
  return (
    <>
      <div class="alert-head">
        <Icon name="incidents" size={30} />
        <div>
          <p class="alert-title">{only === undefined ? `${open.length} incidents are open` : 'An incident is open'}</p>
          <p>
            Since <Time at={since} />
            {newest === null ? null : `, for ${formatDuration(Math.max(0, instant(newest) - since))}`}
          </p>
        </div>
        <a class="alert-link" href={hrefTo(only === undefined ? '/incidents' : `/incidents/${only.id}`)}>
          {only === undefined ? 'Look at them' : 'Look at it'}
        </a>
      </div>
      <dl class="alert-facts">
        <div>
          <dt>Seen by</dt>
          <dd>{detectors.join(', ')}</dd>
        </div>
        <div>
          <dt>Tags</dt>
          <dd>
            <ul class="alert-tags">
              {suspects.map(([tag, share]) => (
                <li key={tag}>
                  <Icon name={share < 0 ? 'down' : 'up'} size={13} />
                  {tag} <span>{share < 0 ? 'below' : 'above'} what was expected</span>
                </li>
              ))}
            </ul>
          </dd>
        </div>
      </dl>
    </>
  );
}
