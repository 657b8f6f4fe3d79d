import type { Series } from '../../../../serve/api.ts';
import { getSeries, type RangeQuery } from '../../api.ts';
import { TimeChart } from '../../charts/time-chart.tsx';
import { ErrorState, Skeleton } from '../../components/states.tsx';
import { type Tag, tagGroups } from '../../components/tag-groups.ts';
import { TagPicker } from '../../components/tag-picker.tsx';
import { stream, streamName } from '../../plant.ts';
import { currentRangeParams } from '../../range.ts';
import { useResource } from '../../resource.ts';
import { hrefTo, useParam } from '../../router.ts';
import { zone } from '../../time.ts';
import { useInView } from './use-in-view.ts';

/** Points of a small chart; more would not be seen. */
const points = 400;
const chartHeight = 150;
/** Charts asked for together. */
const together = 6;

/** A small chart for each tag, by stage, asked for as it comes into view. */
export function TagSeries({ range, rangeKey }: { range: RangeQuery; rangeKey: string }) {
  const all = stream.value?.tags ?? [];
  const [chosen, choose] = useParam<readonly string[]>('tags', []);
  const groups = tagGroups(chosen.length === 0 ? all : all.filter(({ name }) => chosen.includes(name)));
  return (
    <div class="stack">
      <div class="tag-series-picker">
        <TagPicker label="Tags, all when none is chosen" tags={all} selected={chosen} onChange={choose} />
      </div>
      {groups.map(({ stage, tags }) => (
        <section key={stage} class="stack" aria-label={stage ?? 'Other tags'}>
          {groups.length > 1 ? <h2>{stage ?? 'Other tags'}</h2> : null}
          {portions(tags).map((portion) => (
            <Portion key={portion[0]!.name} tags={portion} range={range} rangeKey={rangeKey} />
          ))}
        </section>
      ))}
    </div>
  );
}

function portions(tags: readonly Tag[]): Tag[][] {
  const parts: Tag[][] = [];
  for (let at = 0; at < tags.length; at += together) parts.push(tags.slice(at, at + together));
  return parts;
}

/** A few charts with one request. */
function Portion({ tags, range, rangeKey }: { tags: readonly Tag[]; range: RangeQuery; rangeKey: string }) {
  const [element, seen] = useInView<HTMLDivElement>();
  const names = tags.map(({ name }) => name);
  const name = streamName.value;
  const series = useResource(seen ? `small ${name} ${rangeKey} ${names}` : null, (abort) => getSeries(name, { ...range, tags: names, points }, abort));
  return (
    <div class="tag-series" ref={element}>
      {series.error !== undefined && series.data === undefined ? (
        <ErrorState error={series.error} retry={series.reload} />
      ) : (
        tags.map((tag) => <Small key={tag.name} tag={tag} series={series.data} loading={series.reloading} />)
      )}
    </div>
  );
}

function Small({ tag, series, loading }: { tag: Tag; series: Series | undefined; loading: boolean }) {
  const found = series?.tags.find((one) => one.tag === tag.name);
  const from = series?.from == null ? undefined : Date.parse(series.from);
  const to = series?.to == null ? undefined : Date.parse(series.to);
  return (
    <div class="card tag-series-card">
      <div class="tag-series-head">
        <strong>{tag.name}</strong>
        <small>{[tag.description, tag.unit].filter(Boolean).join(' · ')}</small>
        <a href={hrefTo('/live', { ...currentRangeParams(), tags: tag.name })} aria-label={`${tag.name} in Live`}>
          Live
        </a>
      </div>
      {series === undefined ? (
        <Skeleton height={chartHeight} />
      ) : (
        <TimeChart
          title={tag.name}
          quietTitle
          legend={false}
          zone={zone.value}
          height={chartHeight}
          loading={loading}
          {...(from === undefined || to === undefined ? {} : { range: { from, to } })}
          series={
            found === undefined
              ? []
              : [{ name: tag.name, times: series.times, values: found.value, min: found.min, max: found.max, unit: tag.unit, step: tag.kind === 'discrete' }]
          }
        />
      )}
    </div>
  );
}
