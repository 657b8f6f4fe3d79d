import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Placed } from '../board.ts';
import { board } from '../board.ts';
import {
  events,
  eventsOf,
  gauge,
  gaugeOrNone,
  influxMemory,
  influxPoints,
  influxRequests,
  influxSum,
  influxTimes,
  quantiles,
  rate,
  risen,
  rises,
  rows,
  times,
  warmUp,
  whether,
} from '../monitoring-flux.ts';
import { type FieldLook, figure, heat, series, steps, timeline, valued } from '../panels.ts';
import { processVariable } from '../variables.ts';
import { noneOrSome } from './looks.ts';

const store = 'monitoring';
const upValues = valued({ '0': ['away', 'red'], '1': ['up', 'green'] });
const readyValues = valued({ '0': ['not ready', 'red'], '1': ['ready', 'green'] });

/** Rows waiting beyond this are told as an alert, see alerts.ts. */
const manyRows = 10_000;

const rowLooks: readonly FieldLook[] = [
  { name: 'sluice_rows_read_total', title: 'read', colour: 'blue' },
  { name: 'sluice_rows_stored_total', title: 'stored', colour: 'green' },
];

/** What the processes of the pipeline do, wait for and refuse, by the clock of this machine. */
export function healthBoard(): Dashboard {
  return board({
    uid: 'sluice-health',
    title: 'Pipeline health',
    description: 'Whether rows flow, how long they take, what is waited for and what was refused; and how the store does.',
    stores: [store],
    variables: [processVariable()],
    sections: [
      { title: 'Now', panels: now() },
      { title: 'Rows', panels: flowing() },
      { title: 'How long it takes', panels: lasting() },
      { title: 'Services and messages', panels: around() },
      { title: 'Processes', panels: processes() },
      { title: 'InfluxDB', panels: influxdb() },
    ],
  });
}

const now = (): Placed[] => [
  figure({
    title: 'Ready',
    description: 'What /readyz says, the least of all chosen processes. Not ready: it takes partitions over, or waits for a service; see below which.',
    query: whether('sluice_ready', []),
    unit: 'short',
    store,
    mappings: readyValues,
    thresholds: steps('red', [1, 'green']),
  }),
  figure({
    title: 'Rows a second',
    description: 'Rows that are read now. 0 with a live plant: the source, the network or the producer is away.',
    query: rate('sluice_rows_read_total'),
    unit: 'suffix: rows/s',
    store,
    spark: true,
    decimals: 0,
  }),
  figure({
    title: 'Rows that wait',
    description: 'Rows on the bus that are not processed yet, over all partitions. More and more: it does not keep up.',
    query: gauge('sluice_lag_rows', [], 'last', 'sum'),
    unit: 'short',
    store,
    spark: true,
    decimals: 0,
    thresholds: steps('green', [1000, 'orange'], [manyRows, 'red']),
  }),
  figure({
    title: 'Warm-up',
    description: 'Rows collected of those that detectors learn from, by stream. Until it is done verdicts are undefined.',
    query: warmUp,
    unit: 'percentunit',
    store,
    name: '${__field.labels.stream}',
    decimals: 0,
    thresholds: steps('orange', [1, 'green']),
  }),
  figure({
    title: 'Incidents open',
    description: 'Of all detectors together. Which, since when and why is on the board of incidents.',
    query: gauge('sluice_incidents_open', [], 'last', 'sum'),
    unit: 'short',
    store,
    decimals: 0,
    noValue: '0',
    thresholds: noneOrSome,
  }),
  figure({
    title: 'Dead letters',
    description: 'Rows that could not be taken within the range. `sluice dead list` shows them, and takes them in when the sender is mended.',
    query: risen('sluice_rows_dead_total'),
    unit: 'short',
    store,
    decimals: 0,
    thresholds: noneOrSome,
  }),
];

