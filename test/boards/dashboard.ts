import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Finding } from './finding.ts';

const datasource = z.looseObject({ type: z.string().optional(), uid: z.string() });
export type DataSourceReference = z.infer<typeof datasource>;

const target = z.looseObject({ refId: z.string().min(1), datasource: datasource.optional(), query: z.string().min(1), hide: z.boolean().optional() });
export type Target = z.infer<typeof target>;

const override = z.looseObject({
  matcher: z.strictObject({ id: z.string(), options: z.unknown() }),
  properties: z.array(z.looseObject({ id: z.string(), value: z.unknown() })),
});

const transformation = z.looseObject({ id: z.string(), options: z.record(z.string(), z.unknown()), disabled: z.boolean().optional() });

const simplePanel = z.looseObject({
  id: z.int().positive(),
  type: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  gridPos: z.looseObject({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1), h: z.int().min(1) }),
  datasource: datasource.optional(),
  targets: z.array(target).default([]),
  fieldConfig: z.looseObject({ defaults: z.looseObject({ unit: z.string().optional() }).default({}), overrides: z.array(override).default([]) }).optional(),
  transformations: z.array(transformation).default([]),
  options: z.looseObject({}).optional(),
  interval: z.string().nullish(),
  maxDataPoints: z.number().nullish(),
  collapsed: z.boolean().optional(),
  repeat: z.string().optional(),
});

const panel = simplePanel.extend({ panels: z.array(simplePanel).default([]) });
export type Panel = z.infer<typeof simplePanel>;

const queryText = z.union([z.string(), z.looseObject({ query: z.string() }).transform(({ query }) => query)]);

const variable = z.looseObject({
  name: z.string().regex(/^\w+$/),
  type: z.enum(['query', 'datasource', 'custom', 'constant', 'textbox', 'interval']),
  label: z.string().nullish(),
  hide: z.union([z.number(), z.string()]).optional(),
  datasource: datasource.nullish(),
  query: queryText.default(''),
  regex: z.string().default(''),
  multi: z.boolean().default(false),
  includeAll: z.boolean().default(false),
  allValue: z.string().nullish(),
  refresh: z.union([z.number(), z.string()]).optional(),
  current: z.looseObject({ value: z.unknown() }).partial().default({}),
});
export type Variable = z.infer<typeof variable>;

const annotation = z.looseObject({
  name: z.string(),
  datasource: datasource.optional(),
  enable: z.boolean(),
  builtIn: z.number().optional(),
  target: z.looseObject({ refId: z.string().optional(), query: z.string().optional() }).optional(),
});

const dashboard = z.looseObject({
  id: z.unknown().optional(),
  uid: z.string().min(1).max(40),
  title: z.string().min(1),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  schemaVersion: z.int(),
  editable: z.unknown().optional(),
  timezone: z.unknown().optional(),
  refresh: z.unknown().optional(),
  time: z.looseObject({ from: z.string(), to: z.string() }).optional(),
  templating: z.looseObject({ list: z.array(variable) }).default({ list: [] }),
  annotations: z.looseObject({ list: z.array(annotation) }).default({ list: [] }),
  panels: z.array(panel),
  links: z.array(z.looseObject({ type: z.string(), url: z.string().optional(), tags: z.array(z.string()).optional() })).default([]),
});

/** A dashboard in Grafana's classic model, as far as the checks look at it; the rest is kept as it came. */
export interface Board extends z.infer<typeof dashboard> {
  readonly file: string;
}

/** Every panel, rows and those that lie in collapsed rows included. */
export function panelsOf(board: Board): Panel[] {
  return board.panels.flatMap((outer) => [outer, ...outer.panels]);
}

/** The variable that each panel comes again for: its own, or that of the row it is under. */
export function repeatsOf(board: Board): Map<Panel, string> {
  const repeats = new Map<Panel, string>();
  let ofRow: string | undefined;
  for (const outer of board.panels) {
    if (outer.type === 'row') ofRow = outer.repeat;
    for (const panel of [outer, ...outer.panels]) {
      const repeat = panel.repeat || ofRow;
      if (repeat) repeats.set(panel, repeat);
    }
  }
  return repeats;
}

export function placeOf(board: Board, { id, title }: Panel): string {
  return `${board.uid} / panel ${id}${title ? ` '${title}'` : ''}`;
}

/** The boards of a folder, in the order of their files; what is no dashboard at all is a finding. */
export async function readBoards(folder: string): Promise<{ boards: Board[]; findings: Finding[] }> {
  const boards: Board[] = [];
  const findings: Finding[] = [];
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.json')).sort();
  for (const file of files) {
    try {
      boards.push({ ...dashboard.parse(JSON.parse(await readFile(join(folder, file), 'utf8'))), file });
    } catch (error) {
      findings.push({ where: file, what: error instanceof z.ZodError ? z.prettifyError(error) : `is no JSON: ${(error as Error).message}` });
    }
  }
  return { boards, findings };
}
