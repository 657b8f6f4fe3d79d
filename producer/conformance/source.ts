import assert from 'node:assert/strict';
import type { DeadLetter } from '../../core/chunk.ts';
import type { Source, SourceContext } from '../../core/component.ts';
import type { Check } from '../../core/conformance.ts';
import { formatTime, parseTime } from '../../core/time.ts';

/** A table as a check wants it read: a header and rows of cells; null is an empty cell. */
export interface SourceTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
  /** Options beside the path, by name. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Every row that came out, in order, with the dead ones beside. */
interface Reading {
  readonly rows: { stream: string; time: bigint; seq: number; origin: number; label: number; values: number[] }[];
  readonly dead: DeadLetter[];
  readonly runs: string[];
  readonly nextOffset: number;
}

const lateness = 60_000;
const start = parseTime('2020-03-01T00:00:00Z') as bigint;

/**
 * What every source that reads files of rows promises, as checks for any runner.
 * @param make writes the table in the source's format and gives a source over it, with the table's options and this
 * context. It is called for each check; what it needs beside the source it clears away itself.
 */
export function sourceConformance(make: (table: SourceTable, context: SourceContext) => Promise<Source>): Check[] {
  const open = async (table: SourceTable): Promise<Source> => {
    const source = await make(table, { id: 'under-test', stream: 'plant', lateness, seed: 1, warn: () => undefined });
    await source.open();
    return source;
  };
  const check = (name: string, table: SourceTable, body: (source: Source) => Promise<void>): Check => ({
    name,
    async run() {
      const source = await open(table);
      try {
        await body(source);
      } finally {
        await source.close();
      }
    },
  });

  return [
    check('values, times and order are those of the file, to the last bit', plainTable(2500), async (source) => {
      const { rows, dead, nextOffset } = await readAll(source);
      assert.equal(dead.length, 0);
      assert.equal(rows.length, 2500);
      assert.equal(nextOffset, 2500);
      rows.forEach((row, i) => {
        assert.equal(formatTime(row.time), formatTime(start + BigInt(i) * 1_000_000_000n));
        assertSame(row.values, plainValues(i), `values of row ${i}`);
        assert.equal(row.stream, 'plant');
        assert.equal(row.origin, i);
      });
    }),

    check('a second read gives the same rows', mixedTable, async (source) => {
      const first = await readAll(source);
      assertSameReading(await readAll(source), first);
    }),

    check('reading from a later row gives the tail of reading from the first, identities included', mixedTable, async (source) => {
      const whole = await readAll(source);
      for (const from of [1, 2, 7, 30, mixedTable.rows.length - 1, mixedTable.rows.length]) {
        const tail = await readAll(source, from);
        assertSameReading(tail, {
          ...whole,
          rows: whole.rows.filter((row) => row.origin >= from),
          dead: whole.dead.filter((letter) => letter.position >= from),
          nextOffset: tail.rows.length + tail.dead.length === 0 ? tail.nextOffset : whole.nextOffset,
        });
      }
    }),

    check('origins strictly increase, and rows that cannot be taken have one too', mixedTable, async (source) => {
      const { rows, dead } = await readAll(source);
      for (let i = 1; i < rows.length; i++) assert.ok(rows[i].origin > rows[i - 1].origin, `origin ${rows[i].origin} after ${rows[i - 1].origin}`);
      const places = [...rows.map((row) => row.origin), ...dead.map((letter) => letter.position)].sort((a, b) => a - b);
      assert.deepEqual(places, [...mixedTable.rows.keys()]);
    }),

    check('a row that cannot be taken becomes a letter that quotes what is wrong', mixedTable, async (source) => {
      const { dead } = await readAll(source);
      assert.deepEqual(
        dead.map((letter) => [letter.position, letter.reason]),
        [
          [5, 'number'],
          [9, 'time'],
        ],
      );
      assert.match(dead[0].message, /'broken'/);
      assert.match(dead[0].message, /'B'/);
      assert.match(dead[1].message, /'noon'/);
      for (const letter of dead) assert.equal(letter.source, 'under-test');
      assert.match(dead[0].payload, /broken/);
    }),

    check('a missing value is NaN, never 0, and counted by its reason', mixedTable, async (source) => {
      const { rows } = await readAll(source);
      assertSame(rows.find((row) => row.origin === 3)?.values ?? [], [Number.NaN, 3], 'an empty cell');
      assertSame(rows.find((row) => row.origin === 4)?.values ?? [], [4, Number.NaN], 'a status word');
      assert.deepEqual(Object.fromEntries(source.missing()), { empty: 1, 'Bad Input': 1 });
    }),

    check('rows of one time are told apart by seq 0, 1, 2', timesTable(['00:00:00', '00:00:01', '00:00:01', '00:00:01', '00:00:02']), async (source) => {
      assert.deepEqual(await seqsOf(source), [0, 0, 1, 2, 0]);
    }),

    check(
      'a time that comes again after steps back goes on counting',
      timesTable(['00:00:10', '00:00:11', '00:00:10', '00:00:12', '00:00:10']),
      async (source) => {
        assert.deepEqual(await seqsOf(source), [0, 0, 1, 0, 2]);
      },
    ),

    check('a time older than the lateness window has no seq', timesTable(['00:00:00', '00:02:00', '00:00:30', '00:01:30']), async (source) => {
      assert.deepEqual(await seqsOf(source), [0, 0, -1, 0]);
    }),

    check('a row that cannot be taken keeps its place among rows of the same time', brokenTwinTable, async (source) => {
      assert.deepEqual(await seqsOf(source), [0, 2]);
      assert.deepEqual(await seqsOf(source, 2), [2]);
    }),

    check('labels come with their rows', labelledTable, async (source) => {
      const { rows } = await readAll(source);
      assert.deepEqual(
        rows.map((row) => row.label),
        [0, 1, 1, -1, 0],
      );
    }),

    check('consecutive rows of one stream share a batch, and each stream counts its own seqs', streamsTable, async (source) => {
      const { rows, runs } = await readAll(source);
      assert.deepEqual(runs, ['a', 'b', 'a']);
      assert.deepEqual(
        rows.map((row) => [row.stream, row.seq]),
        [
          ['a', 0],
          ['a', 1],
          ['b', 0],
          ['a', 2],
        ],
      );
    }),

    check(
      'rows without a time column are a period apart',
      {
        header: ['A', 'B'],
        rows: [
          [1, 2],
          [3, 4],
        ],
        options: { period: '500ms' },
      },
      async (source) => {
        const { rows } = await readAll(source);
        assert.deepEqual(
          rows.map((row) => row.time),
          [0n, 500_000_000n],
        );
        assert.deepEqual(
          (await readAll(source, 1)).rows.map((row) => row.time),
          [500_000_000n],
        );
      },
    ),

    check('the last time is the newest, wherever it stands', timesTable(['00:00:10', '00:00:30', '00:00:20']), async (source) => {
      assert.equal(await source.lastTime(), start + 30_000_000_000n);
    }),

    check('progress grows to 1', plainTable(2500), async (source) => {
      let before = 0;
      for await (const { progress } of source.read(0)) {
        if (progress === undefined) return;
        assert.ok(progress >= before && progress <= 1, `progress ${progress} after ${before}`);
        before = progress;
      }
      assert.equal(before, 1);
    }),

    check('a reader that stops early can read again', plainTable(2500), async (source) => {
      for await (const chunk of source.read(0)) {
        assert.ok(chunk.nextOffset < 2500, 'the whole file came as one chunk');
        break;
      }
      assert.equal((await readAll(source)).rows.length, 2500);
    }),

    {
      name: 'the fingerprint is that of the content',
      async run() {
        const prints: string[] = [];
        for (const table of [plainTable(10), plainTable(10), mixedTable]) {
          const source = await make(table, { stream: 'plant', lateness, seed: 1, warn: () => undefined });
          prints.push((await source.open()).fingerprint);
          await source.close();
        }
        assert.equal(prints[0], prints[1]);
        assert.notEqual(prints[0], prints[2]);
      },
    },
  ];
}

