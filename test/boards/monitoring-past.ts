import { setTimeout as sleep } from 'node:timers/promises';
import { influxRequest } from '../stack/influx-access.ts';
import { queryFlux } from './flux-client.ts';
import type { Environment } from './provisioned-text.ts';

/** A task as it stands on the server. */
export interface Task {
  readonly id: string;
  readonly name: string;
  readonly flux: string;
}

/** How long a task's window is, and how far back its first run looks. */
const windowMs = 300_000;
const windows = 5;

/**
 * Boards and tasks look back over minutes that Telegraf has not been there for. What it has written so far is written again for
 * the windows before, each time as if it had been then.
 */
export async function repeatBackwards({ INFLUX_URL = '', INFLUX_ORG = '', INFLUX_MONITORING_BUCKET, INFLUX_OPERATOR_TOKEN = '' }: Environment): Promise<void> {
  const copies = Array.from(
    { length: windows },
    (_, i) => `data |> timeShift(duration: -${(i + 1) * windowMs}ms) |> to(bucket: bucket) |> last() |> yield(name: "${i}")`,
  );
  const flux = `bucket = ${JSON.stringify(INFLUX_MONITORING_BUCKET)}\ndata = from(bucket: bucket) |> range(start: -${windowMs}ms)\n${copies.join('\n')}`;
  await queryFlux({ url: INFLUX_URL, org: INFLUX_ORG, token: INFLUX_OPERATOR_TOKEN }, flux);
}

export async function tasksOf({ INFLUX_URL = '', INFLUX_OPERATOR_TOKEN = '' }: Environment): Promise<Task[]> {
  const { tasks } = await influxRequest<{ tasks: Task[] }>({ url: INFLUX_URL, token: INFLUX_OPERATOR_TOKEN }, 'GET', '/api/v2/tasks?limit=100');
  return tasks.map(({ id, name, flux }) => ({ id, name, flux }));
}

const patienceMs = 60_000;

/** Has the server run a task as it would have at the end of the last window. @throws Error with the task's log when it fails */
export async function runTask({ INFLUX_URL = '', INFLUX_OPERATOR_TOKEN = '' }: Environment, { id, name }: Task): Promise<void> {
  const influx = { url: INFLUX_URL, token: INFLUX_OPERATOR_TOKEN };
  const scheduledFor = new Date(Math.floor(Date.now() / windowMs) * windowMs).toISOString();
  const run = await influxRequest<{ id: string }>(influx, 'POST', `/api/v2/tasks/${id}/runs`, { scheduledFor });
  const end = performance.now() + patienceMs;
  for (;;) {
    const { status, log = [] } = await influxRequest<Run>(influx, 'GET', `/api/v2/tasks/${id}/runs/${run.id}`).catch(notBetween);
    if (status === 'success') return;
    if (status === 'failed' || performance.now() > end) throw new Error(`task '${name}' is ${status}: ${log.map(({ message }) => message).join('; ')}`);
    await sleep(100);
  }
}

interface Run {
  readonly status: string;
  readonly log?: readonly { readonly message: string }[];
}

/** The server does not find a run for the moment in which it moves from those under way to those that are over. */
function notBetween(error: Error): Run {
  if (error.message.includes('run not found')) return { status: 'not found' };
  throw error;
}
