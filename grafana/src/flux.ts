import { measurement, originField } from '../../connectors/influxdb/layout.ts';
import { Status } from '../../core/verdict.ts';

// Queries of the plant's bucket. Grafana puts the time range, the width of a pixel (`v.windowPeriod`) and the variables in. Tables
// without a group key become one table in Grafana; a group key becomes labels, and `_field` in it the name of a series.

/** A board's variable as one text. */
export const one = (variable: string): string => `\${${variable}:doublequote}`;
/** A board's variable as a pattern for any of the chosen values. */
export const any = (variable: string): string => `/^\${${variable}:regex}$/`;

/** Which detector a query is about: one that a board was made for, or the one that is chosen on it. */
export const theDetector = (name?: string): string => `r.detector == ${name === undefined ? one('detector') : JSON.stringify(name)}`;

/** A count that is 0, not absent, where there is nothing to count; needs `import "array"`. */
const orNone = (counted: string): string => `counted = ${counted}
  |> keep(columns: ["_value"])

union(tables: [array.from(rows: [{_value: 0}]), counted])
  |> sum()`;

/** Rows of `data` once for each rank that they have a share of. */
const ranked = (row: (n: number) => string): string =>
  [1, 2, 3, 4, 5].map((n) => `  data |> filter(fn: (r) => exists r.share${n}) |> map(fn: (r) => (${row(n)})),`).join('\n');

const stream = `r.stream == ${one('stream')}`;

function from(of: (typeof measurement)[keyof typeof measurement], where: string, range = 'start: v.timeRangeStart, stop: v.timeRangeStop'): string {
  return `from(bucket: v.defaultBucket)
  |> range(${range})
  |> filter(fn: (r) => r._measurement == "${of}"${where === '' ? '' : ` and ${where}`})`;
}

const everything = 'start: 0, stop: v.timeRangeStop';

/** The tags of the schema that a condition holds for, as `fields`: a pattern that the store itself can look up by. */
function tagsWhere(condition: string): string {
  return `import "regexp"
import "strings"

names = ${from(measurement.tags, `${stream} and ${condition}`, 'start: 0, stop: 1')}
  |> group()
  |> findColumn(fn: (key) => true, column: "tag")
fields = regexp.compile(v: "^(" + strings.joinStr(arr: names, v: "|") + ")$")
`;
}

const inStage = `r._field == "stage" and r._value =~ ${any('stage')}`;

/** Names of streams, stages, tags and detectors, for the variables. */
export const namesOf = {
  streams: `${from(measurement.streams, '', 'start: 0, stop: 1')}
  |> keep(columns: ["stream"])
  |> group()
  |> rename(columns: {stream: "_value"})`,
  stages: `${from(measurement.tags, `${stream} and r._field == "stage"`, 'start: 0, stop: 1')}
  |> keep(columns: ["_value"])
  |> group()
  |> distinct()
  |> sort()`,
  tags: `${from(measurement.tags, `${stream} and r._field == "position"`, 'start: 0, stop: 1')}
  |> keep(columns: ["tag", "_value"])
  |> group()
  |> sort()
  |> keep(columns: ["tag"])
  |> rename(columns: {tag: "_value"})`,
  detectors: `import "influxdata/influxdb/schema"

schema.tagValues(bucket: v.defaultBucket, tag: "detector", predicate: (r) => r._measurement == "${measurement.verdicts}" and ${stream}, start: 0)`,
} as const;

// --- Rows ------------------------------------------------------------------------------------------------------

const means = '\n  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)';

/** Series of tags, each called by its tag and unit, so that the unit of an axis is the one that the source names. */
const withUnits = (series: string): string => `units = ${from(measurement.tags, `${stream} and r._field == "unit"`, 'start: 0, stop: 1')}
  |> group()
  |> map(fn: (r) => ({_field: r.tag, named: if r._value == "none" then r.tag else r.tag + " " + r._value}))
series = ${series}

join(tables: {series: series, units: units}, on: ["_field"])
  |> keep(columns: ["_time", "_value", "named"])
  |> rename(columns: {named: "_field"})
  |> group(columns: ["_field"])
  |> sort(columns: ["_time"])`;

