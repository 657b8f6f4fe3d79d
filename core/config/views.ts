import type { ViewConfig } from '../pipeline-config.ts';

/**
 * Finds the first view that drops constant tags and splits it there, so that what comes before can be looked at and is
 * still computed once: `plain` becomes `plain (before drop-constant)` and the rest that starts from it.
 * @returns the view that still has the tags; undefined when no view drops any, or the first says `watch: false`.
 */
export function watchDroppedConstants(views: Map<string, ViewConfig>): string | undefined {
  for (const [name, { base, steps }] of views) {
    const at = steps.findIndex((step) => step.type === 'drop-constant');
    if (at < 0) continue;
    if (steps[at].options.watch === false) return undefined;
    if (at === 0 && base !== undefined) return base;
    const before = `${name} (before drop-constant)`;
    views.set(before, { ...(base === undefined ? {} : { base }), steps: steps.slice(0, at) });
    views.set(name, { base: before, steps: steps.slice(at) });
    return before;
  }
  return undefined;
}

/** The same views, each after the one that it starts from; no cycles. */
export function orderViews(views: ReadonlyMap<string, ViewConfig>): Map<string, ViewConfig> {
  const ordered = new Map<string, ViewConfig>();
  const place = (name: string): void => {
    const view = views.get(name);
    if (view === undefined || ordered.has(name)) return;
    if (view.base !== undefined) place(view.base);
    ordered.set(name, view);
  };
  for (const name of views.keys()) place(name);
  return ordered;
}
