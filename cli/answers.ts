import { SluiceError } from '../core/errors.ts';
import type { Incident } from '../core/incident.ts';
import { showScore, showShare, showValue } from '../core/shown.ts';
import type { StreamSummary } from '../core/store.ts';
import { formatDuration, formatTime, nanosPerMilli, parseDuration } from '../core/time.ts';
import { Status } from '../core/verdict.ts';
import type { Answer, QueryKind, QueryOptions } from './commands/query.ts';
import { deadLetterText } from './dead-letters.ts';
import { detectorOf, type Span, type Stored, spanOf, tagsOf } from './stored.ts';
import { type Cell, fittingTable, type TableOptions, textTable } from './text-table.ts';

/** Shown when nothing is said of how much. */
const lastRows = 20;
/** A document is made in memory; more than this belongs in a file. */
const mostRows = 100_000;
/** A dead letter carries up to 4 KB of its row. */
const mostDead = 10_000;

/** `width`: columns of the terminal; undefined where there is none. */
type AnswerOf = (stored: Stored, options: QueryOptions, width?: number) => Promise<Answer>;

export const incidents: AnswerOf = async (stored, options, width) => {
  const { store, stream, streams } = stored;
  refuse('incidents', options, ['flagged', 'tags', 'level']);
  const { last, ...range } = spanOf(options, stored);
  const found = await store.incidents({ ...range, ...(stream ? { stream: stream.stream } : {}), ...detectorOf(options.detector, stream) });
  const shown = last === undefined ? found : found.slice(Math.max(0, found.length - last));
  const rows = shown.map((incident) => ({ incident, tags: rankedTags(incident, streams) }));
  return {
    text:
      rows.length === 0
        ? `no incidents\n`
        : fewerTags(
            ['START', 'DURATION', 'DETECTOR', 'ROWS', 'PEAK', 'TAGS', 'CAUSES', 'ID'],
            (most) =>
              rows.map(({ incident, tags }) => [
                formatTime(incident.start),
                `${formatDuration(Number((incident.end - incident.start) / nanosPerMilli))}${incident.open ? ' so far' : ''}`,
                incident.detector,
                incident.rows,
                score(incident.peakScore),
                tags.slice(0, most).map(showShare).join(', '),
                incident.causes.join(', '),
                incident.id,
              ]),
            { ...(width === undefined ? {} : { width }), spare: [7, 6] },
          ),
    json: {
      incidents: rows.map(({ incident: { contributions: _, peakTime, ...incident }, tags }) => ({
        ...incident,
        start: formatTime(incident.start),
        end: formatTime(incident.end),
        seconds: Number(incident.end - incident.start) / 1e9,
        peakTime: formatTime(peakTime),
        tags,
      })),
    },
  };
};

export const rows: AnswerOf = async (stored, options, width) => {
  refuse('rows', options, ['detector', 'flagged']);
  const { store, stream } = stored;
  if (!stream) return nothing('rows');
  if (options.level !== undefined) return await buckets(stored, stream, options, options.level);
  const tags = tagsOf(options.tags, stream);
  const span = spanOf(options, stored);
  const found = await store.rows({ stream: stream.stream, ...(tags ? { tags } : {}), ...limited(span) });
  requireFew(found.times.length, 'rows');
  const each = Array.from(found.times, (time, i) => ({
    time: formatTime(time),
    seq: found.seqs[i],
    label: found.labels[i],
    values: found.columns.map((c) => c[i]),
  }));
  const labelled = found.labels.some((label) => label >= 0);
  const table = fittingTable(
    ['TIME', ...found.tags, ...(labelled ? ['LABEL'] : [])],
    each.map(({ time, label, values }) => [time, ...values.map(value), ...(labelled ? [label < 0 ? '' : label] : [])]),
    // The last tags go first; one stays.
    { ...(width === undefined ? {} : { width }), spare: found.tags.slice(1).map((_, t) => found.tags.length - t) },
  );
  const more =
    table.hidden === 0 ? '' : `${table.hidden} more ${table.hidden === 1 ? 'tag' : 'tags'}: ${tags ? 'name fewer with --tags, or use --json' : 'use --tags'}\n`;
  return {
    text: `${table.text}${more}`,
    json: {
      stream: stream.stream,
      rows: each.map(({ time, seq, label, values }) => ({
        time,
        seq,
        label: label < 0 ? null : label,
        values: Object.fromEntries(found.tags.map((tag, t) => [tag, orNull(values[t])])),
      })),
    },
  };
};

