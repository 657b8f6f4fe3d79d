import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

// A provisioning folder that is right in every way, and small: tests break one thing of it at a time.

/** Written so, Grafana's variables are no template of ours. */
const filled = (variable: string): string => `\${${variable}}`;
const plant = { type: 'influxdb', uid: filled('plant') };
const ofStream = `r.stream == ${filled('stream:doublequote')}`;
const inRange = 'from(bucket: v.defaultBucket) |> range(start: v.timeRangeStart, stop: v.timeRangeStop)';
const means = '|> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)';

const gridPos = (x: number, y: number): object => ({ x, y, w: 12, h: 8 });

/** A board with one panel of several kinds, as Grafana's classic model has it. */
export function smallBoard() {
  return {
    uid: 'sluice-small',
    title: 'Small',
    description: 'For tests.',
    tags: ['sluice'],
    schemaVersion: 41,
    editable: true,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    links: [{ type: 'dashboards', title: 'Boards', tags: ['sluice'] }],
    templating: {
      list: [
        { name: 'plant', type: 'datasource', query: 'influxdb', regex: '/Sluice plant/', hide: 2 },
        {
          name: 'stream',
          type: 'query',
          datasource: plant,
          query:
            'from(bucket: v.defaultBucket) |> range(start: 0, stop: 1) |> filter(fn: (r) => r._measurement == "streams") |> keep(columns: ["stream"]) |> group()',
        },
        {
          name: 'tag',
          type: 'query',
          datasource: plant,
          multi: true,
          includeAll: true,
          query: `import "influxdata/influxdb/schema"\nschema.tagValues(bucket: v.defaultBucket, tag: "tag", start: 0, predicate: (r) => ${ofStream})`,
        },
      ],
    },
    annotations: {
      list: [
        {
          name: 'Incidents',
          enable: true,
          datasource: plant,
          target: {
            refId: 'Incident',
            query: `from(bucket: v.defaultBucket) |> range(start: 0) |> filter(fn: (r) => r._measurement == "incidents" and ${ofStream} and (r._field == "start" or r._field == "end"))\n|> last() |> pivot(rowKey: ["id", "detector"], columnKey: ["_field"], valueColumn: "_value") |> group()\n|> map(fn: (r) => ({time: time(v: r.start), timeEnd: r.end / 1000000, text: r.detector}))`,
          },
        },
      ],
    },
    panels: [
      {
        id: 1,
        type: 'timeseries',
        title: 'Tags',
        description: 'Means.',
        gridPos: gridPos(0, 0),
        datasource: plant,
        fieldConfig: { defaults: { unit: 'short' }, overrides: [] },
        targets: [
          {
            refId: 'A',
            query: `${inRange} |> filter(fn: (r) => r._measurement == "sensors" and ${ofStream} and r._field =~ /^${filled('tag:regex')}$/) ${means}`,
          },
        ],
      },
      {
        id: 2,
        type: 'stat',
        title: 'Rows',
        description: 'In the range.',
        gridPos: gridPos(12, 0),
        datasource: plant,
        fieldConfig: { defaults: { unit: 'short' }, overrides: [] },
        targets: [{ refId: 'A', query: `${inRange} |> filter(fn: (r) => r._measurement == "sensors" and r._field == "_origin") |> group() |> count()` }],
      },
      {
        id: 3,
        type: 'table',
        title: 'Incidents',
        description: 'Their peaks.',
        gridPos: gridPos(0, 8),
        datasource: plant,
        fieldConfig: { defaults: {}, overrides: [{ matcher: { id: 'byName', options: 'peakScore' }, properties: [{ id: 'unit', value: 'short' }] }] },
        targets: [
          {
            refId: 'A',
            query:
              'from(bucket: v.defaultBucket) |> range(start: 0) |> filter(fn: (r) => r._measurement == "incidents" and r._field == "peakScore")\n|> last() |> rename(columns: {_value: "peakScore"}) |> keep(columns: ["id", "detector", "peakScore"]) |> group()',
          },
        ],
      },
      {
        id: 4,
        type: 'state-timeline',
        title: 'Status',
        description: 'Of each detector.',
        gridPos: gridPos(12, 8),
        datasource: plant,
        fieldConfig: { defaults: { mappings: [{ type: 'value', options: { '1': { text: 'ok' } } }] }, overrides: [] },
        targets: [
          {
            refId: 'A',
            query: `${inRange} |> filter(fn: (r) => r._measurement == "verdicts" and r._field == "status") |> aggregateWindow(every: v.windowPeriod, fn: min, createEmpty: false) |> keep(columns: ["_time", "_value", "detector"])`,
          },
        ],
      },
    ],
  };
}

export type SmallBoard = ReturnType<typeof smallBoard>;

/** A rule that asks Telegraf's bucket. */
export const smallRule = () => ({
  uid: 'dead-letters',
  title: 'Rows that could not be taken',
  condition: 'B',
  for: '0s',
  noDataState: 'OK',
  execErrState: 'Error',
  labels: { severity: 'warning' },
  annotations: { summary: 'Dead letters', description: 'See docs.' },
  data: [
    {
      refId: 'A',
      datasourceUid: 'sluice-monitoring',
      relativeTimeRange: { from: 300, to: 0 },
      model: {
        refId: 'A',
        query:
          'from(bucket: v.defaultBucket) |> range(start: v.timeRangeStart, stop: v.timeRangeStop) |> filter(fn: (r) => r._field == "sluice_rows_dead_total") |> last()',
      },
    },
    { refId: 'B', datasourceUid: '__expr__', model: { refId: 'B', type: 'threshold', expression: 'A' } },
  ],
});

/** A folder of its own with that board; with a rule where one is given. */
export async function writeProvisioning(board: object, rule?: object): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-provisioning-'));
  const write = async (name: string, text: string): Promise<void> => {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  };
  const source = (uid: string, name: string, bucket: string): object => ({
    uid,
    name,
    type: 'influxdb',
    access: 'proxy',
    url: '$INFLUX_URL',
    jsonData: { version: 'Flux', organization: '$INFLUX_ORG', defaultBucket: bucket },
    secureJsonData: { token: '$INFLUX_READER_TOKEN' },
  });
  const datasources = [
    source('sluice-plant', 'Sluice plant', '$INFLUX_BUCKET'),
    source('sluice-monitoring', 'Sluice monitoring', filled('INFLUX_MONITORING_BUCKET')),
  ];
  await write('datasources/sluice.yaml', stringify({ apiVersion: 1, datasources }));
  await write('dashboards/small.json', JSON.stringify(board));
  if (rule) await write('alerting/rules.yaml', stringify({ apiVersion: 1, groups: [{ name: 'all', folder: 'Sluice', interval: '1m', rules: [rule] }] }));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