async function readAll(source: Source, from = 0): Promise<Reading> {
  const rows: Reading['rows'] = [];
  const dead: DeadLetter[] = [];
  const runs: string[] = [];
  let nextOffset = from;
  for await (const chunk of source.read(from)) {
    for (const batch of chunk.batches) {
      const tags = batch.schema.tags.length;
      runs.push(batch.stream);
      for (let row = 0; row < batch.rows; row++) {
        rows.push({
          stream: batch.stream,
          time: batch.times[row],
          seq: batch.seqs[row],
          origin: batch.origins[row],
          label: batch.labels ? batch.labels[row] : -1,
          values: [...batch.values.subarray(row * tags, (row + 1) * tags)],
        });
      }
    }
    dead.push(...chunk.dead);
    assert.ok(chunk.nextOffset > nextOffset, `nextOffset ${chunk.nextOffset} after ${nextOffset}`);
    nextOffset = chunk.nextOffset;
  }
  return { rows, dead, runs, nextOffset };
}

async function seqsOf(source: Source, from = 0): Promise<number[]> {
  return (await readAll(source, from)).rows.map((row) => row.seq);
}

function assertSame(actual: readonly number[], expected: readonly number[], what: string): void {
  const same = actual.length === expected.length && actual.every((value, i) => Object.is(value, expected[i]));
  assert.ok(same, `${what}: ${actual.join(', ')} instead of ${expected.join(', ')}`);
}