async function buckets(stored: Stored, stream: StreamSummary, options: QueryOptions, text: string): Promise<Answer> {
  const level = parseDuration(text);
  if (!level || !Number.isInteger(level)) throw new SluiceError('USAGE', `--level '${text}' is no duration`, { fix: 'Use e.g. 10s, 1m or 1h.' });
  const { last, ...range } = spanOf(options, stored);
  const all = await stored.store.buckets({ stream: stream.stream, level, ...range });
  const found = last === undefined ? all : all.slice(Math.max(0, all.length - last));
  const names = stream.schema.tags.map(({ name }) => name);
  const tags = (tagsOf(options.tags, stream) ?? names).map((name) => ({ name, at: names.indexOf(name) }));
  requireFew(found.length * tags.length, 'values');
  return {
    text: textTable(
      ['TIME', 'TAG', 'COUNT', 'MEAN', 'MIN', 'MAX'],
      found.flatMap((b) =>
        tags.map(({ name, at }) => [formatTime(b.time), name, b.count[at], value(b.sum[at] / b.count[at]), value(b.min[at]), value(b.max[at])]),
      ),
    ),
    json: {
      stream: stream.stream,
      levelMs: level,
      buckets: found.map((b) => ({
        time: formatTime(b.time),
        tags: Object.fromEntries(
          tags.map(({ name, at }) => [name, { count: b.count[at], mean: orNull(b.sum[at] / b.count[at]), min: orNull(b.min[at]), max: orNull(b.max[at]) }]),
        ),
      })),
    },
  };
}

export const verdicts: AnswerOf = async (stored, options, width) => {
  const { store, stream } = stored;
  refuse('verdicts', options, ['tags', 'level']);
  if (!stream) return nothing('verdicts');
  const span = spanOf(options, stored);
  const found = await store.verdicts({
    stream: stream.stream,
    ...limited(span),
    ...detectorOf(options.detector, stream),
    ...(options.flagged ? { flagged: true } : {}),
  });
  requireFew(found.length, 'verdicts');
  return {
    text: fewerTags(
      ['TIME', 'DETECTOR', 'STATUS', 'SCORE', 'GRADE', 'TAGS'],
      (most) =>
        found.map((v) => [
          formatTime(v.time),
          v.detector,
          statusName(v.status),
          score(v.score),
          score(v.grade),
          (v.contributions ?? []).slice(0, most).map(showShare).join(', '),
        ]),
      width === undefined ? {} : { width },
    ),
    json: {
      stream: stream.stream,
      verdicts: found.map((v) => ({ ...v, time: formatTime(v.time), score: orNull(v.score), grade: orNull(v.grade), status: statusName(v.status) })),
    },
  };
};

export const stats: AnswerOf = async (stored, options) => {
  const { store, stream } = stored;
  refuse('stats', options, ['detector', 'flagged', 'level']);
  if (!stream) return nothing('tags');
  const tags = tagsOf(options.tags, stream);
  const { last, ...range } = spanOf(options, stored);
  if (last !== undefined) throw new SluiceError('USAGE', `--last '${last}' counts rows, statistics are of a time span`, { fix: 'Use a duration, e.g. 2h.' });
  const found = await store.statistics({ stream: stream.stream, ...range, ...(tags ? { tags } : {}) });
  const { first, last: newest, rows, detectors } = stream;
  return {
    text: `${stream.stream}: ${rows.toLocaleString('en-US')} rows${first === undefined || newest === undefined ? '' : ` from ${formatTime(first)} to ${formatTime(newest)}`}\n\n${textTable(
      ['TAG', 'UNIT', 'COUNT', 'MISSING', 'MIN', 'MAX', 'MEAN', 'DEVIATION'],
      found.map(({ tag, ...s }) => [
        ...[tag, stream.schema.tags.find(({ name }) => name === tag)?.unit ?? ''],
        ...[s.count, s.missing, value(s.min), value(s.max), value(s.mean), value(s.deviation)],
      ]),
    )}`,
    json: {
      stream: stream.stream,
      rows,
      first: first === undefined ? null : formatTime(first),
      last: newest === undefined ? null : formatTime(newest),
      detectors,
      tags: found.map((s) => ({ ...s, min: orNull(s.min), max: orNull(s.max), mean: orNull(s.mean), deviation: orNull(s.deviation) })),
    },
  };
};

