import { any, one } from './flux.ts';

// Queries of the bucket that Telegraf writes: machines, Sluice's processes, InfluxDB. Counters begin anew with their process: what was
// counted since counts in full, and a rate is 0 at that moment.

/** From windows of 5 minutes on, some days, the points of 5 minutes are read, which are kept for years: of counters the last, else means. */
const bucket = 'if int(v: v.windowPeriod) < 300000000000 then v.defaultBucket else v.defaultBucket + "_history"';

const list = (columns: readonly string[]): string => `[${columns.map((column) => JSON.stringify(column)).join(', ')}]`;

const from = (where: string): string => `from(bucket: ${bucket})
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => ${where})`;

const means = (fn: string): string => `\n  |> aggregateWindow(every: v.windowPeriod, fn: ${fn}, createEmpty: false)`;

/** One series for each value of `by`, of all that have it at a moment. */
const together = (by: readonly string[], fn: 'sum' | 'max' | 'min'): string => `
  |> group(columns: ${list([...by, '_time'])})
  |> ${fn}()
  |> group(columns: ${list(by)})
  |> keep(columns: ${list([...by, '_time', '_value'])})
  |> sort(columns: ["_time"])`;

// --- Sluice's processes ----------------------------------------------------------------------------------------

const ours = `r._measurement == "prometheus" and r.source == "sluice" and r.url =~ ${any('process')}`;

const metric = (name: string): string => from(`${ours} and r._field == "${name}"`);

/** How much a counter rises in a second. */
export const rate = (name: string, by: readonly string[] = []): string => rateOf(metric(name), by);

const rateOf = (data: string, by: readonly string[]): string =>
  `${data}
  |> derivative(unit: 1s, nonNegative: true, initialZero: true)${means('mean')}${together(by, 'sum')}`;

/** The most or the last of each moment. */
export const gauge = (name: string, by: readonly string[], fn: 'max' | 'last', of: 'sum' | 'max'): string => `${metric(name)}${means(fn)}${together(by, of)}`;

/** What is 1 or 0, the least of each moment; what was 0 for a part of five minutes is 0. */
export const whether = (name: string, by: readonly string[]): string => `import "math"

${metric(name)}${means('min')}
  |> map(fn: (r) => ({r with _value: math.floor(x: r._value)}))${together(by, 'min')}`;

/** A gauge by one label, with a series \`none\` of 0 for where there is none. */
export const gaugeOrNone = (name: string, label: string): string => `union(tables: [
  ${`${metric(name)}${means('max')}`.replaceAll('\n', '\n  ')}
    |> keep(columns: ["_time", "_value", "${label}"])
    |> group(columns: ["${label}"]),
  ${nothing(label, 'none').replaceAll('\n', '\n  ')},
])${together([label], 'sum')}`;

/** By how much a counter rose, moment by moment, as tables to unite. One that is new, as labels are with their first value, rose from 0. */
const risesOf = (data: string, name: string): string => `${name} = ${data}
${name}Begun = ${name}
  |> first()
  |> filter(fn: (r) => r._time > date.add(d: if int(v: v.windowPeriod) < 300000000000 then 1m else 15m, to: v.timeRangeStart))
  |> map(fn: (r) => ({r with _time: date.sub(d: 1s, from: r._time), _value: 0.0}))
${name}Rises = union(tables: [${name}Begun, ${name}])
  |> sort(columns: ["_time"])
  |> difference(nonNegative: true, initialZero: true)${means('sum')}`;

/** Nothing, at each moment in which a process was asked: what never happened is 0, not absent. */
const nothing = (label: string, name: string): string => `${metric('sluice_ready')}${means('last')}
  |> map(fn: (r) => ({_time: r._time, ${label}: "${name}", _value: 0.0}))
  |> group(columns: ["${label}"])`;

/** What happened in each moment, a series for each value of a label; and a series `none` of 0, so that nothing is not taken for no answer. */
export const events = (name: string, label: string): string => `import "date"

${risesOf(metric(name), 'data')}

union(tables: [
  dataRises |> keep(columns: ["_time", "_value", "${label}"]) |> group(columns: ["${label}"]),
  ${nothing(label, 'none').replaceAll('\n', '\n  ')},
])${together([label], 'sum')}`;

/** By how much counters that a process shows from its start rose in each moment, a series for each value of a label. */
export const rises = (name: string, label: string): string => `${metric(name)}
  |> difference(nonNegative: true, initialZero: true)${means('sum')}${together([label], 'sum')}`;

