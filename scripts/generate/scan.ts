import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ComponentKind } from '../../core/component.ts';

/** A file that declares a component, found in the folder of its kind. */
export interface ComponentFile {
  readonly kind: ComponentKind;
  /** Named by the file, or by the folder in connectors/. */
  readonly type: string;
  /** From the root of the project, with forward slashes. */
  readonly path: string;
}

const folders: Partial<Record<ComponentKind, string>> = {
  source: 'producer/sources',
  step: 'processor/preprocess',
  detector: 'processor/detectors',
  threshold: 'processor/thresholds',
  combiner: 'processor/combine',
};
const connectorKinds = ['output', 'bus', 'store'] as const;

export const componentKinds: readonly ComponentKind[] = ['source', 'step', 'detector', 'threshold', 'combiner', 'output', 'bus', 'store'];

/** The folder that holds package.json, whether this runs as TypeScript or compiled. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Every component file, by kind and then by type. A file without a default export is a part of another component. */
export function scanComponents(root: string): ComponentFile[] {
  const found: ComponentFile[] = [];
  for (const [kind, folder] of Object.entries(folders) as [ComponentKind, string][]) {
    for (const file of namesIn(join(root, folder))) {
      if (file.endsWith('.ts') && !file.endsWith('.test.ts')) found.push({ kind, type: file.slice(0, -3), path: `${folder}/${file}` });
    }
  }
  for (const connector of namesIn(join(root, 'connectors'))) {
    for (const kind of connectorKinds) found.push({ kind, type: connector, path: `connectors/${connector}/${kind}.ts` });
  }
  return found
    .filter(({ path }) => existsSync(join(root, path)) && /^export default /m.test(readFileSync(join(root, path), 'utf8')))
    .sort((a, b) => componentKinds.indexOf(a.kind) - componentKinds.indexOf(b.kind) || (a.type < b.type ? -1 : 1));
}

/** Files of cli/commands/, in the order in which help shows them. */
export function scanCommands(root: string): string[] {
  const order = ['init', 'check', 'run', 'train', 'backfill', 'query', 'export', 'list', 'schema'];
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return namesIn(join(root, 'cli/commands'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .filter((file) => /^export (async )?(function|const) register\b/m.test(readFileSync(join(root, 'cli/commands', file), 'utf8')))
    .map((file) => file.slice(0, -3))
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