const flowing = (): Placed[] => [
  series({
    title: 'Rows read and stored',
    description: 'Rows taken from the source or topic, and those the store has acknowledged. Stored stays behind for long: the store is slow or away.',
    query: rows,
    unit: 'suffix: rows/s',
    store,
    looks: rowLooks,
    min: 0,
    width: 12,
  }),
  series({
    title: 'Rows that wait, by partition',
    description: 'The most of each moment. One partition alone: one plant is too much for one processor. All: start more processors, or use fewer detectors.',
    query: gauge('sluice_lag_rows', ['partition'], 'max', 'max'),
    unit: 'short',
    store,
    name: 'partition ${__field.labels.partition}',
    min: 0,
    width: 12,
  }),
  series({
    title: 'Verdicts',
    description: 'Verdicts a second of all detectors, by status. Many that are undefined: nothing is learned yet, or rows cannot be judged.',
    query: rate('sluice_verdicts_total', ['status']),
    unit: 'suffix: verdicts/s',
    store,
    name: '${__field.labels.status}',
    looks: [
      { name: 'ok', colour: 'green' },
      { name: 'warning', colour: 'orange' },
      { name: 'error', colour: 'red' },
      { name: 'undefined', colour: '#808080' },
    ],
    style: 'area',
    stacked: true,
    min: 0,
    width: 12,
  }),
  series({
    title: 'Incidents open, by detector',
    description: 'The most of each moment, by detector or combination.',
    query: gauge('sluice_incidents_open', ['detector'], 'max', 'sum'),
    unit: 'short',
    store,
    name: '${__field.labels.detector}',
    style: 'steps',
    min: 0,
    decimals: 0,
    width: 12,
  }),
  series({
    title: 'Dead letters, by reason',
    description: 'Rows that could not be taken in each moment, by what is wrong with them. Correct the sender, then take them in with `sluice dead`.',
    query: events('sluice_rows_dead_total', 'reason'),
    unit: 'short',
    store,
    name: '${__field.labels.reason}',
    style: 'bars',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Rows out of their order',
    description:
      'Seen before and dropped; behind the newest row and kept in their place; later than the lateness window and refused. Duplicates after a restart are no fault.',
    query: eventsOf({ sluice_rows_duplicate_total: 'duplicate', sluice_rows_late_total: 'late', sluice_rows_too_late_total: 'too late' }),
    unit: 'short',
    store,
    name: '${__field.labels.kind}',
    style: 'bars',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Missing values',
    description: 'Cells without a value in each moment: empty, or a status word of the historian. A tag that goes dark shows here first.',
    query: events('sluice_values_missing_total', 'reason'),
    unit: 'short',
    store,
    name: '${__field.labels.reason}',
    style: 'bars',
    min: 0,
    width: 8,
  }),
];

const lasting = (): Placed[] => [
  took('Scoring a batch', 'How many batches took up to so long in views and detectors. Climbs with detectors, tags and rows in a batch.', [
    'sluice_batch_seconds',
    ' and r.stage == "score"',
  ]),
  took('Storing a batch', 'How many batches took up to so long to be handed to the store. Climbs when the store does not keep up.', [
    'sluice_batch_seconds',
    ' and r.stage == "store"',
  ]),
  took('Commits', 'How many commits took up to so long: rows, verdicts, incidents, state and position made durable together.', ['sluice_commit_seconds']),
  series({
    title: 'Time of a commit',
    description:
      'Half of the commits take less than p50, one in twenty more than p95, one in a hundred more than p99; told from the buckets, so no finer than those.',
    query: quantiles('sluice_commit_seconds'),
    unit: 's',
    store,
    name: '${__field.labels.share}',
    min: 0,
    width: 12,
    height: 9,
  }),
];

const around = (): Placed[] => [
  timeline({
    title: 'Services',
    description: 'Whether each service that a process works with answered, the least of each moment. While one is away rows wait and nothing is lost.',
    query: whether('sluice_service_up', ['service']),
    unit: 'short',
    store,
    name: '${__field.labels.service}',
    mappings: upValues,
    width: 12,
    height: 7,
  }),
  timeline({
    title: 'Ready, by process',
    description: 'What /readyz said, process by process. A gap: the process did not run, or Telegraf could not reach it.',
    query: whether('sluice_ready', ['url']),
    unit: 'short',
    store,
    name: '${__field.labels.url}',
    mappings: readyValues,
    width: 12,
    height: 7,
  }),
  series({
    title: 'Outages',
    description: 'Times that a service went away. Often and short: look at the network or the memory of that service.',
    query: rises('sluice_outages_total', 'service'),
    unit: 'short',
    store,
    name: '${__field.labels.service}',
    style: 'bars',
    min: 0,
    decimals: 0,
    width: 6,
  }),
  series({
    title: 'Retries',
    description: 'Requests made again after a failure. Some are usual with networks; many for long come before an outage.',
    query: rises('sluice_retries_total', 'service'),
    unit: 'short',
    store,
    name: '${__field.labels.service}',
    style: 'bars',
    min: 0,
    width: 6,
  }),
  series({
    title: 'Messages',
    description: 'What became of messages to people: sent, failed for good, ignored by a rule, held back by a cool-down, dropped because too many waited.',
    query: events('sluice_notifications_total', 'outcome'),
    unit: 'short',
    store,
    name: '${__field.labels.outcome}',
    style: 'bars',
    min: 0,
    decimals: 0,
    width: 6,
  }),
  series({
    title: 'Messages that wait',
    description: 'Messages that their receiver has not taken yet; they are tried again. None where the pipeline has no webhook or e-mail output.',
    query: gaugeOrNone('sluice_notifications_waiting', 'output'),
    unit: 'short',
    store,
    name: '${__field.labels.output}',
    style: 'steps',
    min: 0,
    decimals: 0,
    width: 6,
  }),
];

