import { getDistribution, type RangeQuery } from '../../api.ts';
import { Histogram } from '../../charts/histogram.tsx';
import { Card } from '../../components/card.tsx';
import { Select } from '../../components/field.tsx';
import { EmptyState, Loaded, Skeleton } from '../../components/states.tsx';
import { formatCount } from '../../numbers.ts';
import { stream, streamName } from '../../plant.ts';
import { useResource } from '../../resource.ts';
import { useParam } from '../../router.ts';
import { useDetector } from './use-detector.tsx';

const binChoices = ['20', '40', '80', '160'];

/** How often a tag had which value, in rows that a detector took as normal and in those it flagged. */
export function TagDistribution({ range, rangeKey }: { range: RangeQuery; rangeKey: string }) {
  const name = streamName.value;
  const tags = stream.value?.tags ?? [];
  const [asked, setTag] = useParam('tag', '');
  const [bins, setBins] = useParam('bins', '40');
  const { detector, query: ofDetector, field } = useDetector();
  const tag = tags.find((one) => one.name === asked) ?? tags[0];
  const count = binChoices.includes(bins) ? Number(bins) : 40;
  const resource = useResource(tag === undefined ? null : `distribution ${name} ${rangeKey} ${tag.name} ${detector} ${count}`, (abort) =>
    getDistribution(name, { ...range, ...ofDetector, tag: tag!.name, bins: count }, abort),
  );
  return (
    <Card title={tag === undefined ? 'Distribution' : `Distribution of ${tag.name}`} {...(tag?.description == null ? {} : { hint: tag.description })}>
      <div class="distribution-fields">
        <Select
          label="Tag"
          value={tag?.name ?? ''}
          options={tags.map(({ name: value, description }) => ({ value, label: description === null ? value : `${value} · ${description}` }))}
          onChange={setTag}
        />
        {field}
        <Select label="Bins" value={String(count)} options={binChoices.map((value) => ({ value, label: value }))} onChange={setBins} />
      </div>
      <Loaded resource={resource} skeleton={<Skeleton height={320} />}>
        {(found) =>
          found.rows === 0 ? (
            <EmptyState title="No readings in this range" icon="data">
              Choose a longer one, or another tag.
            </EmptyState>
          ) : (
            <>
              <Histogram
                title={`Values of ${found.tag} by the verdict of ${found.detector}`}
                quietTitle
                height={320}
                edges={found.edges}
                unit={tag?.unit}
                parts={[
                  { name: 'Normal', tone: 'normal', counts: found.normal },
                  { name: 'Anomalous', tone: 'anomalous', counts: found.anomalous },
                  { name: 'No verdict', tone: 'undefined', counts: found.undefined },
                ]}
              />
              <p class="hint">
                {formatCount(found.rows)} rows counted{found.newest ? ', the newest of the range, for it holds more' : ''}.
              </p>
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
