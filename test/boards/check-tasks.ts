import type { Store } from './check-board.ts';
import type { DataSource } from './data-sources.ts';
import type { Finding } from './finding.ts';
import type { Task } from './monitoring-past.ts';
import type { Environment } from './provisioned-text.ts';
import { openQueryLog, type Tally } from './query-log.ts';

export interface TaskReport extends Tally {
  readonly tasks: number;
  readonly findings: readonly Finding[];
  readonly notes: readonly Finding[];
}

/** More rows than any panel takes: a task may hold as many as it wants. */
const maxPoints = 1_000_000;
/** As far as a task's last run looks back. */
const backMs = 3_600_000;

/** What a task reads, by a token that may only read, and what its run has left where it writes. */
export async function checkTasks(tasks: readonly Task[], source: DataSource, { INFLUX_HISTORY_BUCKET }: Environment, store: Store): Promise<TaskReport> {
  const log = openQueryLog(store);
  for (const { name, flux } of tasks) {
    const where = `task '${name}'`;
    log.note(where, await store.diagnostics.errorsOf(flux), flux);
    const read = await log.run({ where: `${where} / what it reads`, source, flux: readingPart(flux), maxPoints });
    if (read && !read.some(({ fields }) => fields.some(({ type }) => type === 'number'))) log.note(where, ['reads no number'], flux);
    const left = `from(bucket: ${JSON.stringify(INFLUX_HISTORY_BUCKET)}) |> range(start: ${new Date(Date.now() - backMs).toISOString()})`;
    await log.run({ where: `${where} / what it leaves`, source, flux: left, maxPoints });
  }
  return { tasks: tasks.length, ...log.tally, findings: log.findings, notes: log.notes };
}

/** The script without its writing, as a question of now. */
function readingPart(flux: string): string {
  let part = 0;
  return flux.replaceAll(/\|>\s*to\((?:[^()]|\([^()]*\))*\)/g, () => `|> yield(name: "${++part}")`);
}
