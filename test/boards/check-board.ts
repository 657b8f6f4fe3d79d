import { referenceFindings } from './board-references.ts';
import { structureFindings } from './board-structure.ts';
import { type Board, type Panel, panelsOf, placeOf, repeatsOf, type Target } from './dashboard.ts';
import type { DataSource } from './data-sources.ts';
import type { Finding } from './finding.ts';
import type { Frame } from './grafana-frames.ts';
import { fillMacros, intervalOf, type TimeRange } from './grafana-macros.ts';
import { fillVariables, referencesIn, type VariableValue } from './grafana-variables.ts';
import { columnFindings } from './panel-columns.ts';
import { annotationFindings, shapeFindings } from './panel-shape.ts';
import { type Judge, openQueryLog, type QueryLog, type Tally } from './query-log.ts';
import { type Choices, choose, sourceOf } from './variable-values.ts';

/** What queries are run against. */
export interface Store extends Judge {
  readonly sources: readonly DataSource[];
  /** The time range that a user would look at. */
  rangeOf(source: DataSource): TimeRange;
}

export interface BoardReport extends Tally {
  readonly uid: string;
  readonly title: string;
  readonly panels: number;
  readonly findings: readonly Finding[];
  readonly notes: readonly Finding[];
}

/** Of a panel's width in points on a usual screen; a column of Grafana's grid is about that wide. */
const pointsAColumn = 75;
/** Grafana's server gives up beyond that many times what the panel can draw. */
const enforced = 10;
/** What Grafana asks of an annotation. */
const annotationPoints = 100;
const variablePoints = 1000;

/** A board by itself, what it refers to, and every query of it. */
export async function checkBoard(board: Board, boards: readonly Board[], store: Store): Promise<BoardReport> {
  const log = openQueryLog(store);
  const static_ = [...structureFindings(board), ...referenceFindings(board, boards)];
  const macros = (points: number, interval?: string | null) => (flux: string, source: DataSource) => {
    const range = store.rangeOf(source);
    return fillMacros(flux, { range, intervalMs: intervalOf(range, points, interval), bucket: source.bucket, org: source.org });
  };
  const choices = await choose(board, log, { sources: store.sources, macros: macros(variablePoints) });
  const repeats = repeatsOf(board);
  const panels = panelsOf(board).filter(({ type }) => type !== 'row');
  for (const panel of panels) {
    const points = panel.maxDataPoints ?? panel.gridPos.w * pointsAColumn;
    await checkPanel(placeOf(board, panel), panel, choices, log, {
      repeat: repeats.get(panel),
      sources: store.sources,
      fill: macros(points, panel.interval),
      maxPoints: points * enforced,
    });
  }
  for (const { name, builtIn, target, datasource } of board.annotations.list) {
    if (builtIn) continue;
    const where = `${board.uid} / annotation '${name}'`;
    const source = sourceOf(datasource?.uid, choices.chosen, store.sources);
    if (!target?.query) log.note(where, ['has no query']);
    else if (source) {
      for (const [which, values] of selections(target.query, choices)) {
        const flux = macros(annotationPoints)(fillVariables(target.query, values), source);
        const frames = await log.run({ where: where + which, source, flux, maxPoints: annotationPoints * enforced });
        if (frames) log.note(where + which, annotationFindings(frames), flux);
      }
    }
  }
  return { uid: board.uid, title: board.title, panels: panels.length, ...log.tally, findings: [...static_, ...log.findings], notes: log.notes };
}

interface Around {
  /** The variable for each value of which the panel comes again. */
  readonly repeat?: string | undefined;
  readonly sources: readonly DataSource[];
  readonly fill: (flux: string, source: DataSource) => string;
  readonly maxPoints: number;
}

async function checkPanel(place: string, panel: Panel, choices: Choices, log: QueryLog, around: Around): Promise<void> {
  const frames: Frame[] = [];
  let whole = true;
  for (const target of panel.targets) {
    for (const [which, values] of selections(target.query, choices, around.repeat)) {
      const where = `${place} / ${target.refId}${which}`;
      const got = await runTarget(where, panel, target, values, log, around);
      if (got) frames.push(...got);
      else whole = false;
    }
  }
  if (whole && frames.length > 0) log.note(place, columnFindings(panel, frames));
}

async function runTarget(
  where: string,
  panel: Panel,
  target: Target,
  values: ReadonlyMap<string, VariableValue>,
  log: QueryLog,
  around: Around,
): Promise<Frame[] | undefined> {
  const source = sourceOf((target.datasource ?? panel.datasource)?.uid, values, around.sources);
  if (!source) {
    log.note(where, ['its data source is not provisioned']);
    return undefined;
  }
  const flux = around.fill(fillVariables(target.query, values), source);
  const frames = await log.run({ where, source, flux, maxPoints: around.maxPoints });
  if (frames) log.note(where, shapeFindings(panel, frames), flux);
  return frames;
}

/** A query is asked with the values that the board opens with, and where All makes a difference with All; under a row that repeats once for each value. */
function selections(query: string, { chosen, all }: Choices, repeat?: string): [string, ReadonlyMap<string, VariableValue>][] {
  const each = repeat === undefined ? undefined : (all.get(repeat) ?? chosen.get(repeat));
  if (repeat !== undefined && Array.isArray(each) && each.length > 0) {
    return each.map((value: string) => [` (${value})`, new Map(chosen).set(repeat, value)]);
  }
  const differs = referencesIn(query).some(({ name }) => chosen.get(name) !== all.get(name));
  return differs
    ? [
        ['', chosen],
        [' (All)', all],
      ]
    : [['', chosen]];
}
