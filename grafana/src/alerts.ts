import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  alertedDeadLetters,
  alertedDisks,
  alertedIncidents,
  alertedLag,
  alertedMessages,
  alertedReadiness,
  alertedServices,
  alertedSilence,
} from './alerts-flux.ts';
import { dataSources } from './data-sources.ts';

// Alert rules, where they are sent and how often, as Grafana's file provisioning has them. Grafana puts environment variables into
// contact points and labels, but not into annotations and queries: there `$` stays what it is.

export interface Alert {
  readonly uid: string;
  readonly title: string;
  /** Flux: a series for each thing that can go wrong, the newest value last. */
  readonly query: string;
  /** Firing while the last value is beyond it. */
  readonly when: { readonly above: number } | { readonly below: number };
  /** How far back the query looks. */
  readonly minutes: number;
  /** How long it must hold. */
  readonly lasts: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  readonly todo: string;
  /** What is known when the query finds nothing, and when it cannot be asked. */
  readonly nothing?: 'Alerting' | 'OK';
  readonly failing?: 'Alerting' | 'OK';
  /** Where to look: a board, and a panel of it by its title. */
  readonly board: string;
  readonly panel: string;
}

/** One rule says that nothing is known of the process, and one that InfluxDB cannot be asked; the others keep quiet then. */
export const alerts: readonly Alert[] = [
  {
    uid: 'sluice-incident-open',
    title: 'Incident open',
    query: alertedIncidents,
    when: { above: 0 },
    minutes: 5,
    lasts: '0s',
    severity: 'critical',
    summary: '{{ $labels.detector }} calls {{ $labels.stream }} abnormal',
    todo: 'Look at the board of incidents: since when, which tags, how strongly; compare with other detectors. Of a pipeline with a combination called combined only that one is told of. A false one: a longer incidents.open, a stricter threshold, or training rows that hold this operation.',
    board: 'sluice-incidents',
    panel: 'Incidents, newest first',
  },
  {
    uid: 'sluice-rows-wait',
    title: 'Rows wait',
    query: alertedLag,
    when: { above: 10_000 },
    minutes: 5,
    lasts: '5m',
    severity: 'warning',
    summary: '{{ $values.B.Value }} rows wait in partition {{ $labels.partition }}',
    todo: 'Rows come faster than they are processed. The first minutes after a start are no fault. Otherwise: more partitions and processors, fewer detectors, a faster disk under InfluxDB. Nothing is lost as long as the topic keeps the rows.',
    board: 'sluice-health',
    panel: 'Rows that wait, by partition',
  },
  {
    uid: 'sluice-no-rows',
    title: 'No rows',
    query: alertedSilence,
    when: { above: 0 },
    minutes: 5,
    lasts: '5m',
    severity: 'critical',
    summary: 'No row of {{ $labels.stream }} for ten minutes',
    todo: 'The source, the network or the producer is away: see the log of the producer. It is for live plants: a stream whose newest row is more than a week old by its own time is a recording and is left out, so one that has ended alarms for nobody. A recording of the last days that has ended: silence the alert for its stream; it ends by itself when the newest row is a week old.',
    board: 'sluice-health',
    panel: 'Rows read and stored',
  },
  {
    uid: 'sluice-dead-letters',
    title: 'Dead letters',
    query: alertedDeadLetters,
    when: { above: 0 },
    minutes: 10,
    lasts: '0s',
    severity: 'warning',
    summary: '{{ $values.B.Value }} rows of {{ $labels.stream }} were refused in ten minutes',
    todo: 'The board shows for which reasons, sluice dead list the rows themselves. Correct the sender, then take them in.',
    board: 'sluice-health',
    panel: 'Dead letters, by reason',
  },
  {
    uid: 'sluice-store-away',
    title: 'Store away',
    query: alertedServices('=='),
    when: { below: 1 },
    minutes: 5,
    lasts: '1m',
    severity: 'critical',
    summary: 'The store of {{ $labels.url }} does not answer, or InfluxDB cannot be asked',
    todo: 'See whether InfluxDB runs, whether its disk is full, whether the token was replaced; sluice doctor says which. Rows wait and nothing is lost. It is also this alert that comes when Grafana cannot ask InfluxDB at all: the other rules keep quiet then.',
    failing: 'Alerting',
    board: 'sluice-health',
    panel: 'Services',
  },
  {
    uid: 'sluice-service-away',
    title: 'Service away',
    query: alertedServices('!='),
    when: { below: 1 },
    minutes: 5,
    lasts: '1m',
    severity: 'critical',
    summary: '{{ $labels.service }} does not answer to {{ $labels.url }}',
    todo: 'The bus: see whether Kafka runs and can be reached; rows wait there. An output: see the receiver; verdicts and incidents are kept in the store meanwhile.',
    board: 'sluice-health',
    panel: 'Services',
  },
  {
    uid: 'sluice-not-ready',
    title: 'Not ready',
    query: alertedReadiness,
    when: { below: 1 },
    minutes: 5,
    lasts: '10m',
    severity: 'critical',
    summary: 'The process at {{ $labels.url }} is not ready, or nothing is heard of it',
    todo: 'Its /readyz says why. A service that is away has an alert of its own. No answer at all: the process or Telegraf does not run; see their logs. Where nothing is to run for a while, silence it.',
    nothing: 'Alerting',
    board: 'sluice-health',
    panel: 'Ready, by process',
  },
  {
    uid: 'sluice-messages-fail',
    title: 'Messages fail',
    query: alertedMessages,
    when: { above: 0 },
    minutes: 15,
    lasts: '0s',
    severity: 'warning',
    summary: '{{ $values.B.Value }} messages were given up by {{ $labels.output }}',
    todo: 'The receiver refuses messages of the output webhook or email, or was away for too long: the log of the process says what it answered. Correct address or secret; incidents themselves are in the store.',
    board: 'sluice-health',
    panel: 'Messages',
  },
  {
    uid: 'sluice-disk-nearly-full',
    title: 'Disk nearly full',
    query: alertedDisks,
    when: { above: 90 },
    minutes: 5,
    lasts: '5m',
    severity: 'critical',
    summary: '{{ $labels.device }} of {{ $labels.host }} is {{ printf "%.0f" $values.B.Value }} % full',
    todo: 'A full disk stops InfluxDB and Kafka. Make room, or keep less: retention of the buckets and of the topic.',
    board: 'sluice-host',
    panel: 'Disks, how full',
  },
];

