import { useMemo } from 'preact/hooks';
import { TimeChart } from '../../charts/time-chart.tsx';
import type { ChartRegion, ChartSeries } from '../../charts/types.ts';
import { Card } from '../../components/card.tsx';
import { EmptyState } from '../../components/states.tsx';
import type { Tag } from '../../components/tag-groups.ts';
import { zone } from '../../time.ts';
import type { LiveModel } from './live-model.ts';
import type { TagPanel } from './usual-tags.ts';

export const cursorGroup = 'live';

interface TagChartsProps {
  readonly model: LiveModel;
  readonly panels: readonly TagPanel[];
  readonly regions: readonly ChartRegion[];
}

/** The chosen tags, a chart for each unit, one above the other with a common axis of time. */
export function TagCharts({ model, panels, regions }: TagChartsProps) {
  // Named once.
  const quiet = useMemo(() => regions.map((region) => ({ ...region, label: '' })), [regions]);
  const { rows } = model;
  const series = (tag: Tag): ChartSeries => {
    const { value, min, max } = rows.tag(tag.name);
    return { name: tag.name, times: rows.times, values: value, unit: tag.unit, step: tag.kind === 'discrete', ...(rows.folded ? { min, max } : {}) };
  };
  return (
    <Card title="Tags">
      {panels.length === 0 ? (
        <EmptyState title="No tag is chosen" icon="live">
          Choose some above; each unit gets a chart.
        </EmptyState>
      ) : (
        <div class="live-charts">
          {panels.map((panel, index) => {
            const last = index === panels.length - 1;
            const height = panel.discrete ? 84 : panels.length <= 2 ? 176 : 132;
            return (
              <TimeChart
                key={panel.title}
                title={panel.title}
                quietTitle
                series={panel.tags.map(series)}
                range={model.range() ?? undefined}
                zone={zone.value}
                height={height + (last ? 32 : 0)}
                regions={index === 0 ? regions : quiet}
                group={cursorGroup}
                timeAxis={last}
                loading={model.loading.value && index === 0}
                empty="No rows in this stretch of time."
                onRange={(range) => model.look(range)}
                onReset={() => model.follow()}
              />
            );
          })}
        </div>
      )}
    </Card>
  );
}
