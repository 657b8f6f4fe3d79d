import type { Tag } from '../../components/tag-groups.ts';

/** Which tags are shown before any is chosen: of the two units found in most stages, a tag from each of the first three stages. */
export function usualTags(tags: readonly Tag[]): string[] {
  const units = new Map<string, Map<string | null, string>>();
  for (const { name, unit, kind, stage } of tags) {
    if (kind !== 'continuous') continue;
    const stages = units.get(unit ?? '') ?? new Map<string | null, string>();
    units.set(unit ?? '', stages);
    if (!stages.has(stage)) stages.set(stage, name);
  }
  if (units.size === 0) return tags.slice(0, 3).map(({ name }) => name);
  // Of units in as many stages, the one that comes first.
  const most = [...units.values()].sort((a, b) => b.size - a.size).slice(0, 2);
  const chosen = new Set(most.flatMap((stages) => [...stages.values()].slice(0, 3)));
  return tags.flatMap(({ name }) => (chosen.has(name) ? [name] : []));
}

export interface TagPanel {
  readonly title: string;
  readonly unit: string | null;
  readonly discrete: boolean;
  readonly tags: readonly Tag[];
}

/** Tags that can share a chart: those of one unit, and the states of pumps and valves, which come last. */
export function tagPanels(tags: readonly Tag[]): TagPanel[] {
  const panels = new Map<string, Tag[]>();
  const ordered = [...tags.filter(({ kind }) => kind === 'continuous'), ...tags.filter(({ kind }) => kind === 'discrete')];
  for (const tag of ordered) {
    const key = tag.kind === 'discrete' ? `state ${tag.unit ?? ''}` : (tag.unit ?? '');
    const known = panels.get(key);
    if (known === undefined) panels.set(key, [tag]);
    else known.push(tag);
  }
  return [...panels.values()].map((members) => {
    const [{ unit, kind }] = members;
    const discrete = kind === 'discrete';
    const names = members.map(({ name }) => name).join(', ');
    return { title: unit === null ? names : `${names} in ${unit}`, unit, discrete, tags: members };
  });
}
