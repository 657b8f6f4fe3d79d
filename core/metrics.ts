import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What a pipeline counts of itself, on a registry of its own; docs/metrics.md lists it. Meant to be updated once a batch. */
export interface Metrics {
  readonly registry: Registry;
  readonly rowsRead: Counter<'stream'>;
  readonly rowsStored: Counter<'stream'>;
  readonly rowsDead: Counter<'stream' | 'reason'>;
  readonly rowsDuplicate: Counter<'stream'>;
  readonly rowsLate: Counter<'stream'>;
  readonly rowsTooLate: Counter<'stream'>;
  readonly valuesMissing: Counter<'reason'>;
  readonly verdicts: Counter<'stream' | 'detector' | 'status'>;
  readonly incidents: Counter<'stream' | 'detector'>;
  readonly incidentsOpen: Gauge<'stream' | 'detector'>;
  /** Of each stage of a batch: `score`, `store`. */
  readonly batchSeconds: Histogram<'stage'>;
  readonly commitSeconds: Histogram;
  readonly lagRows: Gauge<'partition'>;
  readonly notifications: Counter<'output' | 'outcome'>;
  readonly notificationsWaiting: Gauge<'output'>;
  readonly warmupRows: Gauge<'stream'>;
  readonly warmupRowsNeeded: Gauge<'stream'>;
  readonly lastRowTimestamp: Gauge<'stream'>;
  readonly serviceUp: Gauge<'service'>;
  readonly outages: Counter<'service'>;
  readonly retries: Counter<'service'>;
  /** What `sluice_ready` says is asked for whenever it is read. */
  askReady(isReady: () => boolean): void;
}

/** From a hundred microseconds to five seconds: a batch of one row to one of a hundred thousand. */
const batchBuckets = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const commitBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * A registry with every metric at its start, and those of the process.
 * @example
 * makeMetrics().registry.getSingleMetric('sluice_rows_read_total') !== undefined; // true
 */
export function makeMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> => new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]): Gauge<L> => new Gauge({ name, help, labelNames, registers });
  let isReady = (): boolean => false;
  const metrics: Metrics = {
    registry,
    rowsRead: counter('sluice_rows_read_total', 'Rows taken from the source or topic, duplicates included.', 'stream'),
    rowsStored: counter('sluice_rows_stored_total', 'Rows that the store has acknowledged.', 'stream'),
    rowsDead: counter('sluice_rows_dead_total', 'Rows that could not be taken and were kept as dead letters, by reason.', 'stream', 'reason'),
    rowsDuplicate: counter('sluice_rows_duplicate_total', 'Rows whose time and ordinal had been seen: dropped.', 'stream'),
    rowsLate: counter('sluice_rows_late_total', 'New rows behind the newest time but inside the lateness window: kept in their place.', 'stream'),
    rowsTooLate: counter('sluice_rows_too_late_total', 'Rows older than the lateness window: dead letters.', 'stream'),
    valuesMissing: counter('sluice_values_missing_total', 'Cells without a value, by reason: empty, or the status word of the historian.', 'reason'),
    verdicts: counter(
      'sluice_verdicts_total',
      'Verdicts per detector or combination and status: ok, warning, error or undefined.',
      'stream',
      'detector',
      'status',
    ),
    incidents: counter('sluice_incidents_total', 'Incidents that were opened.', 'stream', 'detector'),
    incidentsOpen: gauge('sluice_incidents_open', 'Incidents that are open now.', 'stream', 'detector'),
    batchSeconds: new Histogram({
      name: 'sluice_batch_seconds',
      help: 'Time that a batch spends in a stage: score (views and detectors) or store.',
      labelNames: ['stage'],
      buckets: batchBuckets,
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'sluice_commit_seconds',
      help: 'Time to make rows, verdicts, incidents, state and position durable.',
      buckets: commitBuckets,
      registers,
    }),
    notifications: counter(
      'sluice_notifications_total',
      'Messages of incidents to people: sent, failed for good, ignored by a rule, held back by a cool-down, dropped because too many waited.',
      'output',
      'outcome',
    ),
    notificationsWaiting: gauge('sluice_notifications_waiting', 'Messages of incidents that wait for their receiver.', 'output'),
    lagRows: gauge('sluice_lag_rows', 'Rows that wait on the bus.', 'partition'),
    warmupRows: gauge('sluice_warmup_rows', 'Rows collected for the warm-up so far.', 'stream'),
    warmupRowsNeeded: gauge('sluice_warmup_rows_needed', 'Rows that the warm-up needs.', 'stream'),
    lastRowTimestamp: gauge('sluice_last_row_timestamp_seconds', "The newest row's own time, as seconds since 1970.", 'stream'),
    serviceUp: gauge(
      'sluice_service_up',
      'Whether a service that the process works with (store, bus, an output) answers: 1, or 0 while it is waited for.',
      'service',
    ),
    outages: counter('sluice_outages_total', 'Times that a service went away.', 'service'),
    retries: counter('sluice_retries_total', 'Requests to a service that were made again after a failure.', 'service'),
    askReady(ask) {
      isReady = ask;
    },
  };
  new Gauge({
    name: 'sluice_ready',
    help: 'What /readyz says: 1 when the process is ready, 0 when it is not.',
    registers,
    collect() {
      this.set(isReady() ? 1 : 0);
    },
  });
  collectDefaultMetrics({ register: registry });
  return metrics;
}
