import { quoted } from './flux.ts';

/** A task of InfluxDB, as it stands there. */
export interface MonitoringTask {
  /** The server's tasks are told apart by it. */
  readonly name: string;
  readonly flux: string;
}

/** Measurements in which every field is counted from the start of a machine or a program, or as good as never changes. */
const counting = '^(diskio|net|kernel|internal_.*)$';

/**
 * Fields of other measurements that are: by the names that Prometheus gives counters and the parts of histograms, moments and ages,
 * and those of InfluxDB and the machine that are named otherwise.
 */
const counters = [
  '(_total|_count|_sum|_bucket|_counter|_timestamp_seconds|_start_time_seconds|_uptime_seconds)$',
  '^(in|out|uptime)$',
  '^(http_write_request_bytes|http_query_response_bytes|storage_writer_timeouts|task_scheduler_total_.*)$',
].join('|');

/**
 * What thins the bucket of monitoring out: of each series one point for five minutes, at their end. Of what is counted the last
 * value, so that rates and histograms can be had of it as of the original; of everything else the mean. All are floats. Texts and
 * booleans stay behind. Each run makes the last half hour anew, which gives the same points again and takes in what came late: that
 * is about as much as Telegraf keeps while it cannot write.
 */
export function monitoringTasks({ from, into }: { from: string; into: string }): MonitoringTask[] {
  const name = `sluice: ${from} by five minutes into ${into}`;
  const flux = `import "date"
import "types"

// Made by \`sluice init influxdb\`, which puts it back when it was changed.
option task = {name: ${quoted(name)}, every: 5m, offset: 30s}

until = date.truncate(t: now(), unit: 5m)
since = date.sub(d: 30m, from: until)

// What is counted: the last value. The server finds it by itself, so types are looked at afterwards, where few rows are left.
from(bucket: ${quoted(from)})
    |> range(start: since, stop: until)
    |> filter(fn: (r) => r._measurement =~ /${counting}/ or r._field =~ /${counters}/)
    |> aggregateWindow(every: 5m, fn: last, createEmpty: false)
    |> filter(fn: (r) => types.isNumeric(v: r._value))
    |> toFloat()
    |> to(bucket: ${quoted(into)})

// Everything else: the mean, which there is none of a text: types are looked at before.
from(bucket: ${quoted(from)})
    |> range(start: since, stop: until)
    |> filter(fn: (r) => r._measurement !~ /${counting}/ and r._field !~ /${counters}/)
    |> filter(
        fn: (r) =>
            types.isType(v: r._value, type: "float") or types.isType(v: r._value, type: "int") or types.isType(
                    v: r._value,
                    type: "uint",
                ),
    )
    |> aggregateWindow(every: 5m, fn: mean, createEmpty: false)
    |> to(bucket: ${quoted(into)})
`;
  return [{ name, flux }];
}