const processes = (): Placed[] => [
  series({
    title: 'CPU of the processes',
    description: 'Share of one core. A processor scores on one core: at 100 % it is as fast as it gets, and more partitions and processors help.',
    query: rate('process_cpu_seconds_total', ['url']),
    unit: 'percentunit',
    store,
    name: '${__field.labels.url}',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Memory of the processes',
    description: 'Resident memory. It grows until after the warm-up, then hardly; for ever growing is a fault worth reporting.',
    query: gauge('process_resident_memory_bytes', ['url'], 'max', 'max'),
    unit: 'bytes',
    store,
    name: '${__field.labels.url}',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Heap in use',
    description: 'Objects of JavaScript; it goes up and down with the garbage collector.',
    query: gauge('nodejs_heap_size_used_bytes', ['url'], 'max', 'max'),
    unit: 'bytes',
    store,
    name: '${__field.labels.url}',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Delay of the event loop',
    description: 'The slowest hundredth. Seconds during the warm-up are the detectors that learn; later ones delay every answer and sign of life.',
    query: gauge('nodejs_eventloop_lag_p99_seconds', ['url'], 'max', 'max'),
    unit: 's',
    store,
    name: '${__field.labels.url}',
    min: 0,
    width: 12,
  }),
  series({
    title: 'Open files',
    description: 'Files and connections. A number that only rises ends at the limit of the system.',
    query: gauge('process_open_fds', ['url'], 'max', 'max'),
    unit: 'short',
    store,
    name: '${__field.labels.url}',
    min: 0,
    decimals: 0,
    width: 12,
  }),
];

const influxdb = (): Placed[] => [
  series({
    title: 'Requests, by status',
    description: 'Requests a second. 4XX: a token or a query is wrong. 5XX: it cannot do what it is asked for, see its log.',
    query: influxRequests,
    unit: 'reqps',
    store,
    name: '${__field.labels.status}',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Time of a request',
    description: 'Mean seconds of a request that writes or asks. Writes slower than before: the disk, or too many series.',
    query: influxTimes,
    unit: 's',
    store,
    name: '${__field.labels.path}',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Points written',
    description: 'Points a second, by what became of them. Refused ones are wrong in type or too old for the bucket.',
    query: influxPoints,
    unit: 'suffix: points/s',
    store,
    looks: [
      { name: 'storage_writer_ok_points_sum', title: 'written', colour: 'green' },
      { name: 'storage_writer_err_points_sum', title: 'failed', colour: 'red' },
      { name: 'storage_writer_dropped_points_sum', title: 'refused', colour: 'orange' },
    ],
    min: 0,
    width: 8,
  }),
  series({
    title: 'Series',
    description: 'Series of all shards. Grows with tags, detectors and days; memory and the time of a query grow with it.',
    query: influxSum('storage_shard_series'),
    unit: 'short',
    store,
    name: 'series',
    min: 0,
    width: 8,
  }),
  series({
    title: 'On the disk',
    description: 'Bytes of all shards, the log of writes included. How soon the disk is full is told by its slope.',
    query: influxSum('storage_shard_disk_size'),
    unit: 'bytes',
    store,
    name: 'on the disk',
    min: 0,
    width: 8,
  }),
  series({
    title: 'Memory of InfluxDB',
    description: 'Taken from the system, of that its heap, and points in memory that are not yet compacted on the disk.',
    query: influxMemory,
    unit: 'bytes',
    store,
    looks: [
      { name: 'go_memstats_sys_bytes', title: 'taken' },
      { name: 'go_memstats_heap_inuse_bytes', title: 'heap' },
      { name: 'storage_cache_inuse_bytes', title: 'points' },
    ],
    min: 0,
    width: 8,
  }),
];

/** How often something took how long, of a histogram: moments against the upper ends of its buckets. */
function took(title: string, description: string, histogram: Parameters<typeof times>): Placed {
  return heat({ title, description, query: times(...histogram), unit: 'short', nameUnit: 's', store, name: '${__field.labels.le}', width: 12, height: 9 });
}
