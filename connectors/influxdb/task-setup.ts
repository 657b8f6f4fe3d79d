import { type Access, manage, query } from './management.ts';
import type { MonitoringTask } from './monitoring-tasks.ts';
import type { SetupStep } from './tokens.ts';

/** What the server says of a task. */
interface Task {
  readonly id: string;
  readonly name: string;
  readonly flux: string;
  readonly status: 'active' | 'inactive';
  readonly lastRunStatus?: string;
  readonly lastRunError?: string;
}

/**
 * A task as it is to be: made when it is missing, changed when its text is another one, otherwise left alone, also when somebody has
 * paused it. InfluxDB runs it with the rights of the user whose token made it; a task cannot be given fewer.
 * @throws STORE_DENIED, STORE_UNAVAILABLE
 */
export async function ensureTask(access: Access, orgId: string, { name, flux }: MonitoringTask, steps: SetupStep[], warnings: string[]): Promise<void> {
  const what = `task ${name}`;
  const detail = 'every 5 min';
  const { tasks = [] } = await manage<{ tasks?: Task[] }>(access, 'GET', `/api/v2/tasks?${query({ orgID: orgId, name, limit: '100' })}`);
  const found = tasks.find((task) => task.name === name);
  if (!found) {
    await manage(access, 'POST', '/api/v2/tasks', { orgID: orgId, flux, status: 'active' });
    steps.push({ what, outcome: 'created', detail });
    return;
  }
  if (found.flux !== flux) await manage(access, 'PATCH', `/api/v2/tasks/${found.id}`, { flux });
  steps.push({ what, outcome: found.flux === flux ? 'kept' : 'changed', detail });
  if (found.status !== 'active')
    warnings.push(`task '${name}' is paused: nothing is thinned out; start it with: influx task update --id ${found.id} --status active`);
  else if (found.lastRunStatus === 'failed' && found.flux === flux)
    warnings.push(`the last run of task '${name}' failed: ${found.lastRunError ?? 'see its log'}`);
}
