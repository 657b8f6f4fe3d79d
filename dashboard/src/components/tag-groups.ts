import type { ApiStream } from '../../../serve/api.ts';

export type Tag = ApiStream['tags'][number];

export interface TagGroup {
  /** Null: tags that no stage was named for. */
  readonly stage: string | null;
  readonly tags: readonly Tag[];
}

/** Tags by stage, in the order in which the stages first come; those whose name, description, unit or stage holds every word of `search`. */
export function tagGroups(tags: readonly Tag[], search = ''): TagGroup[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string | null, Tag[]>();
  for (const tag of tags) {
    const text = [tag.name, tag.description, tag.unit, tag.stage, tag.kind].join(' ').toLowerCase();
    if (!words.every((word) => text.includes(word))) continue;
    const group = groups.get(tag.stage);
    if (group === undefined) groups.set(tag.stage, [tag]);
    else group.push(tag);
  }
  return [...groups].map(([stage, members]) => ({ stage, tags: members }));
}