/** Series of the chosen tags. */
export const chosenTags = withUnits(`${from(measurement.rows, `${stream} and r._field =~ ${any('tag')}`)}${means}`);

/** One tag: its mean, and the least and the most of each moment. */
export const envelope = `units = ${from(measurement.tags, `${stream} and r.tag == ${one('tag')} and r._field == "unit"`, 'start: 0, stop: 1')}
  |> findColumn(fn: (key) => true, column: "_value")
unit = if length(arr: units) == 0 or units[0] == "none" then "" else " " + units[0]

data = ${from(measurement.rows, `${stream} and r._field == ${one('tag')}`)}

aggregate = (fn, name) => data
  |> aggregateWindow(every: v.windowPeriod, fn: fn, createEmpty: false)
  |> set(key: "_field", value: name + unit)

union(tables: [aggregate(fn: min, name: "least"), aggregate(fn: mean, name: "mean"), aggregate(fn: max, name: "most")])`;

/** One tag over the range, as one row: last, min, max, mean, deviation, readings. */
export const tagStatistics = `data = ${from(measurement.rows, `${stream} and r._field == ${one('tag')}`)}
  |> group()

figure = (tables=<-, name) => tables
  |> map(fn: (r) => ({name: name, _value: float(v: r._value)}))

union(tables: [
  data |> last() |> figure(name: "last"),
  data |> min() |> figure(name: "min"),
  data |> max() |> figure(name: "max"),
  data |> mean() |> figure(name: "mean"),
  data |> stddev() |> figure(name: "deviation"),
  data |> count() |> figure(name: "readings"),
])
  |> pivot(rowKey: [], columnKey: ["name"], valueColumn: "_value")`;

/** What the schema says of one tag. */
export const tagFact = (
  field: 'stage' | 'unit',
): string => `${from(measurement.tags, `${stream} and r.tag == ${one('tag')} and r._field == "${field}"`, 'start: 0, stop: 1')}
  |> keep(columns: ["_value"])
  |> group()`;

/** Single readings of one tag, thinned out, for their distribution. */
export const tagSample = `${from(measurement.rows, `${stream} and r._field == ${one('tag')}`)}
  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)`;

/** Tags of a stage that change smoothly. */
export const stageSeries = `${tagsWhere(inStage)}
discrete = ${from(measurement.tags, `${stream} and r._field == "kind" and r._value == "discrete"`, 'start: 0, stop: 1')}
  |> group()
  |> findColumn(fn: (key) => true, column: "tag")

${withUnits(`${from(measurement.rows, `${stream} and r._field =~ fields`)}${means}
  |> filter(fn: (r) => not contains(value: r._field, set: discrete))`)}`;

/** Valves and pumps of a stage. */
export const stageSwitches = `${tagsWhere(inStage)}
discrete = ${from(measurement.tags, `${stream} and r._field == "kind" and r._value == "discrete"`, 'start: 0, stop: 1')}
  |> group()
  |> findColumn(fn: (key) => true, column: "tag")

${from(measurement.rows, `${stream} and r._field =~ fields`)}
  |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)
  |> filter(fn: (r) => contains(value: r._field, set: discrete))`;

/** The newest row of every stream, whenever that was, and the hour before it in milliseconds. */
export const lastRows = `${from(measurement.rows, `r._field == "${originField}"`, 'start: 0')}
  |> last()
  |> group(columns: ["stream"])
  |> sort(columns: ["_time"])
  |> last()
  |> group()
  |> map(fn: (r) => ({stream: r.stream, last: r._time, from: int(v: r._time) / 1000000 - 3600000, to: int(v: r._time) / 1000000 + 1000}))`;