function assertSameReading(actual: Reading, expected: Reading): void {
  assert.equal(actual.rows.length, expected.rows.length);
  actual.rows.forEach((row, i) => {
    const { values, ...identity } = expected.rows[i];
    assertSame(row.values, values, `values of row ${row.origin}`);
    const { values: _, ...actualIdentity } = row;
    assert.deepEqual(actualIdentity, identity);
  });
  assert.deepEqual(actual.dead, expected.dead);
  assert.equal(actual.nextOffset, expected.nextOffset);
}

function plainValues(i: number): number[] {
  return [i / 7, -(i + 1) * 1e-9, 2 ** 53 - i, 1e21 / (i + 1)];
}

function timeOf(i: number): string {
  return formatTime(start + BigInt(i) * 1_000_000_000n);
}

function plainTable(rows: number): SourceTable {
  return { header: ['Timestamp', 'A', 'B', 'C', 'D'], rows: Array.from({ length: rows }, (_, i) => [timeOf(i), ...plainValues(i)]) };
}

function timesTable(clocks: readonly string[]): SourceTable {
  return { header: ['Timestamp', 'A'], rows: clocks.map((clock, i) => [`2020-03-01T${clock}Z`, i]) };
}

/** Forty rows with ties, steps back, a missing value of each kind, and two rows that cannot be taken. */
const mixedTable: SourceTable = {
  header: ['Timestamp', 'A', 'B'],
  rows: Array.from({ length: 40 }, (_, i) => {
    const time = i === 9 ? 'noon' : timeOf(i % 3 === 2 ? i - 1 : i % 7 === 3 ? i - 3 : i);
    return [time, i === 3 ? null : i, i === 4 ? 'Bad Input' : i === 5 ? 'broken' : i];
  }),
};

const brokenTwinTable: SourceTable = {
  header: ['Timestamp', 'A', 'B'],
  rows: [
    [timeOf(0), 1, 1],
    [timeOf(0), 'broken', 2],
    [timeOf(0), 3, 3],
  ],
};

const labelledTable: SourceTable = {
  header: ['Timestamp', 'A', 'Normal/Attack'],
  rows: ['Normal', 'Attack', 'A ttack', null, ' Normal'].map((label, i) => [timeOf(i), i, label]),
};

const streamsTable: SourceTable = {
  header: ['Timestamp', 'plant', 'A'],
  rows: [
    [timeOf(0), 'a', 1],
    [timeOf(0), 'a', 2],
    [timeOf(0), 'b', 3],
    [timeOf(0), 'a', 4],
  ],
  options: { streamColumn: 'plant' },
};
