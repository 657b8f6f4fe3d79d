import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LineInterpolation,
  ReduceDataOptionsBuilder,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
  TimelineValueAlignment,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DynamicConfigValue,
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMap,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HeatmapBuilder, HeatmapColorMode, HeatmapColorOptionsBuilder, YAxisConfigBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as HistogramBuilder } from '@grafana/grafana-foundation-sdk/histogram';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Placed } from './board.ts';
import { FluxQuery, type StoreName, store } from './data-sources.ts';

// The kinds of panel that boards are made of, each in one look. A unit is one of Grafana's ids, or `suffix: x` for any other.

export interface PanelOptions {
  readonly title: string;
  /** What is shown, where it comes from, and what to make of it. */
  readonly description: string;
  readonly query: string | readonly string[];
  /** Grafana's unit id, e.g. `percentunit`, `s`, `short`. */
  readonly unit: string;
  readonly store?: StoreName;
  readonly width?: number;
  readonly height?: number;
}

interface Common<B> {
  title(title: string): B;
  description(text: string): B;
  datasource(ref: { type?: string; uid?: string }): B;
  targets(targets: FluxQuery[]): B;
  unit(unit: string): B;
}

function begun<B extends Common<B>>(builder: B, { title, description, query, unit, store: name = 'plant' }: PanelOptions): B {
  const queries = typeof query === 'string' ? [query] : query;
  return builder
    .title(title)
    .description(description)
    .datasource(store(name))
    .targets(queries.map((text, i) => new FluxQuery(store(name), text, String.fromCharCode(65 + i))))
    .unit(unit);
}

const legend = (): VizLegendOptionsBuilder =>
  new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true).calcs([]);
const tooltip = (): VizTooltipOptionsBuilder => new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending);

/** Steps of a colour: the first has no lower end. */
export function steps(base: string, ...more: readonly (readonly [number, string])[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...more.map(([value, color]) => ({ value, color }))] as ThresholdsConfig['steps']);
}

/** How one field differs from the others of its panel. */
export interface FieldLook {
  readonly name?: string;
  readonly pattern?: string;
  readonly unit?: string;
  readonly colour?: string;
  readonly title?: string;
  readonly hidden?: boolean;
  readonly width?: number;
  readonly decimals?: number;
  readonly dashed?: boolean;
  readonly noFill?: boolean;
  readonly link?: { readonly title: string; readonly url: string };
  /** Shown as a bar within its cell, 0 to 1. */
  readonly bar?: boolean;
  readonly mappings?: readonly ValueMap[];
}

function propertiesOf(look: FieldLook): DynamicConfigValue[] {
  const { unit, colour, title, hidden, width, decimals, dashed, noFill, link, bar, mappings } = look;
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(title === undefined ? [] : [{ id: 'displayName', value: title }]),
    ...(colour === undefined ? [] : [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }]),
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(hidden ? [{ id: 'custom.hidden', value: true }] : []),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(dashed ? [{ id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } }] : []),
    ...(noFill ? [{ id: 'custom.fillOpacity', value: 0 }] : []),
    ...(link === undefined ? [] : [{ id: 'links', value: [{ ...link, targetBlank: false }] }]),
    ...(bar
      ? [
          { id: 'custom.cellOptions', value: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' } },
          { id: 'min', value: 0 },
          { id: 'max', value: 1 },
        ]
      : []),
    ...(mappings === undefined ? [] : [{ id: 'mappings', value: mappings }]),
  ];
}

interface Overridable<B> {
  overrideByName(name: string, properties: DynamicConfigValue[]): B;
  overrideByRegexp(pattern: string, properties: DynamicConfigValue[]): B;
}

function looking<B extends Overridable<B>>(builder: B, looks: readonly FieldLook[] = []): B {
  for (const look of looks) {
    if (look.pattern === undefined) builder.overrideByName(look.name ?? '', propertiesOf(look));
    else builder.overrideByRegexp(look.pattern, propertiesOf(look));
  }
  return builder;
}

export interface SeriesOptions extends PanelOptions {
  /** What a series is called, by its labels: `${__field.labels.detector}`; by its field where not given. */
  readonly name?: string;
  /** `steps`: values hold until the next. */
  readonly style?: 'line' | 'steps' | 'area' | 'bars';
  /** Scores of an attack can be a hundred times the level: logarithmic beyond 1, straight around 0. */
  readonly logarithmic?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly looks?: readonly FieldLook[];
  readonly thresholds?: ThresholdsConfigBuilder;
  /** Draw the steps of the thresholds as lines. */
  readonly thresholdLines?: boolean;
  readonly stacked?: boolean;
  readonly decimals?: number;
}

/** Values over time. */
export function series(options: SeriesOptions): Placed {
  const { name, style = 'line', logarithmic, min, max, looks, thresholds, thresholdLines, width = 24, height = 8, decimals, stacked } = options;
  const panel = begun(new TimeSeriesBuilder(), options)
    .legend(legend())
    .tooltip(tooltip())
    .lineWidth(1)
    .fillOpacity(style === 'area' ? 25 : style === 'bars' ? 80 : 0)
    .drawStyle(style === 'bars' ? GraphDrawStyle.Bars : GraphDrawStyle.Line)
    .lineInterpolation(style === 'steps' ? LineInterpolation.StepAfter : LineInterpolation.Linear)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .axisPlacement(AxisPlacement.Auto);
  if (name !== undefined) panel.displayName(name);
  if (logarithmic) panel.scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Symlog).log(10).linearThreshold(1));
  if (min !== undefined) panel.min(min);
  if (max !== undefined) panel.max(max);
  if (decimals !== undefined) panel.decimals(decimals);
  if (stacked) panel.stacking({ build: () => ({ mode: 'normal', group: 'A' }) } as Parameters<TimeSeriesBuilder['stacking']>[0]);
  if (thresholds) {
    panel.thresholds(thresholds);
    if (thresholdLines) panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return { panel: looking(panel, looks), width, height };
}