const expression = { type: '__expr__', uid: '__expr__' };

function ruleOf(alert: Alert, boards: readonly Dashboard[]): object {
  const { uid, title, query, when, minutes, lasts, severity, summary, todo, nothing = 'OK', failing = 'OK', board, panel } = alert;
  const range = { from: minutes * 60, to: 0 };
  const [type, limit] = 'above' in when ? ['gt', when.above] : ['lt', when.below];
  const id = panelId(boards, board, panel);
  return {
    uid,
    title,
    condition: 'C',
    data: [
      {
        refId: 'A',
        relativeTimeRange: range,
        datasourceUid: dataSources.monitoring.uid,
        model: { refId: 'A', datasource: { type: 'influxdb', uid: dataSources.monitoring.uid }, query, intervalMs: 10_000, maxDataPoints: 43_200 },
      },
      {
        refId: 'B',
        relativeTimeRange: range,
        datasourceUid: expression.uid,
        model: { refId: 'B', datasource: expression, type: 'reduce', expression: 'A', reducer: 'last', settings: { mode: 'dropNN' } },
      },
      {
        refId: 'C',
        relativeTimeRange: range,
        datasourceUid: expression.uid,
        model: { refId: 'C', datasource: expression, type: 'threshold', expression: 'B', conditions: [{ evaluator: { type, params: [limit] } }] },
      },
    ],
    dashboardUid: board,
    panelId: id,
    noDataState: nothing,
    execErrState: failing,
    for: lasts,
    annotations: {
      summary,
      description: todo,
      runbook: 'docs/operations.md, Alerts',
      __dashboardUid__: board,
      __panelId__: String(id),
    },
    labels: { severity, app: 'sluice' },
    isPaused: false,
  };
}

function panelId(boards: readonly Dashboard[], uid: string, title: string): number {
  const found = boards
    .find((board) => board.uid === uid)
    ?.panels?.flatMap((panel) => ('panels' in panel ? panel.panels : [panel]))
    .find((panel) => panel.title === title);
  if (found?.id === undefined) throw new Error(`board ${uid} has no panel '${title}'`);
  return found.id;
}

/** Rules have a folder of their own: that of the boards has a uid, which Grafana could not give it if rules came first. */
export function rulesFile(boards: readonly Dashboard[]): object {
  return {
    apiVersion: 1,
    groups: [{ orgId: 1, name: 'sluice', folder: 'Sluice alerts', interval: '30s', rules: alerts.map((alert) => ruleOf(alert, boards)) }],
  };
}

const contactPoint = 'Sluice';

/** Both receivers must have an address, or Grafana does not start: docker-compose.yml has ones at which nobody listens. */
export const contactPointsFile = (): object => ({
  apiVersion: 1,
  contactPoints: [
    {
      orgId: 1,
      name: contactPoint,
      receivers: [
        { uid: 'sluice-webhook', type: 'webhook', settings: { url: '$SLUICE_ALERT_WEBHOOK', httpMethod: 'POST' } },
        { uid: 'sluice-email', type: 'email', settings: { addresses: '$SLUICE_ALERT_EMAIL', singleEmail: true } },
      ],
    },
  ],
});

/** Alerts of one rule come in one message, as soon as a moment is over in which others may join; what goes on is said again after hours. */
export const policiesFile = (): object => ({
  apiVersion: 1,
  policies: [
    {
      orgId: 1,
      receiver: contactPoint,
      group_by: ['alertname'],
      group_wait: '10s',
      group_interval: '1m',
      repeat_interval: '1d',
      routes: [{ receiver: contactPoint, object_matchers: [['severity', '=', 'critical']], group_by: ['alertname'], repeat_interval: '4h' }],
    },
  ],
});
