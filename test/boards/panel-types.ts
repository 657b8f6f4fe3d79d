/** What the frames behind a panel must be for it to draw anything. */
export type Shape = 'series' | 'states' | 'numbers' | 'rows' | 'bands' | 'none';

/** Grafana's own panels that the boards may use. Another one is added here with the shape it wants. */
const panelShapes: Readonly<Record<string, Shape>> = {
  row: 'none',
  text: 'none',
  dashlist: 'none',
  timeseries: 'series',
  trend: 'rows',
  'state-timeline': 'states',
  'status-history': 'states',
  stat: 'numbers',
  gauge: 'numbers',
  bargauge: 'numbers',
  barchart: 'numbers',
  piechart: 'numbers',
  histogram: 'numbers',
  table: 'rows',
  heatmap: 'bands',
};

export const shapeOf = (type: string): Shape | undefined => (Object.hasOwn(panelShapes, type) ? panelShapes[type] : undefined);
