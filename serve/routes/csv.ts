import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Range, RowsResult } from '../../core/store.ts';
import { formatTime } from '../../core/time.ts';
import { csvQuery } from '../api.ts';
import { askedRange } from '../asked-range.ts';
import { endpoint } from '../endpoint.ts';
import type { ServedStore } from '../ports.ts';
import { tagsOf } from '../served-streams.ts';
import type { Api } from './api.ts';
import { streamParams } from './streams.ts';

/** Values that are read at once, about. */
const pageValues = 2 ** 17;

/** The rows of a range as a table to download. */
export function csvRoute(app: FastifyInstance, { store, streams }: Api): void {
  const declared = {
    method: 'GET',
    url: '/api/streams/:stream/rows.csv',
    summary: 'All rows of a range as CSV: time, tags, label.',
    params: streamParams,
    query: csvQuery,
    media: 'text/csv',
  } as const;
  endpoint(app, declared, async ({ params, query }, reply) => {
    const stream = await streams.find(params.stream);
    const tags = query.tags === undefined ? stream.schema.tags.map(({ name }) => name) : tagsOf(query.tags, stream);
    const reader = await store();
    const range = await askedRange(reader, stream.stream, query);
    const { rows, first, last } = await reader.extent(range);
    const file = [stream.stream, ...(first === undefined || last === undefined ? [] : [formatTime(first), formatTime(last)])].join('_');
    reply.header('content-disposition', disposition(`${file}.csv`)).type('text/csv; charset=utf-8');
    // Read no faster than the client takes it.
    return Readable.from(lines(reader, { ...range, ...(first === undefined || last === undefined ? {} : { from: first, to: last + 1n }) }, rows, tags));
  });
}

async function* lines(reader: ServedStore, range: Range, rows: number, tags: readonly string[]): AsyncGenerator<string> {
  yield `${['time', ...tags, 'label'].map(cell).join(',')}\r\n`;
  const { from, to } = range;
  if (from === undefined || to === undefined || rows === 0) return;
  const wanted = Math.max(256, Math.round(pageValues / (tags.length + 2)));
  // Stretches of time that hold about as many rows as wanted, as far as can be told from the stretch before.
  let span = atLeast((BigInt(wanted) * (to - from)) / BigInt(rows));
  for (let begin = from; begin < to; ) {
    let end = begin + span;
    if (end > to) end = to;
    const page = await reader.rows({ stream: range.stream, from: begin, to: end, tags });
    if (page.times.length > 0) yield textOf(page);
    span = atLeast(page.times.length === 0 ? span * 4n : (span * BigInt(wanted)) / BigInt(Math.max(page.times.length, wanted >> 2)));
    begin = end;
  }
}

function atLeast(span: bigint): bigint {
  return span < 1n ? 1n : span;
}

function textOf({ times, labels, columns }: RowsResult): string {
  let text = '';
  for (let row = 0; row < times.length; row++) {
    text += formatTime(times[row]);
    for (const column of columns) text += Number.isNaN(column[row]) ? ',' : `,${column[row]}`;
    text += labels[row] === -1 ? ',\r\n' : `,${labels[row]}\r\n`;
  }
  return text;
}

/** Text that a spreadsheet neither splits nor takes for a formula. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** For a browser that knows RFC 6266, and one that does not. */
function disposition(name: string): string {
  const plain = name.replace(/:/g, '-').replace(/[^\w.-]/g, '_');
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name.replace(/[/\\:]/g, '-'))}`;
}
