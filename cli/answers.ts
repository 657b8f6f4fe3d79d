import { SluiceError } from '../core/errors.ts';
import type { Incident } from '../core/incident.ts';
import type { StreamSummary } from '../core/store.ts';
import { formatDuration, formatTime, nanosPerMilli, parseDuration } from '../core/time.ts';
import { Status } from '../core/verdict.ts';
import type { Answer, QueryKind, QueryOptions } from './commands/query.ts';
import { type Span, type Stored, spanOf, tagsOf } from './stored.ts';
import { textTable } from './text-table.ts';

/** Shown when nothing is said of how much. */
const lastRows = 20;
/** A document is made in memory; more than this belongs in a file. */
const mostRows = 100_000;
/** A dead letter carries up to 4 KB of its row. */
const mostDead = 10_000;

type AnswerOf = (stored: Stored, options: QueryOptions) => Promise<Answer>;

export const incidents: AnswerOf = async ({ store, stream, streams }, options) => {
  refuse('incidents', options, ['flagged', 'tags', 'level']);
  const { last, ...range } = spanOf(options, stream?.last);
  const found = await store.incidents({
    ...range,
    ...(stream ? { stream: stream.stream } : {}),
    ...(options.detector === undefined ? {} : { detector: options.detector }),
  });
  const shown = last === undefined ? found : found.slice(Math.max(0, found.length - last));
  const rows = shown.map((incident) => ({ incident, tags: rankedTags(incident, streams) }));
  return {
    text:
      rows.length === 0
        ? `no incidents\n`
        : textTable(
            ['START', 'DURATION', 'DETECTOR', 'ROWS', 'PEAK', 'TAGS', 'CAUSES', 'ID'],
            rows.map(({ incident, tags }) => [
              formatTime(incident.start),
              `${formatDuration(Number((incident.end - incident.start) / nanosPerMilli))}${incident.open ? ' so far' : ''}`,
              incident.detector,
              incident.rows,
              short(incident.peakScore),
              tags.slice(0, 3).map(shareText).join(', '),
              incident.causes.join(', '),
              incident.id,
            ]),
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

export const rows: AnswerOf = async (stored, options) => {
  refuse('rows', options, ['detector', 'flagged']);
  const { store, stream } = stored;
  if (!stream) return nothing('rows');
  if (options.level !== undefined) return await buckets(stored, stream, options, options.level);
  const tags = tagsOf(options.tags, stream);
  const span = spanOf(options, stream.last);
  const found = await store.rows({ stream: stream.stream, ...(tags ? { tags } : {}), ...limited(span) });
  requireFew(found.times.length, 'rows');
  const each = Array.from(found.times, (time, i) => ({
    time: formatTime(time),
    seq: found.seqs[i],
    label: found.labels[i],
    values: found.columns.map((c) => c[i]),
  }));
  return {
    text: textTable(
      ['TIME', ...found.tags, ...(found.labels.some((label) => label >= 0) ? ['LABEL'] : [])],
      each.map(({ time, label, values }) => [time, ...values.map(plain), ...(found.labels.some((l) => l >= 0) ? [label < 0 ? '' : label] : [])]),
    ),
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

async function buckets({ store }: Stored, stream: StreamSummary, options: QueryOptions, text: string): Promise<Answer> {
  const level = parseDuration(text);
  if (!level || !Number.isInteger(level)) throw new SluiceError('USAGE', `--level '${text}' is no duration`, { fix: 'Use e.g. 10s, 1m or 1h.' });
  const { last, ...range } = spanOf(options, stream.last);
  const all = await store.buckets({ stream: stream.stream, level, ...range });
  const found = last === undefined ? all : all.slice(Math.max(0, all.length - last));
  const names = stream.schema.tags.map(({ name }) => name);
  const tags = (tagsOf(options.tags, stream) ?? names).map((name) => ({ name, at: names.indexOf(name) }));
  requireFew(found.length * tags.length, 'values');
  return {
    text: textTable(
      ['TIME', 'TAG', 'COUNT', 'MEAN', 'MIN', 'MAX'],
      found.flatMap((b) =>
        tags.map(({ name, at }) => [formatTime(b.time), name, b.count[at], plain(b.sum[at] / b.count[at]), plain(b.min[at]), plain(b.max[at])]),
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

export const verdicts: AnswerOf = async ({ store, stream }, options) => {
  refuse('verdicts', options, ['tags', 'level']);
  if (!stream) return nothing('verdicts');
  const { detector, flagged } = options;
  const span = spanOf(options, stream.last);
  const found = await store.verdicts({
    stream: stream.stream,
    ...limited(span),
    ...(detector === undefined ? {} : { detector }),
    ...(flagged ? { flagged } : {}),
  });
  requireFew(found.length, 'verdicts');
  return {
    text: textTable(
      ['TIME', 'DETECTOR', 'STATUS', 'SCORE', 'GRADE', 'TAGS'],
      found.map((v) => [
        formatTime(v.time),
        v.detector,
        statusName(v.status),
        short(v.score),
        short(v.grade),
        (v.contributions ?? []).slice(0, 3).map(shareText).join(', '),
      ]),
    ),
    json: {
      stream: stream.stream,
      verdicts: found.map((v) => ({ ...v, time: formatTime(v.time), score: orNull(v.score), grade: orNull(v.grade), status: statusName(v.status) })),
    },
  };
};

export const stats: AnswerOf = async ({ store, stream }, options) => {
  refuse('stats', options, ['detector', 'flagged', 'level']);
  if (!stream) return nothing('tags');
  const tags = tagsOf(options.tags, stream);
  const { last, ...range } = spanOf(options, stream.last);
  if (last !== undefined) throw new SluiceError('USAGE', `--last '${last}' counts rows, statistics are of a time span`, { fix: 'Use a duration, e.g. 2h.' });
  const found = await store.statistics({ stream: stream.stream, ...range, ...(tags ? { tags } : {}) });
  const { first, last: newest, rows, detectors } = stream;
  return {
    text: `${stream.stream}: ${rows.toLocaleString('en-US')} rows${first === undefined || newest === undefined ? '' : ` from ${formatTime(first)} to ${formatTime(newest)}`}\n\n${textTable(
      ['TAG', 'UNIT', 'COUNT', 'MISSING', 'MIN', 'MAX', 'MEAN', 'DEVIATION'],
      found.map(({ tag, ...s }) => [
        ...[tag, stream.schema.tags.find(({ name }) => name === tag)?.unit ?? ''],
        ...[s.count, s.missing, plain(s.min), plain(s.max), short(s.mean), short(s.deviation)],
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

export const dead: AnswerOf = async ({ store }, options) => {
  refuse('dead', options, ['detector', 'flagged', 'tags', 'level', 'from', 'to', 'last', 'stream']);
  const most = options.json ? mostDead : lastRows;
  const found = await store.deadLetters({ limit: most + 1 });
  const letters = found.slice(0, most);
  const more = found.length > most;
  return {
    text:
      letters.length === 0
        ? 'no dead letters\n'
        : `${textTable(
            ['ROW', 'REASON', 'WHAT'],
            letters.map(({ position, reason, message }) => [position, reason, message]),
          )}${more ? `the first ${most}; --json lists more, with the raw rows\n` : ''}`,
    json: { dead: letters, more },
  };
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

function shareText({ tag, share }: { tag: string; share: number }): string {
  return `${tag} ${share < 0 ? '-' : '+'}${Math.round(Math.abs(share) * 100)}%`;
}

const statusNames: Record<number, string> = Object.fromEntries(Object.entries(Status).map(([name, value]) => [value, name]));

function statusName(status: number): string {
  return statusNames[status] ?? String(status);
}

function short(value: number): number | string {
  return Number.isNaN(value) ? '' : Number(value.toPrecision(6));
}

function plain(value: number): number | string {
  return Number.isNaN(value) ? '' : value;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
