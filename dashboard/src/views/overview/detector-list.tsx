import type { ApiStatus, PipelineInfo } from '../../../../serve/api.ts';
import { Card } from '../../components/card.tsx';
import { Meter } from '../../components/meter.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { Badge, type Status, StatusMark } from '../../components/status-mark.tsx';
import { hrefTo } from '../../router.ts';
import { formatDuration } from '../../time.ts';
import { type GradeTrack, kept } from './grade-track.ts';

type WarmUp = ApiStatus['streams'][number]['warmUp'];

const doing: Record<WarmUp['stage'], string> = {
  waiting: 'Waiting for the first row',
  collecting: 'Collecting rows to learn from',
  fitting: 'Learning what is normal',
  calibrating: 'Setting the levels',
  ready: 'Ready',
};
const words: Record<Status, string> = { ok: 'OK', warning: 'Warning', error: 'Error', undefined: 'No verdict' };

interface DetectorListProps {
  readonly names: readonly string[];
  readonly info: PipelineInfo;
  readonly warmUp: WarmUp | undefined;
  readonly tracks: ReadonlyMap<string, GradeTrack>;
}

/** Every detector with its verdict now and its last grades; while they learn, how far they are. */
export function DetectorList({ names, info, warmUp, tracks }: DetectorListProps) {
  const learning = warmUp !== undefined && warmUp.stage !== 'ready';
  return (
    <Card
      title="Detectors"
      hint={learning ? undefined : `Grades of the last ${formatDuration(kept)} of the plant: 0 is usual, the dashed line the warning level, the top an error.`}
    >
      {learning ? (
        <Meter
          label={doing[warmUp.stage]}
          value={warmUp.have}
          of={warmUp.need}
          text={`${warmUp.have.toLocaleString('en')} of ${warmUp.need.toLocaleString('en')} rows`}
        />
      ) : null}
      <ul class="detectors">
        {names
          .toSorted((a, b) => Number(b === info.lead) - Number(a === info.lead))
          .map((name) => {
            const detector = info.detectors.find((one) => one.name === name);
            const track = tracks.get(name);
            const now = track?.now ?? 'undefined';
            return (
              <li key={name} class="detector">
                <div class="detector-name">
                  <a href={hrefTo('/live', { detectors: name })} title={detector?.summary}>
                    {name}
                  </a>
                  {name === info.lead ? <Badge>look here first</Badge> : null}
                  <small>{detector === undefined || detector.type === name ? (detector?.view ?? '') : detector.type}</small>
                </div>
                <StatusMark status={now} label={learning && now === 'undefined' ? 'Learning' : words[now]} />
                <Sparkline
                  values={track?.grades ?? []}
                  min={0}
                  max={1}
                  level={0.5}
                  label={`Grades of ${name}${track?.grades.at(-1) == null ? '' : `, now ${track.grades.at(-1)!.toFixed(2)}`}`}
                />
              </li>
            );
          })}
      </ul>
    </Card>
  );
}