export const dead: AnswerOf = async ({ store }, options, width) => {
  refuse('dead', options, ['detector', 'flagged', 'tags', 'level', 'from', 'to', 'stream']);
  const asked = options.last === undefined ? undefined : Number(options.last);
  if (asked !== undefined && !(/^\d+$/.test(options.last as string) && asked > 0 && asked <= mostDead)) {
    throw new SluiceError('USAGE', `--last '${options.last}' is no number of dead letters`, { fix: `Use 1 to ${mostDead}, e.g. 10.` });
  }
  const found = await store.deadLetters(asked === undefined ? { limit: mostDead + 1 } : { limit: asked, last: true });
  const letters = found.slice(0, mostDead);
  const more = found.length > mostDead;
  return { text: deadLetterText(letters, { more, grouped: asked === undefined && letters.length > lastRows, width }), json: { dead: letters, more } };
};

function nothing(what: string): Answer {
  return { text: `nothing is stored yet\n`, json: { stream: null, [what]: [] } };
}

/** An option that another kind of query has is a mistake, not something to pass over. */
function refuse(what: QueryKind, options: QueryOptions, foreign: readonly (keyof QueryOptions)[]): void {
  const given = foreign.find((option) => options[option] !== undefined);
  if (given) throw new SluiceError('USAGE', `query ${what} has no --${given}`, { fix: 'See sluice query --help.' });
}

function limited({ last, ...range }: Span): { limit: number; last?: boolean } & Omit<Span, 'last'> {
  if (last !== undefined) return { ...range, limit: last, last: true };
  const open = range.from === undefined && range.to === undefined;
  return open ? { limit: lastRows, last: true } : { ...range, limit: mostRows + 1 };
}

function requireFew(count: number, what: string): void {
  if (count > mostRows) {
    throw new SluiceError('USAGE', `these are more than ${mostRows.toLocaleString('en-US')} ${what}`, {
      fix: 'Ask for less with --last, --from and --to, or use sluice export.',
    });
  }
}

function rankedTags(incident: Incident, streams: readonly StreamSummary[]): { tag: string; share: number }[] {
  const tags = streams.find(({ stream }) => stream === incident.stream)?.schema.tags ?? [];
  return Array.from(incident.contributions, (share, t) => ({ tag: tags[t]?.name ?? String(t), share }))
    .filter(({ share }) => share !== 0)
    .sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
}

/** A table with up to three tags a row: as many as fit, when nothing else is left to leave out. */
function fewerTags(head: readonly string[], rowsWith: (tags: number) => Cell[][], options: TableOptions): string {
  let table = fittingTable(head, rowsWith(3), options);
  for (let tags = 2; tags > 0 && !table.fits; tags--) table = fittingTable(head, rowsWith(tags), options);
  const hidden = (options.spare ?? []).slice(0, table.hidden).map((at) => head[at]);
  return `${table.text}${hidden.length > 0 ? `too wide for this terminal: ${hidden.join(', ')}; see --json\n` : ''}`;
}

const statusNames: Record<number, string> = Object.fromEntries(Object.entries(Status).map(([name, value]) => [value, name]));

function statusName(status: number): string {
  return statusNames[status] ?? String(status);
}

/** As numbers, which tables put to the right; empty where undefined. */
function score(number: number): Cell {
  return Number.isNaN(number) ? '' : Number(showScore(number));
}

function value(number: number): Cell {
  return Number.isNaN(number) ? '' : Number(showValue(number));
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
