import type { DuckDBConnection } from '@duckdb/node-api';
import { equalBins } from '../../core/equal-bins.ts';
import { tagIndex } from '../../core/schema.ts';
import type { AgreementCounts, AgreementQuery, DetectorScores, DistributionCounts, DistributionQuery, Range, ScoresQuery } from '../../core/store.ts';
import { nanosPerMilli } from '../../core/time.ts';
import { chunksOf, rowsOfQuery } from './chunks.ts';
import { rowsTable, type StreamEntry } from './layout.ts';

// What is said about many rows at once is worked out by DuckDB, in threads of its own: the rows that come meanwhile are not held up.

/** Of a stream that there is not. */
export function noAgreement({ detectors }: AgreementQuery): AgreementCounts {
  const counts = detectors.map((detector) => ({ detector, judged: 0, flagged: 0, first: undefined, worst: Number.NaN }));
  return { detectors: counts, both: new Float64Array(detectors.length ** 2) };
}

/** Of a tag without a value. */
export function noDistribution(): DistributionCounts {
  const none = (): Float64Array => new Float64Array(0);
  return { edges: none(), normal: none(), anomalous: none(), undefined: none() };
}

/** Detectors of a stream by name. */
async function detectorIds(connection: DuckDBConnection, { id }: StreamEntry): Promise<Map<string, number>> {
  const rows = await rowsOfQuery(connection, `SELECT name, id FROM sluice_data.detectors WHERE stream_id = ${id} ORDER BY name`);
  return new Map(rows.map(([name, detector]) => [String(name), Number(detector)]));
}

function within({ from, to }: Pick<Range, 'from' | 'to'>): string {
  return `${from === undefined ? '' : ` AND time >= ${from}`}${to === undefined ? '' : ` AND time < ${to}`}`;
}

/** Start of the bucket of `span` nanoseconds that holds `time`. */
function bucketStart(span: bigint): string {
  return `time - ((time % ${span}) + ${span}) % ${span}`;
}

/** All in one pass: verdicts of several detectors lie among each other. */
export async function readScores(connection: DuckDBConnection, entry: StreamEntry, query: ScoresQuery): Promise<DetectorScores[]> {
  const { level, counts = false } = query;
  const ids = await detectorIds(connection, entry);
  const asked = query.detectors ?? [...ids.keys()];
  const found = new Map(asked.flatMap((name) => (ids.has(name) ? [[ids.get(name) as number, new ScoreCollector()] as const] : [])));
  if (found.size > 0) {
    const own = `FROM sluice_data.verdicts WHERE detector_id IN (${[...found.keys()].join()})`;
    const sql = level === 0 ? everyRow(own, query) : buckets(own, query, BigInt(level) * nanosPerMilli);
    for await (const chunk of chunksOf(connection, sql)) {
      const [of, ...columns] = chunk.getColumns() as (number | bigint | null)[][];
      // In the order of the detectors: of one a stretch.
      for (let from = 0; from < of.length; ) {
        let to = from + 1;
        while (to < of.length && of[to] === of[from]) to++;
        found.get(of[from] as number)?.take(columns, from, to, counts);
        from = to;
      }
    }
  }
  const scores = asked.map((name) => (found.get(ids.get(name) ?? -1) ?? new ScoreCollector()).scores(name));
  return query.detectors ? scores : scores.filter(({ times }) => times.length > 0);
}

function everyRow(own: string, query: ScoresQuery): string {
  const counts = query.counts ? ', (status <> 2)::INTEGER, (status <= 0)::INTEGER' : '';
  return `SELECT detector_id, time, seq, score, grade, status${counts} ${own}${within(query)} ORDER BY detector_id, time, seq`;
}

function buckets(own: string, { from, to, counts }: ScoresQuery, span: bigint): string {
  const down = (time: bigint): bigint => time - (((time % span) + span) % span);
  const whole = { ...(from === undefined ? {} : { from: down(from) }), ...(to === undefined ? {} : { to: down(to - 1n) + span }) };
  const counted = counts ? ', count(*) FILTER (status <> 2)::DOUBLE, count(*) FILTER (status <= 0)::DOUBLE' : '';
  return `SELECT detector_id, ${bucketStart(span)} AS start, 0, max(score), max(grade), min(status)${counted} ${own}${within(whole)}
    GROUP BY detector_id, start ORDER BY detector_id, start`;
}

/** Columns of scores as they come, piece by piece. */
class ScoreCollector {
  readonly #times: bigint[] = [];
  readonly #columns: number[][] = [[], [], [], [], [], []];

