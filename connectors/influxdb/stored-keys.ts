import { chunksToLinesIterable, LineSplitter, toFluxValue } from '@influxdata/influxdb-client';
import { makeSchema, type Schema } from '../../core/schema.ts';
import type { InfluxConnection } from './connection.ts';
import { decodeText, encodeText, measurement } from './layout.ts';

/** The tags that a stream was registered with; undefined when it was not. */
export async function storedSchema(connection: InfluxConnection, stream: string): Promise<Schema | undefined> {
  const flux = `from(bucket: ${toFluxValue(connection.at.bucket)})
  |> range(start: 1970-01-01T00:00:00Z, stop: 1970-01-01T00:00:00.000000001Z)
  |> filter(fn: (r) => r._measurement == ${toFluxValue(measurement.streams)} and r._field == "schema" and r.stream == ${toFluxValue(encodeText(stream))})
  |> keep(columns: ["_value"])`;
  for await (const [text] of rowsOf(connection, flux, ['_value'])) return makeSchema((JSON.parse(decodeText(text)) as Schema).tags);
  return undefined;
}

/** The keys of the stream's dead letters. */
export async function* lettersOfStream(connection: InfluxConnection, stream: string): AsyncGenerator<{ source: string; partition: number; position: number }> {
  const flux = `from(bucket: ${toFluxValue(connection.at.bucket)})
  |> range(start: 1970-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z)
  |> filter(fn: (r) => r._measurement == ${toFluxValue(measurement.deadLetters)} and r._field == "stream" and r._value == ${toFluxValue(encodeText(stream))})
  |> map(fn: (r) => ({ source: r.source, partition: r.partition, position: int(v: r._time) }))`;
  for await (const [source, partition, position] of rowsOf(connection, flux, ['source', 'partition', 'position'])) {
    yield { source: decodeText(source), partition: Number(partition), position: Number(position) };
  }
}

async function* rowsOf(connection: InfluxConnection, flux: string, columns: readonly string[]): AsyncGenerator<string[]> {
  const splitter = new LineSplitter();
  let at: number[] | undefined;
  for await (const line of chunksToLinesIterable(connection.query(flux))) {
    const cells = splitter.splitLine(line);
    if (line === '') at = undefined;
    else if (at) yield at.map((column) => cells[column]);
    else at = columns.map((name) => cells.indexOf(name));
  }
}
