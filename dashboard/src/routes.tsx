import type { ComponentType } from 'preact';
import type { IconName } from './components/icon.tsx';

export interface View {
  readonly path: string;
  readonly title: string;
  readonly icon: IconName;
  /** The key that goes there, after g. */
  readonly key: string;
  readonly load: () => Promise<{ default: ComponentType }>;
}

/** Every view, in the order of the navigation; each is loaded when it is first looked at. */
export const views: readonly View[] = [
  { path: '/', title: 'Overview', icon: 'overview', key: 'o', load: () => import('./views/overview.tsx') },
  { path: '/live', title: 'Live', icon: 'live', key: 'l', load: () => import('./views/live.tsx') },
  { path: '/incidents', title: 'Incidents', icon: 'incidents', key: 'i', load: () => import('./views/incidents.tsx') },
  { path: '/compare', title: 'Compare', icon: 'compare', key: 'c', load: () => import('./views/compare.tsx') },
  { path: '/data', title: 'Data', icon: 'data', key: 'd', load: () => import('./views/data.tsx') },
  { path: '/simulator', title: 'Simulator', icon: 'simulator', key: 's', load: () => import('./views/simulator.tsx') },
  { path: '/pipeline', title: 'Pipeline', icon: 'pipeline', key: 'p', load: () => import('./views/pipeline.tsx') },
  { path: '/docs', title: 'API', icon: 'docs', key: 'a', load: () => import('./views/docs.tsx') },
];

/** The view of a path; `/incidents/ID` belongs to Incidents. */
export function viewOf(path: string): View | undefined {
  const [, first = '', second, third] = path.split('/');
  const view = views.find((candidate) => candidate.path === `/${first}`);
  if (second === undefined || second === '') return view;
  return view?.path === '/incidents' && third === undefined ? view : undefined;
}

/** ID of `/incidents/ID`, or undefined in the list. */
export function incidentIdOf(path: string): string | undefined {
  const [, id] = /^\/incidents\/([^/]+)$/.exec(path) ?? [];
  return id === undefined ? undefined : decodeURIComponent(id);
}