/** The same of the chosen stream. */
export const lastRow = `${lastRows}
  |> filter(fn: (r) => ${stream})`;

/** Rows a second, or rows in all. */
export const rowsPerSecond = `${from(measurement.rows, `${stream} and r._field == "${originField}"`)}
  |> aggregateWindow(every: v.windowPeriod, fn: count, createEmpty: false)
  |> map(fn: (r) => ({_time: r._time, stream: r.stream, _value: float(v: r._value) / (float(v: int(v: v.windowPeriod)) / 1000000000.0)}))
  |> group(columns: ["stream"])`;

export const rowCount = `${from(measurement.rows, `${stream} and r._field == "${originField}"`)}
  |> group()
  |> count()`;

// --- Verdicts --------------------------------------------------------------------------------------------------

const verdicts = (detector: string, fields: string): string => from(measurement.verdicts, `${stream} and ${detector} and ${fields}`);

const byDetector = '\n  |> keep(columns: ["_time", "_value", "detector"])';

/** The worst score of each moment; with `levels` the warn and error levels beside it, from when each holds. */
export const score = (detector: string): string => `${verdicts(detector, 'r._field == "score"')}
  |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false)
  |> keep(columns: ["_time", "_value", "_field"])`;

export const levels = (
  detector: string,
): string => `levels = ${from(measurement.thresholds, `${stream} and ${detector} and (r._field == "warn" or r._field == "error")`, everything)}
  |> keep(columns: ["_time", "_value", "_field"])

// A level holds until the next one: it is drawn from the left edge, or from where it was set, to the right edge.
union(tables: [
  levels |> filter(fn: (r) => r._time <= v.timeRangeStart) |> last() |> map(fn: (r) => ({r with _time: v.timeRangeStart})),
  levels |> filter(fn: (r) => r._time > v.timeRangeStart),
  levels |> last() |> map(fn: (r) => ({r with _time: v.timeRangeStop})),
])
  |> sort(columns: ["_time"])`;

/** The largest grade of each moment, a series a detector. */
export const grade = (detector: string): string => `${verdicts(detector, 'r._field == "grade"')}
  |> aggregateWindow(every: v.windowPeriod, fn: max, createEmpty: false)${byDetector}`;

/** The worst status of each moment, a series a detector: an error is less than a warning, which is less than ok. */
export const status = (detector: string): string => `${verdicts(detector, 'r._field == "status"')}
  |> aggregateWindow(every: v.windowPeriod, fn: min, createEmpty: false)${byDetector}`;

/** How many detectors flag at each moment. */
export const agreement = (detector: string): string => `${verdicts(detector, `r._field == "status" and r._value < ${Status.ok}`)}
  |> aggregateWindow(every: v.windowPeriod, fn: count, createEmpty: false, timeSrc: "_start")
  |> map(fn: (r) => ({_time: r._time, _value: 1}))
  |> group()
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> aggregateWindow(every: v.windowPeriod, fn: sum)
  |> fill(value: 0)
  |> keep(columns: ["_time", "_value"])`;

/** Verdicts by status, detector by detector. Each status is looked for by itself: that the store does without reading the others out. */
export const counts = (detector: string): string => `tally = (tables=<-, name) => tables
  |> count()
  |> group(columns: ["detector"])
  |> sum()
  |> set(key: "name", value: name)
${(['ok', 'warning', 'error', 'undefined'] as const).map((name) => `${name} = ${verdicts(detector, `r._field == "status" and r._value == ${Status[name]}`)} |> tally(name: "${name}")`).join('\n')}
known = ${verdicts(detector, 'r._field == "status"')} |> tally(name: "")
none = (name) => known |> map(fn: (r) => ({detector: r.detector, _value: 0})) |> group(columns: ["detector"]) |> set(key: "name", value: name)

union(tables: [ok, warning, error, undefined, none(name: "ok"), none(name: "warning"), none(name: "error"), none(name: "undefined")])
  |> group(columns: ["detector", "name"])
  |> sum()
  |> group()
  |> pivot(rowKey: ["detector"], columnKey: ["name"], valueColumn: "_value")
  |> map(fn: (r) => ({r with flagged: float(v: r.warning + r.error) / float(v: r.ok + r.warning + r.error + r.undefined)}))
  |> sort(columns: ["detector"])`;

