import type { ApiIncident } from '../../../../serve/api.ts';
import { numberText } from '../../charts/number-text.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { Badge } from '../../components/status-mark.tsx';
import { formatCount } from '../../numbers.ts';
import { hrefTo } from '../../router.ts';
import type { Item } from './items.ts';

interface ItemListProps {
  readonly items: readonly Item[];
  readonly selected: string | undefined;
  /** Last values of each, one a second. */
  readonly traces: ReadonlyMap<string, readonly number[]>;
  /** Open incidents by item. */
  readonly open: ReadonlyMap<string, ApiIncident>;
}

/** Items that run, as links to their controls. */
export function ItemList({ items, selected, traces, open }: ItemListProps) {
  return (
    <ul class="item-list" aria-label="Items">
      {items.map((item) => {
        const incident = open.get(item.id);
        return (
          <li key={item.id}>
            <a class="item-link" href={hrefTo('/simulator', { stream: item.id })} aria-current={item.id === selected ? 'true' : undefined}>
              <strong class="item-name">{item.id}</strong>
              <span class="item-last figure">{numberText(item.last?.value)}</span>
              <span class="item-trace">
                <Sparkline values={traces.get(item.id) ?? []} label={`Last values of ${item.id}`} height={28} />
              </span>
              <small class="item-facts figure">
                {incident === undefined ? null : <Badge status="error">incident</Badge>}
                {item.pending > 0 ? <Badge status="warning">anomaly</Badge> : null}
                <span>
                  {/* In place of its settings, so that nothing moves when an anomaly begins. */}
                  {incident === undefined && item.pending === 0 ? `mean ${numberText(item.mean)} · variance ${numberText(item.variance)} · ` : ''}
                  {numberText(item.rate)}/s · {formatCount(item.sent)} sent{item.missed > 0 ? ` · ${formatCount(item.missed)} missed` : ''}
                </span>
              </small>
            </a>
          </li>
        );
      })}
    </ul>
  );
}