/** Several counters in one chart: a series each, whether or not it was ever counted. */
export const eventsOf = (names: Readonly<Record<string, string>>): string => {
  const each = Object.entries(names);
  return `import "date"

${each.map(([name], i) => risesOf(metric(name), `data${i}`)).join('\n')}

union(tables: [
${each
  .flatMap(([, title], i) => [
    `data${i}Rises |> map(fn: (r) => ({_time: r._time, kind: "${title}", _value: r._value})) |> group(columns: ["kind"])`,
    nothing('kind', title),
  ])
  .map((text) => `  ${text.replaceAll('\n', '\n  ')},`)
  .join('\n')}
])${together(['kind'], 'sum')}`;
};

/** One figure: how much a counter rose within the range, 0 where it never did. */
export const risen = (name: string): string => `import "date"

${risesOf(metric(name), 'data')}

union(tables: [
  dataRises |> keep(columns: ["_value"]) |> group(),
  ${nothing('kind', 'none').replaceAll('\n', '\n  ')} |> keep(columns: ["_value"]) |> group(),
])
  |> sum()`;

/** Processes that are asked, by address. */
const addresses = `import "influxdata/influxdb/schema"

schema.tagValues(bucket: v.defaultBucket, tag: "url", predicate: (r) => r._measurement == "prometheus" and r.source == "sluice", start: v.timeRangeStart)`;

/** Rows read and stored, a second. */
export const rows = `${rateOf(from(`${ours} and (r._field == "sluice_rows_read_total" or r._field == "sluice_rows_stored_total")`), ['_field'])}`;

/** How far the warm-up is, 1 when it is done, stream by stream. */
export const warmUp = `${from(`${ours} and (r._field == "sluice_warmup_rows" or r._field == "sluice_warmup_rows_needed")`)}${means('last')}${together(['stream', '_field'], 'max')}
  |> group(columns: ["stream"])
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({
    _time: r._time,
    stream: r.stream,
    _value: if r.sluice_warmup_rows_needed > 0.0 then r.sluice_warmup_rows / r.sluice_warmup_rows_needed else 1.0,
  }))
  |> group(columns: ["stream"])`;

/** Counts of a histogram in each moment, by upper bound. A count of Prometheus holds those of all smaller bounds too. */
const counted = (name: string, where: string, every: string): string => `data = ${from(`${ours} and r._field == "${name}_bucket"${where}`)}
  |> difference(nonNegative: true, initialZero: true)
  |> aggregateWindow(every: ${every}, fn: sum, createEmpty: false)
  |> map(fn: (r) => ({_time: r._time, le: float(v: r.le), bound: r.le, _value: r._value}))
  |> group(columns: ["_time", "le", "bound"])
  |> sum()`;

/** How many took how long, moment by moment: a series for each upper bound. */
export const times = (name: string, where = ''): string => `${counted(name, where, 'v.windowPeriod')}

data
  |> group(columns: ["_time"])
  |> sort(columns: ["le"])
  |> map(fn: (r) => ({r with alone: r._value}))
  |> difference(columns: ["alone"], keepFirst: true)
  |> map(fn: (r) => ({_time: r._time, le: r.bound, _value: if exists r.alone then r.alone else r._value}))
  |> group(columns: ["le"])
  |> sort(columns: ["_time"])`;

/** The times that half, 95 % and 99 % stay below; of a minute at least, so that there are some. */
export const quantiles = (name: string): string => `${counted(name, '', 'if int(v: v.windowPeriod) < 60000000000 then 1m else v.windowPeriod')}
  |> group(columns: ["_time"])
some = data
  |> filter(fn: (r) => r.bound == "+Inf" and r._value > 0.0)
  |> group()
at = (q, name) => join(tables: {data: data |> drop(columns: ["bound"]) |> group(), some: some |> keep(columns: ["_time"])}, on: ["_time"])
  |> group(columns: ["_time"])
  |> histogramQuantile(quantile: q)
  |> group()
  |> set(key: "share", value: name)
  |> group(columns: ["share"])
  |> sort(columns: ["_time"])

union(tables: [at(q: 0.5, name: "p50"), at(q: 0.95, name: "p95"), at(q: 0.99, name: "p99")])`;

// --- InfluxDB --------------------------------------------------------------------------------------------------

const influx = 'r._measurement == "prometheus" and r.source == "influxdb"';
const influxMetric = (name: string): string => from(`${influx} and r._field == "${name}"`);