export interface TimelineOptions extends PanelOptions {
  readonly name?: string;
  readonly mappings: readonly ValueMap[];
}

/** What held from when to when, a line for each series. */
export function timeline(options: TimelineOptions): Placed {
  const { name, mappings, width = 24, height = 6 } = options;
  const panel = begun(new TimelineBuilder(), options)
    .legend(legend())
    .tooltip(tooltip())
    .mappings([...mappings])
    .thresholds(steps('transparent'))
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .alignValue(TimelineValueAlignment.Left)
    .rowHeight(0.85)
    .lineWidth(0)
    .fillOpacity(85);
  if (name !== undefined) panel.displayName(name);
  return { panel, width, height };
}

export interface FigureOptions extends PanelOptions {
  readonly thresholds?: ThresholdsConfigBuilder;
  /** Of several values: the last one unless told otherwise. */
  readonly of?: 'lastNotNull' | 'max' | 'sum' | 'mean';
  /** Beside the figure, how it came about. */
  readonly spark?: boolean;
  /** Text of a column in place of a number. */
  readonly text?: string;
  readonly name?: string;
  readonly noValue?: string;
  readonly decimals?: number;
  readonly mappings?: readonly ValueMap[];
  readonly looks?: readonly FieldLook[];
}

/** One figure, or one for each series. */
export function figure(options: FigureOptions): Placed {
  const { thresholds, of = 'lastNotNull', spark, text, name, noValue = '–', decimals, mappings, looks, width = 4, height = 4 } = options;
  const reduce = new ReduceDataOptionsBuilder().values(false).calcs([of]);
  if (text !== undefined) reduce.fields(text);
  const panel = begun(new StatBuilder(), options)
    .reduceOptions(reduce)
    .graphMode(spark ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .colorMode(thresholds ? BigValueColorMode.Background : BigValueColorMode.Value)
    .textMode(name === undefined ? BigValueTextMode.Auto : BigValueTextMode.ValueAndName)
    .noValue(noValue)
    .thresholds(thresholds ?? steps('text'));
  if (name !== undefined) panel.displayName(name);
  if (decimals !== undefined) panel.decimals(decimals);
  if (mappings !== undefined) panel.mappings([...mappings]);
  return { panel: looking(panel, looks), width, height };
}

export interface BarsOptions extends PanelOptions {
  /** The column that names each bar. */
  readonly nameColumn?: string;
  readonly thresholds?: ThresholdsConfigBuilder;
  readonly max?: number;
}

/** A bar for each row. */
export function bars(options: BarsOptions): Placed {
  const { thresholds, max, width = 8, height = 9 } = options;
  const panel = begun(new BarGaugeBuilder(), options)
    .reduceOptions(new ReduceDataOptionsBuilder().values(true).calcs([]).limit(12))
    .orientation(VizOrientation.Horizontal)
    .min(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.ContinuousYlRd))
    .thresholds(thresholds ?? steps('orange'));
  if (max !== undefined) panel.max(max);
  return { panel, width, height };
}

export interface HeatOptions extends PanelOptions {
  /** What a line is called, by its labels. */
  readonly name: string;
  readonly scheme?: string;
  /** Unit of the lines' names where they are numbers; of the values where not given. */
  readonly nameUnit?: string;
}

/** A line for each series, coloured by its value. */
export function heat(options: HeatOptions): Placed {
  const { name, scheme = 'Oranges', nameUnit = options.unit, width = 16, height = 9 } = options;
  const panel = begun(new HeatmapBuilder(), options)
    .calculate(false)
    .displayName(name)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme(scheme).steps(64).fill('dark-orange').exponent(0.5).reverse(false))
    .yAxis(new YAxisConfigBuilder().axisPlacement(AxisPlacement.Left).unit(nameUnit))
    .cellGap(1);
  return { panel, width, height };
}

export interface TableOptions extends PanelOptions {
  readonly looks: readonly FieldLook[];
}

/** Rows and columns. */
export function table(options: TableOptions): Placed {
  const { looks, width = 24, height = 9 } = options;
  const panel = begun(new TableBuilder(), options).showHeader(true).filterable(true).noValue('');
  return { panel: looking(panel, looks), width, height };
}

/** How often each value came. */
export function distribution(options: PanelOptions & { readonly buckets?: number }): Placed {
  const { buckets = 40, width = 12, height = 8 } = options;
  const panel = begun(new HistogramBuilder(), options).bucketCount(buckets).fillOpacity(70).lineWidth(1).legend(legend()).tooltip(tooltip());
  return { panel, width, height };
}

/** A few words. */
export function words(title: string, description: string, content: string, width = 24, height = 3): Placed {
  return { panel: new TextBuilder().title(title).description(description).mode(TextMode.Markdown).content(content), width, height };
}

/** Texts and colours for values, in this order. */
export function valued(values: Readonly<Record<string, readonly [text: string, colour: string]>>): ValueMap[] {
  const options = Object.fromEntries(Object.entries(values).map(([value, [text, color]], index) => [value, { text, color, index }]));
  return [{ type: MappingType.ValueToText, options }];
}

/** Statuses of verdicts. */
export const statusValues = valued({ '-1': ['error', 'red'], '0': ['warning', 'orange'], '1': ['ok', 'green'], '2': ['undefined', '#808080'] });