/**
 * The five largest shares of the first flagged row of each moment, as single rows: _time, tag, _value. To read out every flagged row
 * would take seconds where many detectors are flagged for hours.
 */
const shares = (detector: string): string => `import "math"

data = ${verdicts(detector, 'r._field =~ /^(tag|share)[1-5]$/')}
  |> aggregateWindow(every: v.windowPeriod, fn: first, createEmpty: false)
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()

shares = union(tables: [
${ranked((n) => `{_time: r._time, tag: r.tag${n}, _value: math.abs(x: r.share${n})}`)}
])`;

/**
 * How much of the score each tag carries, while flagged: a series a tag. Grafana draws every cell as wide as the first two moments are
 * apart: one of nothing stands before the first.
 */
export const contributions = (detector: string): string => `import "date"
${shares(detector)}

carried = shares
  |> group(columns: ["tag"])
  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)
  |> keep(columns: ["_time", "_value", "tag"])
before = carried
  |> group()
  |> sort(columns: ["_time"])
  |> limit(n: 1)
  |> map(fn: (r) => ({_time: date.sub(d: v.windowPeriod, from: r._time), tag: r.tag, _value: 0.0}))

union(tables: [before, carried])
  |> group(columns: ["tag"])
  |> sort(columns: ["_time"])`;

/** The tags that carried most while flagged, with the sum of their shares over the moments. */
export const carriers = (detector: string): string => `${shares(detector)}

shares
  |> group(columns: ["tag"])
  |> sum()
  |> group()
  |> top(n: 10)
  |> keep(columns: ["tag", "_value"])`;

/** Series of the three tags that carried most. */
export const carrierSeries = (detector: string): string => `import "regexp"
import "strings"
${shares(detector)}

names = shares
  |> group(columns: ["tag"])
  |> sum()
  |> group()
  |> top(n: 3)
  |> findColumn(fn: (key) => true, column: "tag")
fields = regexp.compile(v: "^(" + strings.joinStr(arr: names, v: "|") + ")$")

${withUnits(`${from(measurement.rows, `${stream} and r._field =~ fields`)}${means}`)}`;

/** How much of each detector's score one tag carried, where it was among the five that carried most: a series a detector. */
export const blame = `data = ${from(measurement.verdicts, `${stream} and r._field =~ /^(tag|share)[1-5]$/`)}
  |> aggregateWindow(every: v.windowPeriod, fn: first, createEmpty: false)
  |> pivot(rowKey: ["_time", "detector"], columnKey: ["_field"], valueColumn: "_value")
  |> group()

union(tables: [
${ranked((n) => `{_time: r._time, detector: r.detector, tag: r.tag${n}, _value: r.share${n}}`)}
])
  |> filter(fn: (r) => r.tag == ${one('tag')})
  |> keep(columns: ["_time", "_value", "detector"])
  |> group(columns: ["detector"])
  |> sort(columns: ["_time"])`;

/** Flagged rows whose main tag is in the stage. */
export const stageBlame = (detector: string): string => `import "array"
${tagsWhere(inStage)}
${orNone(`${verdicts(detector, 'r._field == "tag1" and r._value =~ fields')}
  |> group()
  |> count()`)}`;

export const worstRows = (
  detector: string,
): string => `${verdicts(detector, '(r._field == "score" or r._field == "grade" or r._field =~ /^(tag|share)[1-3]$/)')}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => exists r.tag1)
  |> top(n: 20, columns: ["score"])
  |> keep(columns: ["_time", "score", "grade", "tag1", "share1", "tag2", "share2", "tag3", "share3"])`;

