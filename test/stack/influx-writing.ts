import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LineSplitter, toFluxValue } from '@influxdata/influxdb-client';
import { onTestFinished } from 'vitest';
import { InfluxConnection } from '../../connectors/influxdb/connection.ts';
import { Outage } from '../../connectors/influxdb/outage.ts';
import { InfluxWriter } from '../../connectors/influxdb/writer.ts';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import type { ServiceContext } from '../../core/component.ts';
import { makeSchema, type Schema } from '../../core/schema.ts';
import type { StoreWrite } from '../../core/store.ts';

/** A bucket and a token for it. */
export interface Access {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  readonly token: string;
}

export const second = 1_000_000_000n;
export const start = 1_451_296_800n * second;
export const plant = makeSchema(['FIT101', 'LIT101', 'MV101'].map((name) => ({ name, kind: 'continuous' as const })));

/** A writer that is closed when the test is over. */
export function openWriter(
  access: Access,
  { context, ...more }: { context?: ServiceContext; timeout?: number; gzip?: boolean; inFlight?: number } = {},
): InfluxWriter {
  const connection = new InfluxConnection({ timeout: 10_000, gzip: 'auto', ...access, ...more });
  // What asks for something to be read is tested with the reader.
  const reader = { known: () => Promise.reject(new Error('not here')), incidents: () => Promise.reject(new Error('not here')) };
  const writer = new InfluxWriter(connection, reader, new Outage(context), { inFlight: more.inFlight ?? 3, batchLines: 5000 });
  onTestFinished(() => {
    writer.close();
    connection.close();
  });
  return writer;
}

export const writing = (batch: Batch, more: Partial<StoreWrite> = {}): StoreWrite => ({
  batch,
  verdicts: [],
  incidents: [],
  thresholds: [],
  buckets: [],
  ...more,
});

/** Rows a second apart whose origins count on from `first`. */
export function rowsFrom(first: number, rows: number, schema: Schema = plant, stream = 'plant'): Batch {
  const batch = allocateBatch(stream, schema, rows);
  const tags = schema.tags.length;
  for (let row = 0; row < rows; row++) {
    batch.times[row] = start + BigInt(first + row) * second;
    batch.origins[row] = first + row;
    for (let t = 0; t < tags; t++) batch.values[row * tags + t] = first + row + t / 10;
  }
  return batch;
}

/** Cells of the columns asked for, in the order of the answer. */
export async function ask({ url, org, bucket, token }: Access, columns: readonly string[], pipe: string): Promise<string[][]> {
  const response = await fetch(`${url}/api/v2/query?org=${encodeURIComponent(org)}`, {
    method: 'POST',
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/vnd.flux', Accept: 'application/csv' },
    body: `from(bucket: ${toFluxValue(bucket)}) |> range(start: time(v: -9223372036854775806), stop: time(v: 9223372036854775806)) |> ${pipe}`,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const splitter = new LineSplitter();
  const rows: string[][] = [];
  let at: number[] | undefined;
  for (const line of text.split('\r\n')) {
    const cells = splitter.splitLine(line);
    if (line === '') at = undefined;
    else if (at) rows.push(at.map((column) => cells[column]));
    else at = columns.map((name) => cells.indexOf(name));
  }
  return rows;
}

export async function writeLines({ url, org, bucket, token }: Access, lines: string): Promise<void> {
  const response = await fetch(`${url}/api/v2/write?org=${org}&bucket=${bucket}`, {
    method: 'POST',
    headers: { Authorization: `Token ${token}` },
    body: lines,
  });
  if (!response.ok) throw new Error(await response.text());
}

/** Origins of the rows that are stored, ascending. */
export async function origins(access: Access): Promise<number[]> {
  const rows = await ask(access, ['_value'], `filter(fn: (r) => r._measurement == "sensors" and r._field == "_origin") |> group() |> sort(columns: ["_time"])`);
  return rows.map(([value]) => Number(value));
}

export const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

export interface Refusal {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** Passes requests on to a server, but for those that it refuses; until the test is over. */
export async function startProxy(target: string, refusal: (body: Buffer) => Refusal | undefined): Promise<{ url: string; refused: () => number }> {
  let refused = 0;
  const proxy: Server = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      const body = Buffer.concat(pieces);
      const refuse = refusal(body);
      if (refuse) {
        refused++;
        outgoing.writeHead(refuse.status, refuse.headers).end(`<html>${refuse.status}</html>`);
        return;
      }
      const passed = request(new URL(incoming.url as string, target), { method: incoming.method as string, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode as number, answer.headers);
        answer.pipe(outgoing);
      });
      passed.on('error', (error) => outgoing.destroy(error));
      passed.end(body);
    });
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((closed) => proxy.close(() => closed())));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    refused: () => refused,
  };
}
