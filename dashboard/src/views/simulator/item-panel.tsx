import { useState } from 'preact/hooks';
import { Button, ButtonLink } from '../../components/button.tsx';
import { Card } from '../../components/card.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { toast } from '../../components/toast.tsx';
import { formatCount } from '../../numbers.ts';
import { asApiError } from '../../resource.ts';
import { hrefTo } from '../../router.ts';
import { formatDuration } from '../../time.ts';
import { InjectForm } from './inject-form.tsx';
import { ItemChart } from './item-chart.tsx';
import { ItemSettings } from './item-settings.tsx';
import { type Item, type Limits, stopItem } from './items.ts';
import { Outcomes } from './outcomes.tsx';

/** One item: what it gives now, and what can be done to it. */
export function ItemPanel({ item, limits, onChanged }: { item: Item; limits: Limits; onChanged: () => void }) {
  const [stopping, setStopping] = useState(false);
  const stop = async () => {
    setStopping(false);
    try {
      const { sent } = await stopItem(item.id);
      toast(`${item.id} is stopped after ${formatCount(sent)} messages`);
    } catch (error) {
      toast(`${item.id} could not be stopped: ${asApiError(error).message}`, 'error');
    }
    onChanged();
  };
  return (
    <div class="item-panel">
      <Card
        class="item-panel-chart"
        title={item.id}
        actions={
          <>
            <ButtonLink icon="live" href={hrefTo('/live', { stream: item.id })}>
              Live
            </ButtonLink>
            <Button kind="danger" onClick={() => setStopping(true)}>
              Stop
            </Button>
          </>
        }
        hint={`Runs for ${formatDuration(Math.max(0, Date.now() - Date.parse(item.startedAt)))}, ${formatCount(item.sent)} messages sent${item.pending > 0 ? `, ${formatCount(item.pending)} ${item.pending === 1 ? 'value' : 'values'} to be disturbed` : ''}.`}
      >
        <ItemChart key={item.id} item={item.id} />
      </Card>
      <Card title="Inject an anomaly">
        <InjectForm key={item.id} item={item} limits={limits} onInjected={onChanged} />
        <Outcomes item={item.id} />
      </Card>
      <Card title="Signal">
        <ItemSettings key={item.id} item={item} limits={limits} onChanged={onChanged} />
      </Card>
      <Dialog title={`Stop ${item.id}?`} open={stopping} onClose={() => setStopping(false)}>
        <p>It sends no more messages. What it has sent stays stored.</p>
        <div class="row">
          <Button kind="danger" onClick={stop}>
            Stop {item.id}
          </Button>
          <Button kind="quiet" onClick={() => setStopping(false)}>
            Let it run
          </Button>
        </div>
      </Dialog>
    </div>
  );
}