  take([times, ...columns]: readonly (number | bigint | null)[][], from: number, to: number, counts: boolean): void {
    for (let i = from; i < to; i++) this.#times.push(times[i] as bigint);
    for (let c = 0; c < (counts ? 6 : 4); c++) for (let i = from; i < to; i++) this.#columns[c].push((columns[c][i] as number | null) ?? Number.NaN);
  }

  scores(detector: string): DetectorScores {
    const [seqs, score, grade, status, judged, flagged] = this.#columns;
    return {
      ...{ detector, times: BigInt64Array.from(this.#times), seqs: Int32Array.from(seqs), score: Float64Array.from(score), grade: Float64Array.from(grade) },
      ...{ status: Int8Array.from(status), judged: Float64Array.from(judged), flagged: Float64Array.from(flagged) },
    };
  }
}

export async function readAgreement(connection: DuckDBConnection, entry: StreamEntry, query: AgreementQuery): Promise<AgreementCounts> {
  const { detectors } = query;
  const ids = await detectorIds(connection, entry);
  const size = detectors.length;
  const places = new Map(detectors.flatMap((name, place) => (ids.has(name) ? [[ids.get(name) as number, place]] : [])));
  const counts = detectors.map((detector) => ({ detector, judged: 0, flagged: 0, first: undefined as bigint | undefined, worst: Number.NaN }));
  const both = new Float64Array(size * size);
  if (places.size === 0) return { detectors: counts, both };
  const own = `FROM sluice_data.verdicts WHERE detector_id IN (${[...places.keys()].join()})${within(query)}`;
  const each = await rowsOfQuery(
    connection,
    `SELECT detector_id, count(*) FILTER (status <> 2), count(*) FILTER (status <= 0), min(time) FILTER (status <= 0), max(grade) ${own} GROUP BY detector_id`,
  );
  for (const [id, judged, flagged, first, worst] of each) {
    const place = places.get(Number(id)) as number;
    counts[place] = {
      ...{ detector: detectors[place], judged: Number(judged), flagged: Number(flagged) },
      ...{ first: (first ?? undefined) as bigint | undefined, worst: (worst as number | null) ?? Number.NaN },
    };
  }
  // Which of them flagged a row, as one set a row: there are far fewer sets than pairs of rows.
  const sets = await rowsOfQuery(
    connection,
    `SELECT flags, count(*) FROM (SELECT list(detector_id ORDER BY detector_id) AS flags ${own} AND status <= 0 GROUP BY time, seq) GROUP BY flags`,
  );
  for (const [flags, rows] of sets) {
    const members = (flags as unknown as { items: number[] }).items.map((id) => places.get(id) as number);
    for (const a of members) for (const b of members) both[a * size + b] += Number(rows);
  }
  return { detectors: counts, both };
}

export async function readDistribution(connection: DuckDBConnection, entry: StreamEntry, query: DistributionQuery): Promise<DistributionCounts> {
  const column = `v${tagIndex(entry.schema, query.tag, entry.name)}`;
  const rows = `FROM sluice_data.${rowsTable(entry.schema)} WHERE stream_id = ${entry.id} AND isfinite(${column})${within(query)}`;
  const [[least, greatest]] = (await rowsOfQuery(connection, `SELECT min(${column}), max(${column}) ${rows}`)) as (number | null)[][];
  if (least === null || greatest === null) return noDistribution();
  const bins = equalBins(least, greatest, query.bins);
  const [normal, anomalous, unjudged] = [0, 1, 2].map(() => new Float64Array(query.bins));
  const id = (await detectorIds(connection, entry)).get(query.detector);
  const bin = `least(${bins.count - 1}, floor((${column} - ${exact(bins.least)}) / ${exact(bins.width)}))::INTEGER`;
  const judged = `SELECT time, seq, status FROM sluice_data.verdicts WHERE detector_id = ${id ?? -1}${within(query)}`;
  const counted = await rowsOfQuery(
    connection,
    `SELECT bin, coalesce(status, 2) AS status, count(*) FROM (SELECT time, seq, ${bin} AS bin ${rows}) LEFT JOIN (${judged}) USING (time, seq) GROUP BY ALL`,
  );
  for (const [place, status, count] of counted) {
    const column = status === 2 ? unjudged : Number(status) <= 0 ? anomalous : normal;
    column[Number(place)] += Number(count);
  }
  return { edges: bins.edges, normal, anomalous, undefined: unjudged };
}

/** A double in SQL. */
function exact(value: number): string {
  return `${value.toExponential()}::DOUBLE`;
}
