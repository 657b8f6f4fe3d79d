import type { ComponentDefinition, ComponentKind } from './component.ts';
import { didYouMean, SluiceError } from './errors.ts';

type Loader = () => Promise<{ default: ComponentDefinition }>;

/** Component types by kind; each is loaded only when it is named. Written by `npm run generate` from the folders. */
export type ComponentIndex = Readonly<Record<ComponentKind, Readonly<Record<string, Loader>>>>;

export interface Registry {
  types(kind: ComponentKind): string[];
  /** @throws CONFIG_INVALID with the nearest known type. */
  load<K extends ComponentKind>(kind: K, type: string): Promise<Extract<ComponentDefinition, { kind: K }>>;
  all(): Promise<ComponentDefinition[]>;
}

/** `extra` are components of the user's own; they come before the built-in ones of the same type. */
export function makeRegistry(index: ComponentIndex, extra: readonly ComponentDefinition[] = []): Registry {
  const kinds = Object.keys(index) as ComponentKind[];
  const types = (kind: ComponentKind): string[] =>
    [...new Set([...Object.keys(index[kind]), ...extra.filter((c) => c.kind === kind).map((c) => c.type)])].sort();
  const load = async (kind: ComponentKind, type: string): Promise<ComponentDefinition> => {
    const own = extra.find((component) => component.kind === kind && component.type === type);
    if (own) return own;
    if (!Object.hasOwn(index[kind], type)) {
      const near = didYouMean(type, types(kind));
      throw new SluiceError('CONFIG_INVALID', `there is no ${kind} '${type}'`, {
        fix: near ? `Did you mean '${near}'?` : `Known: ${types(kind).join(', ')}.`,
      });
    }
    return (await index[kind][type]()).default;
  };
  return {
    types,
    load: load as Registry['load'],
    all: async () => (await Promise.all(kinds.map((kind) => Promise.all(types(kind).map((type) => load(kind, type)))))).flat(),
  };
}
