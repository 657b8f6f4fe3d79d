import { type Board, type Panel, panelsOf, placeOf } from './dashboard.ts';
import type { Finding } from './finding.ts';
import { shapeOf } from './panel-types.ts';

const columns = 24;
/** Classic model; Grafana migrates older ones when it reads them, and refuses none. */
const schemaVersions = { from: 39, to: 42 };

/** What a board must be by itself, whatever it refers to. */
export function structureFindings(board: Board): Finding[] {
  const panels = panelsOf(board);
  return [
    ...boardFindings(board),
    ...repeated(panels.map(({ id }) => id)).map((id) => ({ where: board.uid, what: `the panel id ${id} is there more than once` })),
    ...panels.flatMap((panel) => panelFindings(panel).map((what) => ({ where: placeOf(board, panel), what }))),
    ...overlaps(board, board.panels),
    ...board.panels.flatMap((row) => overlaps(board, row.panels)),
  ];
}

function boardFindings(board: Board): Finding[] {
  const what: string[] = [];
  if (board.id !== undefined && board.id !== null) what.push('has an id: Grafana chooses those');
  if (!board.description) what.push('has no description');
  if (!board.tags.includes('sluice')) what.push("lacks the tag 'sluice'");
  if (board.schemaVersion < schemaVersions.from || board.schemaVersion > schemaVersions.to) {
    what.push(`schemaVersion ${board.schemaVersion} is not within ${schemaVersions.from} to ${schemaVersions.to}`);
  }
  if (typeof board.editable !== 'boolean') what.push('does not say whether it is editable');
  if (!isTimeZone(board.timezone)) what.push(`timezone ${JSON.stringify(board.timezone)} is neither browser, utc nor a zone`);
  if (!(board.refresh === '' || board.refresh === false || /^\d+[smh]$/.test(String(board.refresh)))) {
    what.push(`refresh ${JSON.stringify(board.refresh)} is neither off nor a span such as 10s`);
  }
  if (!board.time || !isMoment(board.time.from) || !isMoment(board.time.to)) what.push(`time ${JSON.stringify(board.time)} is no range`);
  if (board.panels.length === 0) what.push('has no panel');
  return what.map((one) => ({ where: board.uid, what: one }));
}

function panelFindings(panel: Panel): string[] {
  const shape = shapeOf(panel.type);
  if (shape === undefined) return [`the panel type '${panel.type}' is not known here; see panel-types.ts`];
  const { x, w } = panel.gridPos;
  const what: string[] = [];
  if (x + w > columns) what.push(`reaches beyond column ${columns}: x ${x}, w ${w}`);
  if (!panel.title && panel.type !== 'text') what.push('has no title');
  if (!panel.description && panel.type !== 'row') what.push('has no description');
  if (shape === 'none' && panel.targets.length > 0) what.push(`is a ${panel.type} panel, yet has queries`);
  if (shape !== 'none' && panel.targets.length === 0) what.push('has no query');
  for (const refId of repeated(panel.targets.map(({ refId }) => refId))) what.push(`the refId ${refId} is there more than once`);
  if (shape !== 'none' && panel.type !== 'table' && !hasUnit(panel)) what.push('has no unit');
  return what;
}

/** A panel of states may have texts for its values in place of a unit. The columns of a table are looked at one by one, with its rows. */
function hasUnit({ type, fieldConfig, options }: Panel): boolean {
  const { defaults, overrides } = fieldConfig ?? { defaults: {}, overrides: [] };
  if (defaults.unit || overrides.some(({ properties }) => properties.some(({ id, value }) => id === 'unit' && value))) return true;
  const axis = options?.yAxis;
  if (type === 'heatmap' && typeof axis === 'object' && axis !== null && 'unit' in axis && axis.unit) return true;
  const mappings = 'mappings' in defaults ? defaults.mappings : undefined;
  return shapeOf(type) === 'states' && Array.isArray(mappings) && mappings.length > 0;
}

function overlaps(board: Board, panels: readonly Panel[]): Finding[] {
  return panels.flatMap((panel, i) =>
    panels
      .slice(i + 1)
      .filter((other) => overlap(panel.gridPos, other.gridPos))
      .map((other) => ({ where: placeOf(board, panel), what: `lies over panel ${other.id}${other.title ? ` '${other.title}'` : ''}` })),
  );
}

function overlap(a: Panel['gridPos'], b: Panel['gridPos']): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function isMoment(text: string): boolean {
  return /^now(-\d+[smhdwMy])?(\/[smhdwMy])?$/.test(text) || !Number.isNaN(Date.parse(text));
}

function isTimeZone(zone: unknown): boolean {
  return typeof zone === 'string' && (['', 'browser', 'utc'].includes(zone) || Intl.supportedValuesOf('timeZone').includes(zone));
}

export function repeated<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, i) => values.indexOf(value) !== i))];
}
