import './lanes.css';
import type { ApiIncident } from '../../../../serve/api.ts';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { Segments } from '../../components/segments.tsx';
import { Time } from '../../components/time.tsx';
import { stream } from '../../plant.ts';
import { useLaneKind } from './incident-filters.tsx';
import type { LaneKind, Span } from './lanes.ts';
import { SwimLanes } from './swim-lanes.tsx';
import { moved, scaled } from './time-zoom.ts';

interface LaneCardProps {
  readonly incidents: readonly ApiIncident[];
  readonly kind: LaneKind;
  /** Detector that alone is shown. */
  readonly detector: string | undefined;
  readonly range: Span;
  readonly whole: Span;
  readonly now: number;
  readonly selected: string | undefined;
  readonly hrefOf: (incident: ApiIncident) => string;
  readonly onRange: (range: Span) => void;
}

/** The swim lanes with what stands around them: by what the lanes are, and buttons for what dragging does too. */
export function LaneCard({ incidents, kind, detector, range, whole, now, selected, hrefOf, onRange }: LaneCardProps) {
  const [, setKind] = useLaneKind();
  const staged = stream.value?.tags.some(({ stage }) => stage !== null) === true;
  const names = laneNames(kind, detector);
  const isWhole = range.from <= whole.from && range.to >= whole.to;
  return (
    <Card
      class="incidents-lanes"
      title="When and where"
      actions={
        <>
          {staged ? (
            <Segments
              label="Lanes by"
              value={kind}
              options={[
                { value: 'stage', label: 'Stage', title: 'The stage that carries most of the peak' },
                { value: 'detector', label: 'Detector' },
              ]}
              onChange={setKind}
            />
          ) : null}
          <span class="lane-zoom">
            <Button kind="quiet" icon="left" label="Earlier" disabled={range.from <= whole.from} onClick={() => onRange(moved(range, -0.5, whole))} />
            <Button kind="quiet" icon="right" label="Later" disabled={range.to >= whole.to} onClick={() => onRange(moved(range, 0.5, whole))} />
            <Button kind="quiet" icon="minus" label="Zoom out" disabled={isWhole} onClick={() => onRange(scaled(range, 2, whole))} />
            <Button kind="quiet" icon="plus" label="Zoom in" onClick={() => onRange(scaled(range, 0.5, whole))} />
          </span>
        </>
      }
    >
      <SwimLanes incidents={incidents} kind={kind} names={names} range={range} now={now} selected={selected} hrefOf={hrefOf} onZoom={onRange} />
      <div class="lane-legend hint">
        <span>
          <i class="lane-key lane-key-warning" /> Warning
        </span>
        <span>
          <i class="lane-key lane-key-error" /> Error
        </span>
        <span>
          <i class="lane-key lane-key-open" /> Still open
        </span>
        <span>
          <i class="lane-key lane-key-dismissed" /> Marked as a false alarm
        </span>
        <span class="lane-legend-range">
          <Time at={range.from} quiet /> to <Time at={range.to} />
        </span>
      </div>
    </Card>
  );
}

function laneNames(kind: LaneKind, detector: string | undefined): readonly string[] {
  if (kind === 'detector') return detector === undefined ? (stream.value?.detectors ?? []) : [detector];
  return [...new Set(stream.value?.tags.flatMap(({ stage }) => stage ?? []))];
}
