import './simulator.css';
import { useState } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { PageHead } from '../components/page-head.tsx';
import { EmptyState, ErrorState, Skeleton } from '../components/states.tsx';
import { useShortcut } from '../keyboard.ts';
import { formatCount } from '../numbers.ts';
import { pipeline, useStream } from '../plant.ts';
import { ItemList } from './simulator/item-list.tsx';
import { ItemPanel } from './simulator/item-panel.tsx';
import { NewItem } from './simulator/new-item.tsx';
import { NoSimulator } from './simulator/no-simulator.tsx';
import { useItems, useOpenIncidents } from './simulator/use-items.ts';

/** Signals to play with: started, changed, disturbed and stopped while the pipeline judges them. */
export default function Simulator() {
  if (pipeline.value?.simulator === true) return <Playground />;
  return (
    <div class="view">
      <PageHead title="Simulator" hint="Signals to play with, while the pipeline judges them." />
      <NoSimulator />
    </div>
  );
}

function Playground() {
  const { resource, traces, look } = useItems();
  const open = useOpenIncidents();
  const [asked, choose] = useStream();
  const [starting, setStarting] = useState(false);
  const { data } = resource;
  const items = data?.items ?? [];
  const item = items.find(({ id }) => id === asked) ?? items[0];
  useShortcut('n', 'New item', () => setStarting(true));
  const total = items.reduce((sum, { rate }) => sum + rate, 0);
  const button = (
    <Button
      kind="primary"
      icon="plus"
      disabled={data === undefined || items.length >= data.limits.items}
      onClick={() => setStarting(true)}
      label="Start another item (n)"
    >
      New item
    </Button>
  );
  return (
    <div class="view">
      <PageHead
        title="Simulator"
        hint={
          data === undefined
            ? 'Signals to play with, while the pipeline judges them.'
            : `${items.length} ${items.length === 1 ? 'item gives' : 'items give'} ${formatCount(total)} of at most ${formatCount(data.limits.rate.total)} messages a second.`
        }
        actions={button}
      />
      {resource.error === undefined ? null : <ErrorState error={resource.error} retry={resource.reload} />}
      {data === undefined ? (
        resource.error === undefined && <Skeleton height={420} />
      ) : item === undefined ? (
        <div class="card">
          <EmptyState title="No item runs" icon="simulator">
            Each item is a signal around its mean, so many messages a second. Start one to see it judged.
          </EmptyState>
        </div>
      ) : (
        <div class="simulator-layout">
          <section class="card item-list-card" aria-label="Items that run">
            <ItemList items={items} selected={item.id} traces={traces} open={open} />
          </section>
          <ItemPanel item={item} limits={data.limits} onChanged={look} />
        </div>
      )}
      {data === undefined ? null : (
        <NewItem
          items={items}
          limits={data.limits}
          open={starting}
          onClose={() => setStarting(false)}
          onStarted={({ id }) => {
            setStarting(false);
            choose(id);
            look();
          }}
        />
      )}
    </div>
  );
}
