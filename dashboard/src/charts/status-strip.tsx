import { useSignal } from '@preact/signals';
import { formatDateTime, offsetLabel } from '../time.ts';
import { lowerBound } from './align.ts';
import { ChartFrame } from './chart-frame.tsx';
import { createLanes, type LanesInput, laneHeight, lanesShape } from './lanes.ts';
import { type Lane, laneSummary, statusWord } from './status-runs.ts';
import type { ChartRegion, TimeRange } from './types.ts';

interface StatusStripProps {
  readonly title: string;
  readonly quietTitle?: boolean;
  /** One strip each, in this order. */
  readonly lanes: readonly Lane[];
  readonly range: TimeRange;
  readonly zone: string;
  readonly regions?: readonly ChartRegion[];
  readonly group?: string | undefined;
  readonly timeAxis?: boolean;
  readonly loading?: boolean;
  readonly empty?: string;
  readonly onRange?: (range: TimeRange) => void;
  readonly onReset?: () => void;
}

const noRegions: readonly ChartRegion[] = [];
const keys = ['ok', 'warn', 'error', 'undefined'] as const;
const keyWords = { ok: 'OK', warn: 'warning', error: 'error', undefined: 'no verdict' };

/** The states of detectors over time, a strip each, under the same hands as the charts of lines. */
export function StatusStrip(props: StatusStripProps) {
  const { lanes, range, zone, regions = noRegions } = props;
  const pointer = useSignal<number | null>(null);
  const input: LanesInput = { lanes, regions, range, zone, timeAxis: props.timeAxis ?? true, group: props.group };
  const bare = lanes.every(({ times }) => times.length === 0);
  const at = pointer.value;
  return (
    <ChartFrame
      title={props.title}
      quietTitle={props.quietTitle === true}
      height={Math.max(1, lanes.length) * laneHeight + (input.timeAxis ? 44 : 10)}
      input={input}
      shape={lanesShape(input)}
      create={createLanes}
      onRange={(next) => props.onRange?.(next)}
      onReset={() => props.onReset?.()}
      onPoint={(time) => {
        pointer.value = time;
      }}
      summary={() => lanes.map((lane) => laneSummary(lane, range.from, range.to)).join(' ')}
      empty={bare ? (props.empty ?? 'No verdicts in this stretch of time.') : undefined}
      blank={false}
      loading={props.loading === true}
    >
      <div class="chart-legend">
        <ul>
          {keys.map((key) => (
            <li key={key} class="chart-level">
              <span class={`chart-block chart-block-${key}`} />
              <span class="chart-name">{keyWords[key]}</span>
            </li>
          ))}
          {lanes.some((lane) => (lane.regions ?? []).length > 0) ? (
            <li class="chart-level">
              <span class="chart-incident" />
              <span class="chart-name">incident</span>
            </li>
          ) : null}
        </ul>
        {at === null ? null : (
          <span class="chart-time">
            {formatDateTime(at, zone)} {offsetLabel(at, zone)}: {lanes.map((lane) => `${lane.name} ${statusAt(lane, at)}`).join(', ')}
          </span>
        )}
      </div>
    </ChartFrame>
  );
}

function statusAt({ times, status }: Lane, at: number): string {
  const row = lowerBound(times, at + 1e-6) - 1;
  return row < 0 ? 'no verdict' : statusWord(status[row]);
}
