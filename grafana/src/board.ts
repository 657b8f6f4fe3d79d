import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type AnnotationQuery,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  RowBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { dataSourceVariable, type StoreName } from './data-sources.ts';

/** A panel and its size on a grid of 24 columns; a unit of height is 30 pixels. */
export interface Placed {
  readonly panel: PanelBuilder;
  readonly width: number;
  readonly height: number;
}

/** What every panel builder has and a board sets: numbers and places are told, not left to Grafana. */
export interface PanelBuilder extends Builder<Panel> {
  id(id: number): this;
  gridPos(place: { h: number; w: number; x: number; y: number }): this;
}

/** Panels under a heading, from left to right, wrapped. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Placed[];
  /** The section comes once for each value that is chosen of this variable. */
  readonly repeat?: string;
}

export interface BoardOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** `plant`: the stream's own time. `monitoring`: the clock of this machine. */
  readonly stores: readonly StoreName[];
  readonly variables?: readonly Builder<VariableModel>[];
  readonly annotations?: readonly Builder<AnnotationQuery>[];
  readonly sections: readonly Section[];
}

const columns = 24;

/** A board of Grafana as plain data. */
export function board({ uid, title, description, stores, variables = [], annotations = [], sections }: BoardOptions): Dashboard {
  const live = stores[0] === 'monitoring';
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['sluice'])
    .editable()
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: live ? 'now-1h' : 'now-6h', to: 'now' })
    .refresh(live ? '10s' : '30s')
    .variables([...stores.map(dataSourceVariable), ...variables])
    .annotations([...annotations])
    .link(
      new DashboardLinkBuilder('Sluice boards')
        .type(DashboardLinkType.Dashboards)
        .tags(['sluice'])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true)
        .tooltip('The other boards, at the same time'),
    );
  place(builder, sections);
  const { links = [], annotations: { list = [] } = {}, ...rest } = builder.build();
  return { ...rest, links: links.map(inSight), annotations: { list: list.map(inSight) } };
}

/** At the top of the board, not in a menu, where the builders put links and annotations. */
function inSight<T extends { placement?: unknown }>({ placement: _, ...rest }: T): Omit<T, 'placement'> {
  return rest;
}

function place(builder: DashboardBuilder, sections: readonly Section[]): void {
  let id = 1;
  let y = 0;
  for (const { title, panels, repeat } of sections) {
    const row = new RowBuilder(title).id(id++).gridPos({ h: 1, w: columns, x: 0, y });
    if (repeat !== undefined) row.repeat(repeat);
    builder.withRow(row);
    y += 1;
    let x = 0;
    let height = 0;
    for (const { panel, width, height: h } of panels) {
      if (x + width > columns) {
        x = 0;
        y += height;
        height = 0;
      }
      builder.withPanel(panel.id(id++).gridPos({ h, w: width, x, y }));
      x += width;
      height = Math.max(height, h);
    }
    y += height;
  }
}
