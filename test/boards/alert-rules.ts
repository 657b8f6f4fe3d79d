import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { repeated } from './board-structure.ts';
import type { Store } from './check-board.ts';
import { type Board, panelsOf } from './dashboard.ts';
import type { Finding } from './finding.ts';
import type { Frame } from './grafana-frames.ts';
import { fillMacros } from './grafana-macros.ts';
import { type Environment, expandEnvironment } from './provisioned-text.ts';
import { openQueryLog, type Tally } from './query-log.ts';

const rule = z.looseObject({
  uid: z.string().regex(/^[\w-]{1,40}$/),
  title: z.string().min(1),
  condition: z.string(),
  data: z.array(
    z.looseObject({
      refId: z.string(),
      relativeTimeRange: z.looseObject({ from: z.number(), to: z.number() }).optional(),
      datasourceUid: z.string(),
      model: z.looseObject({
        query: z.string().optional(),
        type: z.string().optional(),
        expression: z.string().optional(),
        intervalMs: z.number().optional(),
        maxDataPoints: z.number().optional(),
      }),
    }),
  ),
  noDataState: z.enum(['NoData', 'Alerting', 'OK', 'KeepLast']),
  execErrState: z.enum(['Error', 'Alerting', 'OK', 'KeepLast']),
  for: z.string(),
  annotations: z.record(z.string(), z.string()).default({}),
  labels: z.record(z.string(), z.string()).default({}),
});
type Rule = z.infer<typeof rule>;

const file = z.looseObject({
  apiVersion: z.literal(1),
  groups: z.array(z.looseObject({ name: z.string().min(1), folder: z.string().min(1), interval: z.string().regex(/^\d+[smh]$/), rules: z.array(rule) })),
});

/** Grafana's own node for reduce, threshold and math. */
const expression = '__expr__';
const enforced = 10;
/** Grafana's defaults for the query of a rule. */
const defaults = { intervalMs: 1000, maxDataPoints: 43_200 };

export interface AlertReport extends Tally {
  readonly rules: number;
  readonly findings: readonly Finding[];
  readonly notes: readonly Finding[];
}

/** Every query of the alert rules, as Grafana's server would ask it now. `wallClock` are the uids of sources that hold what is now. */
export async function checkAlertRules(
  path: string,
  environment: Environment,
  store: Store,
  boards: readonly Board[],
  wallClock: readonly string[],
): Promise<AlertReport> {
  const log = openQueryLog(store);
  const { groups } = file.parse(expandEnvironment(parse(await readFile(path, 'utf8')), environment));
  const rules = groups.flatMap((group) => group.rules);
  for (const uid of repeated(rules.map((one) => one.uid))) log.note(`alert rule ${uid}`, ['the uid is there more than once']);
  for (const one of rules) {
    const where = `alert rule ${one.uid}`;
    log.note(where, ruleFindings(one, boards));
    for (const { refId, datasourceUid, model, relativeTimeRange } of one.data) {
      if (datasourceUid === expression) continue;
      const place = `${where} / ${refId}`;
      const source = store.sources.find(({ uid }) => uid === datasourceUid);
      if (!source) log.note(place, [`there is no data source '${datasourceUid}'`]);
      else if (!wallClock.includes(datasourceUid)) log.note(place, [`looks at the last minutes of '${datasourceUid}', where a recording has no rows`]);
      else if (!model.query || !relativeTimeRange) log.note(place, ['has no query, or no relativeTimeRange']);
      else {
        const now = Date.now();
        const range = { from: new Date(now - relativeTimeRange.from * 1000), to: new Date(now - relativeTimeRange.to * 1000) };
        const { intervalMs = defaults.intervalMs, maxDataPoints = defaults.maxDataPoints } = model;
        const flux = fillMacros(model.query, { range, intervalMs, bucket: source.bucket, org: source.org });
        const frames = await log.run({ where: place, source, flux, maxPoints: maxDataPoints * enforced });
        if (frames) log.note(place, [...new Set(frames.flatMap(alertFrameFindings))], flux);
      }
    }
  }
  return { rules: rules.length, ...log.tally, findings: log.findings, notes: log.notes };
}

function ruleFindings({ condition, data, annotations, labels }: Rule, boards: readonly Board[]): string[] {
  const refIds = data.map(({ refId }) => refId);
  const what = repeated(refIds).map((refId) => `the refId ${refId} is there more than once`);
  if (!refIds.includes(condition)) what.push(`its condition ${condition} is none of ${refIds.join(', ')}`);
  for (const { refId, datasourceUid, model } of data) {
    if (datasourceUid !== expression) continue;
    if (model.type !== 'math' && !refIds.includes(model.expression ?? ''))
      what.push(`${refId} builds on '${model.expression}', which is none of ${refIds.join(', ')}`);
  }
  for (const name of ['summary', 'description']) if (!annotations[name]) what.push(`has no ${name}`);
  if (!labels.severity) what.push('has no label severity');
  const { __dashboardUid__: uid, __panelId__: panel } = annotations;
  const board = boards.find((one) => one.uid === uid);
  if (uid && !board) what.push(`leads to the board '${uid}', which is not there`);
  if (board && panel && !panelsOf(board).some(({ id }) => String(id) === panel)) what.push(`leads to panel ${panel} of '${uid}', which is not there`);
  return what;
}

/** Grafana's expressions take series of numbers, and rows of one number with texts for labels. */
function alertFrameFindings({ fields }: Frame): string[] {
  const numbers = fields.filter(({ type }) => type === 'number');
  if (numbers.length === 0) return ['gives no number'];
  if (fields.some(({ type }) => type === 'time')) return [];
  if (numbers.length > 1) return [`gives rows with ${numbers.length} numbers and no time: one is taken`];
  return fields.some(({ type }) => type === 'boolean') ? ['gives rows with a yes or no, which cannot be a label'] : [];
}