export const influxRequests = rateOf(influxMetric('http_api_requests_total'), ['status']);
export const influxPoints = rateOf(from(`${influx} and r._field =~ /^storage_writer_(ok|err|dropped)_points_sum$/`), ['_field']);
/** Of all shards and buckets together. */
export const influxSum = (name: string): string => `${influxMetric(name)}${means('last')}${together([], 'sum')}`;
export const influxMemory = `${from(`${influx} and (r._field == "go_memstats_sys_bytes" or r._field == "go_memstats_heap_inuse_bytes" or r._field == "storage_cache_inuse_bytes")`)}${means('last')}${together(['_field'], 'sum')}`;

/** Mean seconds of a request that writes or asks. */
export const influxTimes = `data = ${from(`${influx} and (r._field == "http_api_request_duration_seconds_sum" or r._field == "http_api_request_duration_seconds_count") and (r.path == "/api/v2/write" or r.path == "/api/v2/query")`)}
  |> difference(nonNegative: true, initialZero: true)
  |> aggregateWindow(every: if int(v: v.windowPeriod) < 60000000000 then 1m else v.windowPeriod, fn: sum, createEmpty: false)
  |> group(columns: ["path", "_field", "_time"])
  |> sum()
  |> group(columns: ["path"])

data
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> filter(fn: (r) => r.http_api_request_duration_seconds_count > 0.0)
  |> map(fn: (r) => ({_time: r._time, path: r.path, _value: r.http_api_request_duration_seconds_sum / r.http_api_request_duration_seconds_count}))
  |> group(columns: ["path"])
  |> sort(columns: ["_time"])`;

// --- Machines --------------------------------------------------------------------------------------------------

const hosts = `import "influxdata/influxdb/schema"

schema.tagValues(bucket: v.defaultBucket, tag: "host", predicate: (r) => r._measurement == "system", start: v.timeRangeStart)`;

const machine = (measurement: string, where: string): string => from(`r._measurement == "${measurement}" and r.host == ${one('host')} and ${where}`);

const fieldsOf = (fields: readonly string[]): string => (fields.length === 1 ? `r._field == "${fields[0]}"` : `r._field =~ /^(${fields.join('|')})$/`);

/** What the fields of a measurement were at each moment, a series for each and for each value of `by`. */
export function state(measurement: string, fields: readonly string[], { by = [], where = '', fn = 'mean' }: StateOptions = {}): string {
  return `${machine(measurement, `${fieldsOf(fields)}${where}`)}
  |> map(fn: (r) => ({r with _value: float(v: r._value)}))${means(fn)}
  |> rename(columns: {_field: "what"})
  |> keep(columns: ${list(['_time', '_value', 'what', ...by])})`;
}

export interface StateOptions {
  readonly by?: readonly string[];
  readonly where?: string;
  readonly fn?: 'mean' | 'max' | 'last';
}

/** How much counters of the machine rise in a second. */
export function flow(measurement: string, fields: readonly string[], by: readonly string[] = [], where = ''): string {
  return `${machine(measurement, `${fieldsOf(fields)}${where}`)}
  |> derivative(unit: 1s, nonNegative: true, initialZero: true)${means('mean')}
  |> rename(columns: {_field: "what"})
  |> keep(columns: ${list(['_time', '_value', 'what', ...by])})`;
}

/** Per cent of the time that the cores are at work: of all together, or of each. */
export const busy = (which: 'together' | 'each'): string =>
  `${machine('cpu', `r._field == "usage_idle" and r.cpu ${which === 'together' ? '==' : '!='} "cpu-total"`)}${means('mean')}
  |> map(fn: (r) => ({_time: r._time, cpu: r.cpu, _value: 100.0 - r._value}))
  |> group(columns: ["cpu"])`;

/** The disk with the least room. */
export const fullestDisk = `${machine('disk', 'r._field == "used_percent"')}${means('last')}${together([], 'max')}`;

/** Load of a minute for each core: above 1 there is more to do than can be done. */
export const loadPerCore = `${machine('system', 'r._field =~ /^(load1|n_cpus)$/')}
  |> map(fn: (r) => ({r with _value: float(v: r._value)}))${means('mean')}
  |> group()
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> map(fn: (r) => ({_time: r._time, _value: r.load1 / r.n_cpus}))`;

/** Names for the variables of these boards. */
export const namesOf = { processes: addresses, hosts } as const;
