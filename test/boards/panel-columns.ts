import type { Panel } from './dashboard.ts';
import type { Field, Frame } from './grafana-frames.ts';

/**
 * Whether the columns that a panel's overrides and transformations name are among those that its queries gave, and, of a table,
 * whether each number that it shows has a unit.
 */
export function columnFindings(panel: Panel, frames: readonly Frame[]): string[] {
  const fields = frames.flatMap((frame) => frame.fields.flatMap((field) => namesOf(frame, field).map((name) => ({ name, field }))));
  const before = new Set(fields.map(({ name }) => name));
  const { named, after, open } = throughTransformations(panel, before);
  const what = named.filter((name) => !before.has(name)).map((name) => missing('transformation', name, before));
  for (const { matcher } of panel.fieldConfig?.overrides ?? []) {
    if (matcher.id === 'byName' && typeof matcher.options === 'string' && !open && !after.has(matcher.options))
      what.push(missing('override', matcher.options, after));
    if (matcher.id === 'byFrameRefID' && !panel.targets.some(({ refId }) => refId === matcher.options))
      what.push(`an override names the query ${matcher.options}, which is not there`);
  }
  return panel.type === 'table' ? [...what, ...unitFindings(panel, fields, after)] : what;
}

const missing = (by: string, name: string, among: ReadonlyMap<string, unknown> | ReadonlySet<string>): string =>
  `its ${by} names the column '${name}', which is not among ${[...among.keys()].map((key) => `'${key}'`).join(', ')}`;

/** A field may be named by its own name, or by the labels that Grafana shows in its place. */
function namesOf(frame: Frame, { name, labels }: Field): string[] {
  const values = Object.values(labels);
  return [...new Set([name, ...values, ...values.map((label) => `${name} ${label}`), frame.name].filter((one) => one !== ''))];
}

interface Transformed {
  /** Columns that must be there before. */
  readonly named: readonly string[];
  /** Columns there afterwards, with what they were called before. */
  readonly after: ReadonlyMap<string, string>;
  /** Whether columns come out whose names cannot be told here. */
  readonly open: boolean;
}

/** Transformations that bring other columns than those they get. */
const opening = new Set([
  'reduce',
  'groupBy',
  'pivot',
  'groupingToMatrix',
  'calculateField',
  'labelsToFields',
  'partitionByValues',
  'renameByRegex',
  'extractFields',
  'rowsToFields',
  'seriesToRows',
  'histogram',
  'transpose',
]);

function throughTransformations({ transformations }: Panel, before: ReadonlySet<string>): Transformed {
  const named = new Set<string>();
  const after = new Map([...before].map((name) => [name, name]));
  let open = false;
  for (const { id, options, disabled } of transformations) {
    if (disabled) continue;
    if (opening.has(id)) open = true;
    if (open || id !== 'organize') continue;
    const { renameByName = {}, excludeByName = {}, indexByName = {} } = options as Record<string, Record<string, unknown> | undefined>;
    for (const name of [...Object.keys(renameByName), ...Object.keys(excludeByName), ...Object.keys(indexByName)]) named.add(name);
    for (const [name, out] of Object.entries(excludeByName)) if (out) after.delete(name);
    for (const [name, shown] of Object.entries(renameByName)) {
      if (!shown || !after.has(name)) continue;
      after.delete(name);
      after.set(String(shown), name);
    }
  }
  return { named: [...named], after, open };
}

function unitFindings({ fieldConfig }: Panel, fields: readonly { name: string; field: Field }[], after: ReadonlyMap<string, string>): string[] {
  if (fieldConfig?.defaults.unit) return [];
  const overrides = (fieldConfig?.overrides ?? []).filter(
    ({ properties }) => properties.some(({ id, value }) => (id === 'unit' || id === 'mappings') && value) || hides(properties),
  );
  const shown = [...after].filter(([, source]) => fields.some(({ name, field }) => name === source && field.name === source && field.type === 'number'));
  return shown
    .filter(
      ([name]) =>
        !overrides.some(
          ({ matcher: { id, options } }) =>
            (id === 'byName' && options === name) || (id === 'byType' && options === 'number') || (id === 'byRegexp' && patternOf(String(options)).test(name)),
        ),
    )
    .map(([name]) => `the column '${name}' holds numbers and has no unit`);
}

const hides = (properties: readonly { id: string; value?: unknown }[]): boolean => properties.some(({ id, value }) => id === 'custom.hidden' && value === true);

/** `/a|b/i` as in JavaScript, or the pattern alone. */
function patternOf(text: string): RegExp {
  const [, pattern = text, flags = ''] = /^\/(.*)\/(\w*)$/.exec(text) ?? [];
  return new RegExp(pattern, flags);
}
