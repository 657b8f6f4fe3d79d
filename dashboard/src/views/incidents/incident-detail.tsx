import { useState } from 'preact/hooks';
import type { ApiIncident, IncidentDetail as Detail } from '../../../../serve/api.ts';
import { getIncident } from '../../api.ts';
import { numberText } from '../../charts/number-text.ts';
import { Button, ButtonLink } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../components/states.tsx';
import { Badge } from '../../components/status-mark.tsx';
import { Time } from '../../components/time.tsx';
import { useIncidentChanges } from '../../live-feed.ts';
import { formatCount } from '../../numbers.ts';
import { useResource } from '../../resource.ts';
import { hrefTo } from '../../router.ts';
import { formatDuration, iso } from '../../time.ts';
import { AgreedDetectors } from './agreed-detectors.tsx';
import { Contributions } from './contributions.tsx';
import { IncidentCharts, windowOf } from './incident-charts.tsx';
import { IncidentMark } from './incident-mark.tsx';
import { spanOf } from './lanes.ts';
import { Neighbours } from './neighbours.tsx';

interface IncidentDetailProps {
  readonly id: string;
  /** What the list knows of it already. */
  readonly known: ApiIncident | undefined;
  /** Time of the newest row. */
  readonly now: number;
  readonly hrefOf: (incident: ApiIncident) => string;
  readonly backHref: string;
  readonly onStep: (step: 1 | -1) => void;
}

/** Everything that is known of one incident. */
export function IncidentDetail({ id, known, now, hrefOf, backHref, onStep }: IncidentDetailProps) {
  const [version, setVersion] = useState(0);
  const resource = useResource(`incident ${id} ${version}`, (abort) => getIncident(id, abort));
  const detail = resource.data?.id === id ? resource.data : undefined;
  const summary = known ?? detail;
  // What the detail adds is asked for again when the peak has moved or the incident is over.
  useIncidentChanges(({ incident: changed }) => {
    if (changed.id === id && detail !== undefined && (changed.open !== detail.open || changed.peak.time !== detail.peak.time)) setVersion((count) => count + 1);
  });

  if (summary === undefined) {
    if (resource.error === undefined) return <Skeleton height={480} />;
    return (
      <div class="card">
        {resource.error.status === 404 ? (
          <EmptyState title={`There is no incident ${id}`} icon="incidents">
            It may have been of another run, or of a store that was started anew. <a href={backHref}>All incidents</a>
          </EmptyState>
        ) : (
          <ErrorState error={resource.error} retry={resource.reload} />
        )}
      </div>
    );
  }
  return (
    <article class="stack incident-detail" aria-labelledby="incident-title">
      <Head incident={summary} now={now} backHref={backHref} onStep={onStep} />
      <Card title="Was this a true alarm?">
        <IncidentMark incident={summary} />
      </Card>
      {resource.error !== undefined ? <ErrorState error={resource.error} retry={resource.reload} /> : null}
      <Card
        title="Which tags made it"
        hint="Shares of the score at the peak, above or below what was expected. The mean is that of the 10 minutes before the start."
      >
        {detail === undefined ? <Skeleton lines={6} /> : <Contributions incident={detail} />}
      </Card>
      <Card title="Before, during and after">
        <IncidentCharts incident={summary} now={now} />
      </Card>
      <Card title="Which detectors agreed">{detail === undefined ? <Skeleton lines={5} /> : <AgreedDetectors incident={detail} />}</Card>
      <Card title={`Neighbours by ${summary.detector}`}>
        <Neighbours incident={summary} hrefOf={hrefOf} />
      </Card>
    </article>
  );
}

function Head({ incident, now, backHref, onStep }: { incident: ApiIncident | Detail; now: number } & Pick<IncidentDetailProps, 'backHref' | 'onStep'>) {
  const { detector, peak, open, rows, causes, stages } = incident;
  const { from, to } = spanOf(incident, now);
  const status = peak.grade >= 1 ? 'error' : 'warning';
  const around = windowOf(incident, now);
  const there = { from: iso(around.from), to: iso(around.to) };
  const tags = incident.tags.map(({ tag }) => tag).join(',') || undefined;
  return (
    <Card class="incident-head">
      <div class="row spread">
        <div class="row">
          <h2 id="incident-title">
            {detector} · <Time at={incident.start} quiet />
          </h2>
          <Badge status={status}>{status === 'error' ? 'Error' : 'Warning'}</Badge>
          {open ? <Badge status="error">Still open</Badge> : <Badge>Closed</Badge>}
        </div>
        <div class="row incident-steps">
          <Button kind="quiet" icon="up" label="Previous in the list (k)" onClick={() => onStep(-1)} />
          <Button kind="quiet" icon="down" label="Next in the list (j)" onClick={() => onStep(1)} />
          <a class="button button-quiet" href={backHref}>
            All incidents
          </a>
        </div>
      </div>
      <dl class="facts">
        <div>
          <dt>Start</dt>
          <dd>
            <Time at={incident.start} />
          </dd>
        </div>
        <div>
          <dt>{open ? 'Last flagged row' : 'End'}</dt>
          <dd>
            <Time at={incident.end} />
          </dd>
        </div>
        <div>
          <dt>Length</dt>
          <dd>
            {formatDuration(to - from)} <small>{formatCount(rows)} rows flagged</small>
          </dd>
        </div>
        <div>
          <dt>Peak</dt>
          <dd>
            <Time at={peak.time} clock quiet />{' '}
            <small>
              score {numberText(peak.score)}, grade {peak.grade.toFixed(2)}
            </small>
          </dd>
        </div>
        {causes.length > 0 && (causes.length > 1 || causes[0] !== detector) ? (
          <div>
            <dt>Flagged at the peak by</dt>
            <dd>{causes.join(', ')}</dd>
          </div>
        ) : null}
        {stages.length > 0 ? (
          <div>
            <dt>Stages</dt>
            <dd>
              {stages
                .filter(({ share }) => share >= 0.05)
                .map(({ stage, share }) => `${stage} ${Math.round(share * 100)} %`)
                .join(', ')}
            </dd>
          </div>
        ) : null}
      </dl>
      <nav class="row" aria-label="The same time in other views">
        <ButtonLink icon="live" href={hrefTo('/live', { ...there, tags })}>
          Live
        </ButtonLink>
        <ButtonLink icon="compare" href={hrefTo('/compare', there)}>
          Compare
        </ButtonLink>
        <ButtonLink icon="data" href={hrefTo('/data', { ...there, detector })}>
          Data
        </ButtonLink>
      </nav>
    </Card>
  );
}