/** How the levels in force came about. */
export const methodOfLevels = (
  detector: string,
): string => `${from(measurement.thresholds, `${stream} and ${detector} and (r._field == "method" or r._field == "warn" or r._field == "error" or r._field == "median")`, everything)}
  |> last()
  |> pivot(rowKey: ["detector"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> map(fn: (r) => ({detector: r.detector, median: r.median, warn: r.warn, error: r.error, method: r.method}))`;

// --- Incidents -------------------------------------------------------------------------------------------------

/** The last state of each incident that reaches into the range. */
const incidents = (detector: string): string => `${from(measurement.incidents, `${stream} and ${detector} and r._field != "contributions"`, everything)}
  |> last()
  |> drop(columns: ["_start", "_stop", "_time"])
  |> pivot(rowKey: ["id"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => r.end >= int(v: v.timeRangeStart) and r.start < int(v: v.timeRangeStop))`;

/** Newest first. `from` and `to`, in milliseconds, are the incident with as much again on both sides, and a minute. */
export const incidentTable = (detector: string): string => `import "regexp"

${incidents(detector)}
  |> sort(columns: ["start"], desc: true)
  |> map(fn: (r) => ({
    start: time(v: r.start),
    state: if r.open then "open" else "closed",
    length: float(v: r.end - r.start) / 1000000000.0,
    detector: r.detector,
    tags: r.tags,
    causes: regexp.replaceAllString(r: /[\\[\\]"]/, v: r.causes, t: ""),
    score: r.peakScore,
    rows: r.rows,
    peak: time(v: r.peakTime),
    id: r.id,
    from: (2 * r.start - r.end) / 1000000 - 60000,
    to: (2 * r.end - r.start) / 1000000 + 60000,
  }))`;

export const incidentCount = (detector: string): string => `import "array"

${orNone(`${incidents(detector)}
  |> count(column: "start")
  |> rename(columns: {start: "_value"})`)}`;

/** Incidents in all and open ones, by detector. */
export const incidentsByDetector = (detector: string): string => `${incidents(detector)}
  |> map(fn: (r) => ({detector: r.detector, incidents: 1, open: if r.open then 1 else 0, seconds: float(v: r.end - r.start) / 1000000000.0}))
  |> group(columns: ["detector"])
  |> reduce(
    fn: (r, accumulator) => ({incidents: accumulator.incidents + r.incidents, open: accumulator.open + r.open, seconds: accumulator.seconds + r.seconds}),
    identity: {incidents: 0, open: 0, seconds: 0.0},
  )
  |> group()`;

/** Stretches of time for every chart: time, timeEnd, text, tags. */
export const incidentRegions = (detector: string): string => `${incidents(detector)}
  |> map(fn: (r) => ({time: time(v: r.start), timeEnd: time(v: r.end), title: r.detector, text: r.tags, tags: r.detector, id: r.id}))`;

/** Marks that people made. */
export const marks = `${from(measurement.annotations, `${stream} and (r._field == "to" or r._field == "text" or r._field == "alarm")`, everything)}
  |> drop(columns: ["_start", "_stop"])
  |> pivot(rowKey: ["_time", "id"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => r.to >= int(v: v.timeRangeStart))
  |> map(fn: (r) => ({time: r._time, timeEnd: time(v: r.to), text: r.text, tags: r.alarm, id: r.id}))`;

// --- Dead letters ----------------------------------------------------------------------------------------------

/** Rows that could not be taken, by what is wrong; their time is their position, so the range is no matter. */
export const deadLetters = `${from(measurement.deadLetters, 'r._field != "payload"', 'start: 0')}
  |> drop(columns: ["_start", "_stop"])
  |> pivot(rowKey: ["_time", "source", "partition"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => not r.removed)
  |> map(fn: (r) => ({source: r.source, partition: r.partition, position: int(v: r._time), stream: r.stream, reason: r.reason, message: r.message}))
  |> sort(columns: ["position"], desc: true)
  |> limit(n: 50)`;
