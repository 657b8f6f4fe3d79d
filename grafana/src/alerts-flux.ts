// What alert rules ask of the bucket that Telegraf writes. A rule has no variables; Grafana puts the bucket and the time range in. Each
// answers with a series for every thing that can go wrong, also while all is well, so that an alert ends as soon as its reason does.

const from = (where: string, start = 'v.timeRangeStart'): string => `from(bucket: v.defaultBucket)
  |> range(start: ${start}, stop: v.timeRangeStop)
  |> filter(fn: (r) => ${where})`;

const metric = (name: string, where = '', start?: string): string =>
  from(`r._measurement == "prometheus" and r.source == "sluice" and r._field == "${name}"${where}`, start);

/** The newest value of each series, then one for each value of the columns. */
const newest = (columns: readonly string[], fn: 'sum' | 'max' | 'min'): string => `
  |> last()
  |> group(columns: [${columns.map((column) => `"${column}"`).join(', ')}])
  |> ${fn}()
  |> map(fn: (r) => ({r with _time: v.timeRangeStop}))
  |> keep(columns: [${[...columns, '_time', '_value'].map((column) => `"${column}"`).join(', ')}])`;

/** How much counters rose in the range. A label's first value is a rise too: seen by an hour before in which it was not there. */
const rise = (name: string, label: string, where = ''): string => `import "date"

data = ${metric(name, where, 'date.sub(d: 1h, from: v.timeRangeStart)')}
begun = data
  |> first()
  |> filter(fn: (r) => r._time > date.sub(d: 59m, from: v.timeRangeStart))
  |> map(fn: (r) => ({r with _time: date.sub(d: 1s, from: r._time), _value: 0.0}))
rises = union(tables: [begun, data])
  |> sort(columns: ["_time"])
  |> difference(nonNegative: true, initialZero: true)
  |> filter(fn: (r) => r._time >= v.timeRangeStart)
  |> group(columns: ["${label}"])
  |> sum()`;

/** Open incidents, stream by stream: of the combination that is called combined where verdicts of one are given, else of every detector. */
export const alertedIncidents = `open = ${metric('sluice_incidents_open')}
  |> last()
  |> group(columns: ["stream", "detector"])
  |> sum()
none = ${metric('sluice_verdicts_total')}
  |> last()
  |> group(columns: ["stream", "detector"])
  |> first()
  |> map(fn: (r) => ({r with _value: 0.0}))
  |> keep(columns: ["stream", "detector", "_value"])
combined = none
  |> filter(fn: (r) => r.detector == "combined")
  |> group()
  |> count()
  |> findColumn(fn: (key) => true, column: "_value")

union(tables: [open, none])
  |> group(columns: ["stream", "detector"])
  |> sum()
  |> filter(fn: (r) => r.detector == "combined" or length(arr: combined) == 0)
  |> map(fn: (r) => ({r with _time: v.timeRangeStop}))`;

export const alertedLag = `${metric('sluice_lag_rows')}${newest(['partition'], 'max')}`;

/**
 * 1 where a live stream brought no row in the range, else 0, while a process is heard of. Live: its newest row is of the last week by its
 * own time. A day is looked back for it: a process that was started again and has read nothing yet does not know its streams.
 */
export const alertedSilence = `import "date"

up = ${metric('sluice_ready')}
  |> last()
  |> group()
  |> count()
  |> findColumn(fn: (key) => true, column: "_value")
newest = ${metric('sluice_last_row_timestamp_seconds', '', 'date.sub(d: 1d, from: v.timeRangeStop)')}
  |> last()
  |> group(columns: ["stream"])
  |> max()
  |> keep(columns: ["stream", "_value"])
none = newest
  |> map(fn: (r) => ({r with _value: 0.0}))
read = ${metric('sluice_rows_read_total')}
  |> difference(nonNegative: true, initialZero: true)
  |> group(columns: ["stream"])
  |> sum()

join(tables: {read: union(tables: [read, none]) |> group(columns: ["stream"]) |> sum(), newest: newest}, on: ["stream"])
  |> filter(fn: (r) => length(arr: up) > 0)
  |> map(fn: (r) => ({
    _time: v.timeRangeStop,
    stream: r.stream,
    _value: if r._value_read == 0.0 and float(v: int(v: v.timeRangeStop)) / 1000000000.0 - r._value_newest < 604800.0 then 1.0 else 0.0,
  }))
  |> group(columns: ["stream"])`;

/** Rows that were refused in the range, by stream. */
export const alertedDeadLetters = `${rise('sluice_rows_dead_total', 'stream')}
none = ${metric('sluice_rows_read_total')}
  |> last()
  |> map(fn: (r) => ({stream: r.stream, _value: 0.0}))
  |> group(columns: ["stream"])

union(tables: [rises, none])
  |> group(columns: ["stream"])
  |> sum()
  |> map(fn: (r) => ({r with _time: v.timeRangeStop}))`;

/** 1 where a service answers, 0 where not: the store, or all others. */
export const alertedServices = (is: '==' | '!='): string =>
  `${metric('sluice_service_up', ` and r.service ${is} "store"`)}${newest(['service', 'url'], 'min')}`;

export const alertedReadiness = `${metric('sluice_ready')}${newest(['url'], 'min')}`;

/** Messages that were given up in the range, by output; none of a pipeline that sends none. */
export const alertedMessages = `${rise('sluice_notifications_total', 'output', ' and (r.outcome == "failed" or r.outcome == "dropped")')}
none = ${metric('sluice_ready')}
  |> last()
  |> map(fn: (r) => ({_time: r._time, output: "none", _value: 0.0}))
  |> group(columns: ["output"])

union(tables: [rises, none])
  |> group(columns: ["output"])
  |> sum()
  |> map(fn: (r) => ({r with _time: v.timeRangeStop}))`;

/** How full each disk is, in percent; one that is mounted in many places is one. */
export const alertedDisks = `${from('r._measurement == "disk" and r._field == "used_percent"')}${newest(['host', 'device'], 'max')}`;
